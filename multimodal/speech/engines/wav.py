"""The default voice, written to ``speech.wav`` and never played."""

from __future__ import annotations

from multimodal.speech.engine import register_speech_engine
from multimodal.speech.engines.hibari_tts import HibariEngine


@register_speech_engine("wav")
class WavEngine(HibariEngine):
    """hibari's voice, for the file only."""

    plays = False
