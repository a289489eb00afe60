"""Engines that hang, for whole runs; the engine's process imports this module by its name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import Availability, SpeechEngine, register_speech_engine
from multimodal.speech.manner import PLAIN, Manner
from multimodal.speech.sound import Sound, silence


class _Fake(SpeechEngine):
    @classmethod
    def available(cls, config: SpeechConfig) -> Availability:
        return Availability(True, "a fake")


@register_speech_engine("test-hangs")
class Hangs(_Fake):
    """Hangs over plain noes and speaks everything else."""

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        if text.startswith("No"):
            time.sleep(600)
        return silence(0.1, 8000)


@register_speech_engine("test-blocked")
class Blocked(_Fake):
    """Speaks only while a file is there."""

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        while not Path(os.environ["FAKE_FREE"]).exists() and text != "Ready.":
            time.sleep(0.01)
        return silence(0.1, 8000)
