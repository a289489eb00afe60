"""Engines that misbehave in every way that happens. The engine's process imports this module by its name."""

from __future__ import annotations

import os
import sys
import time

from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import Availability, SpeechEngine, register_speech_engine
from multimodal.speech.manner import PLAIN, Manner
from multimodal.speech.sound import Sound, silence

HEAVY = {"torch", "mediapipe", "cv2", "av", "pytest"}


class Fake(SpeechEngine):
    @classmethod
    def available(cls, config: SpeechConfig) -> Availability:
        return Availability(True, "a fake")

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        return silence(0.25, 8000)


@register_speech_engine("test-moody")
class Moody(Fake):
    """Does what the sentence says."""

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        print("libraries print what they like")
        if "hang" in text:
            time.sleep(600)
        if "die" in text:
            os._exit(7)
        if "raise" in text:
            raise ValueError("two\nlines")
        if "slow" in text:
            time.sleep(0.2)
        if "heavy" in text and (found := HEAVY & set(sys.modules)):
            raise ImportError(f"{found} loaded")
        return silence(0.25, 8000)


@register_speech_engine("test-broken")
class Broken(Fake):
    def __init__(self, config: SpeechConfig) -> None:
        raise RuntimeError("the voice is damaged")


@register_speech_engine("test-dead")
class Dead(Fake):
    def __init__(self, config: SpeechConfig) -> None:
        os._exit(3)


@register_speech_engine("test-absent")
class Absent(Fake):
    @classmethod
    def available(cls, config: SpeechConfig) -> Availability:
        return Availability(False, "install the absent voice")


@register_speech_engine("test-program")
class Program(Fake):
    """Hangs in a program of its own, whose number it leaves behind."""

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        import subprocess
        from pathlib import Path

        if "hang" in text:
            process = subprocess.Popen(["sleep", "600"])
            Path(os.environ["FAKE_PROGRAM_PID"]).write_text(str(process.pid))
            process.wait()
        return silence(0.25, 8000)
