"""Silence of about the right length, for tests and benchmarks."""

from __future__ import annotations

from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import Availability, SpeechEngine, register_speech_engine
from multimodal.speech.manner import PLAIN, Manner
from multimodal.speech.sound import Sound, silence

_SECONDS_A_LETTER = 0.065
_SAMPLE_RATE = 24_000


@register_speech_engine("null")
class NullEngine(SpeechEngine):
    """Speaks silence at about fifteen letters a second."""

    plays = False

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        """Return silence as long as the text would take."""
        return silence(_SECONDS_A_LETTER * len(text.strip()) / manner.rate, _SAMPLE_RATE)

    @classmethod
    def available(cls, config: SpeechConfig) -> Availability:
        """It always is."""
        return Availability(True, "silence, for tests")
