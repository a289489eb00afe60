"""hibari-tts: a small neural voice whose model lies inside its wheel; the default."""

from __future__ import annotations

import importlib.util

import numpy as np

from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import Availability, SpeechEngine, register_speech_engine
from multimodal.speech.manner import PLAIN, Manner
from multimodal.speech.sound import Sound

_VOICE = "heart"  # the one voice inside the wheel; all others would be downloaded


@register_speech_engine("hibari")
class HibariEngine(SpeechEngine):
    """American English, 24 kHz. The noise part has a fixed seed: the same sentence gives the same samples."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__(config)
        from hibari import Hibari

        self._voice = Hibari(voice=_VOICE, threads=1)

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        """Return the sound of a text; the pitch stays the voice's own."""
        pace = min(max(manner.rate, 0.5), 2.0)
        samples = self._voice(text, speed=pace, seed=0) if text.strip() else np.zeros(0, np.float32)
        return Sound(np.asarray(samples, np.float32), self._voice.sample_rate)

    @classmethod
    def available(cls, config: SpeechConfig) -> Availability:
        """Tell whether the package is there, and English is to be spoken."""
        if importlib.util.find_spec("hibari") is None:
            return Availability(False, "install it with: pip install hibari-tts")
        if not config.speaks("en"):
            return Availability(False, "it speaks English only")
        return Availability(True, "neural voice, offline")
