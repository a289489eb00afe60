"""Piper, where its package is installed and a voice file is given."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np

from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import Availability, SpeechEngine, register_speech_engine
from multimodal.speech.manner import PLAIN, Manner
from multimodal.speech.sound import Sound


@register_speech_engine("piper")
class PiperEngine(SpeechEngine):
    """A Piper voice (``.onnx`` with its ``.onnx.json`` beside it); nothing is downloaded."""

    patience_s = 3.0

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__(config)
        from piper import PiperVoice

        self._voice = PiperVoice.load(str(config.voice))

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        """Return the sound of a text; the pitch stays the voice's own."""
        from piper import SynthesisConfig

        pace = SynthesisConfig(length_scale=1.0 / manner.rate)
        parts = [chunk.audio_float_array for chunk in self._voice.synthesize(text, syn_config=pace)]
        samples = np.concatenate([np.zeros(0, np.float32), *parts])
        return Sound(samples.astype(np.float32), int(self._voice.config.sample_rate))

    @classmethod
    def available(cls, config: SpeechConfig) -> Availability:
        """Tell whether package and voice are there."""
        if importlib.util.find_spec("piper") is None:
            return Availability(False, "install it with: pip install 'veilspeak[piper]'")
        if config.voice is None or config.voice.suffix != ".onnx":
            return Availability(False, "name a Piper voice: --set speech.voice=PATH.onnx")
        for path in (config.voice, Path(f"{config.voice}.json")):
            if not path.is_file():
                return Availability(False, f"{path} is missing: download the voice, both its files")
        spoken = _language(Path(f"{config.voice}.json"))
        if spoken is not None and not config.speaks(spoken):
            return Availability(False, f"{config.voice.name} speaks {spoken!r}: name a voice of the language wanted")
        return Availability(True, str(config.voice))


def _language(path: Path) -> str | None:
    """Return the two-letter language that a voice's settings name; None where they name none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["language"]["code"]
        return str(told)[:2].lower()
    except (ValueError, KeyError, TypeError):
        return None
