"""A tiny Coqui voice with random weights, so that the real engine can be tried without a download.

    python -m multimodal.testing.tiny_vits FOLDER

It writes ``model.pth`` (0.4 MB) and ``config.json`` as Coqui's own training does. The voice spells English letters,
lasts about as long as its text, and only hums and hisses. This needs ``pip install 'veilspeak[coqui]'``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SAMPLE_RATE = 16_000
_WIDTH = 16
_SHAPE = {
    "hidden_channels": _WIDTH,
    "hidden_channels_ffn_text_encoder": _WIDTH,
    "num_layers_text_encoder": 1,
    "num_layers_posterior_encoder": 1,
    "num_layers_flow": 1,
    "upsample_initial_channel_decoder": 32,
    "resblock_kernel_sizes_decoder": [3],
    "resblock_dilation_sizes_decoder": [[1, 1, 1]],
    "use_sdp": False,
    "init_discriminator": False,
}
_LOUDNESS = 50.0
"""By how much the last layer's random weights are larger than they begin, so that the hum is not far below hearing."""


def tiny_vits(folder: Path, seed: int = 0) -> Path:
    """Write a voice.

    Args:
        folder: Where to; it is made if need be.
        seed: Of the weights.

    Returns:
        The checkpoint, ``folder/model.pth``.

    Raises:
        ImportError: Coqui TTS is not installed.
    """
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config, model = _build()
    (folder / "config.json").write_text(json.dumps(config.to_dict(), indent=2) + "\n", encoding="utf-8")
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    return folder / "model.pth"


def _build() -> tuple[Any, Any]:
    import torch
    from TTS.tts.configs.vits_config import VitsArgs, VitsConfig
    from TTS.tts.models.vits import Vits

    config = VitsConfig(model_args=VitsArgs(**_SHAPE), use_phonemes=False, text_cleaner="basic_cleaners")
    config.audio.sample_rate = SAMPLE_RATE
    model = Vits.init_from_config(config)
    with torch.no_grad():
        model.waveform_decoder.conv_post.weight.mul_(_LOUDNESS)
        for part in model.text_encoder.emb.parameters():
            part.mul_(_LOUDNESS)
    return config, model


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a voice into the folder that is named."""
    parser = argparse.ArgumentParser(description="Write a tiny Coqui voice with random weights.")
    parser.add_argument("folder", type=Path)
    print(tiny_vits(parser.parse_args(arguments).folder))


if __name__ == "__main__":
    main()
