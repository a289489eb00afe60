"""Coqui TTS (the kept-up ``coqui-tts``), where it is installed and a model of the user's own is given."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.errors import UsageError
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import Availability, SpeechEngine, register_speech_engine
from multimodal.speech.manner import PLAIN, Manner
from multimodal.speech.sound import Sound


@register_speech_engine("coqui")
class CoquiEngine(SpeechEngine):
    """A single-speaker checkpoint with its ``config.json`` beside it; only paths are given, so nothing is downloaded.

    The library reads checkpoints with torch, which takes tensors only and refuses whatever else lies in them. It has
    no rate or pitch.

    Raises:
        UsageError: ``config.json`` names an address where a file should be: the library would download it.
    """

    patience_s = 20.0

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__(config)
        assert config.voice is not None
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
        from TTS.api import TTS
        from TTS.config import load_config

        settings = config.voice.parent / "config.json"
        _refuse_addresses(load_config(str(settings)).to_dict(), settings)
        self._model = TTS(model_path=str(config.voice), config_path=str(settings), progress_bar=False)

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        """Return the sound of a text."""
        sample_rate = int(self._model.synthesizer.output_sample_rate)
        samples = self._model.tts(text) if text.strip() else []
        return Sound(np.clip(np.asarray(samples, np.float32), -1.0, 1.0), sample_rate)

    @classmethod
    def available(cls, config: SpeechConfig) -> Availability:
        """Tell whether package, checkpoint and its config are there."""
        if importlib.util.find_spec("TTS") is None:
            return Availability(False, "install it with: pip install 'veilspeak[coqui]'")
        if config.voice is None:
            return Availability(False, "name a Coqui model: --set speech.voice=PATH/model.pth")
        for path in (config.voice, config.voice.parent / "config.json"):
            if not path.is_file():
                return Availability(False, f"{path} is missing: copy checkpoint and config.json into one folder")
        return Availability(True, str(config.voice))


def _refuse_addresses(settings: Mapping[str, Any], path: Path) -> None:
    for key, value in _texts(settings):
        if "://" in value and key.endswith(("path", "file")):
            raise UsageError(f"{path}: {key} is {value}, and nothing is downloaded: name a file on this machine")


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in settings of any depth with the key that it stands under."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _texts(item, str(name))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, key)
    elif isinstance(value, str):
        yield key, value
