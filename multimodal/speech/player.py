"""The sound card, where there is one."""

from __future__ import annotations

import threading

from multimodal.speech.sound import Sound

_POLL_S = 0.02


def no_sound_card() -> str | None:
    """Return why nothing can be played here, in one line, or None where it can."""
    try:
        import sounddevice

        sounddevice.query_devices(kind="output")
    except Exception as error:  # PortAudio missing raises OSError, no device PortAudioError or ValueError
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "install libportaudio2" if isinstance(error, OSError) else "plug one in"
        return f"no sound ({reason}): {remedy} to hear it; sentences are shown, and written where a WAV was asked for"
    return None


def play(sound: Sound, stopped: threading.Event) -> None:
    """Play a sound and wait for its end, or until ``stopped`` is set.

    Raises:
        Exception: Whatever the sound card's library raises.
    """
    import sounddevice

    sounddevice.play(sound.samples, sound.sample_rate)
    try:
        while sounddevice.get_stream().active and not stopped.wait(_POLL_S):
            pass
    finally:
        sounddevice.stop()
