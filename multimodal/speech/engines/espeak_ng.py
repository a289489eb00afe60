"""eSpeak NG, where its program is installed: many languages, a robot's voice."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np

from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import Availability, SpeechEngine, register_speech_engine
from multimodal.speech.manner import PLAIN, Manner
from multimodal.speech.sound import Sound, from_wav

_WORDS_A_MINUTE = 175
_TIMEOUT_S = 10.0
_PITCH = 50
"""The program's own, of 0 to 99."""
_PITCH_A_SEMITONE = 5
"""Roughly: the whole scale is some 20 semitones."""


@register_speech_engine("espeak-ng")
class EspeakEngine(SpeechEngine):
    """Runs ``espeak-ng`` once a sentence; the text goes in by standard input, so it is never taken for an option."""

    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        """Return the sound of a text."""
        if not text.strip():
            return Sound(np.zeros(0, np.float32), 22_050)
        command = ["espeak-ng", "--stdin", "--stdout", "-b", "1", "-v", self.config.language or "en"]
        pitch = min(max(round(_PITCH + _PITCH_A_SEMITONE * manner.pitch), 0), 99)
        command += ["-s", str(round(_WORDS_A_MINUTE * manner.rate)), "-p", str(pitch)]
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_TIMEOUT_S, check=True)
        return from_wav(done.stdout)

    @classmethod
    def available(cls, config: SpeechConfig) -> Availability:
        """Tell whether the program is there."""
        path = shutil.which("espeak-ng")
        if path is None:
            return Availability(False, "install the program espeak-ng (apt install espeak-ng)")
        return Availability(True, path)
