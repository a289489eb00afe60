"""Piper, where its package is installed and a voice file is given."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import Availability, SpeechEngine, register_speech_engine
from multimodal.speech.sound import Sound


@register_speech_engine("piper")
class PiperEngine(SpeechEngine):
    """A Piper voice (``.onnx`` with its ``.onnx.json`` beside it); nothing is downloaded."""

    patience_s = 3.0

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__(config)
        from piper import PiperVoice

        self._voice = PiperVoice.load(str(config.voice))

    def synthesize(self, text: str, rate: float = 1.0) -> Sound:
        """Return the sound of a text."""
        from piper import SynthesisConfig

        pace = SynthesisConfig(length_scale=1.0 / rate)
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
        return Availability(True, str(config.voice))
