"""One speech engine a file; importing this package registers them all and loads none."""

from multimodal.speech.engines import coqui, espeak_ng, hibari_tts, null, piper_tts, wav

__all__ = ["coqui", "espeak_ng", "hibari_tts", "null", "piper_tts", "wav"]
