"""A piece of sound, and what is needed to join pieces of different engines."""

from __future__ import annotations

import io
import math
import wave
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32


@dataclass(frozen=True)
class Sound:
    """Mono sound.

    Attributes:
        samples: -1 to 1.
        sample_rate: Samples a second.
    """

    samples: Float32[np.ndarray, "samples"]
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / self.sample_rate


def silence(seconds: float, sample_rate: int) -> Sound:
    """Return silence of a length."""
    return Sound(np.zeros(max(0, round(seconds * sample_rate)), np.float32), sample_rate)


def resample(sound: Sound, sample_rate: int) -> Sound:
    """Return the sound at another rate, filtered so that nothing is folded back into the audible range."""
    if sound.sample_rate == sample_rate or not len(sound.samples):
        return Sound(sound.samples, sample_rate)
    from scipy.signal import resample_poly

    common = math.gcd(sample_rate, sound.sample_rate)
    samples = resample_poly(sound.samples, sample_rate // common, sound.sample_rate // common)
    return Sound(np.clip(samples, -1.0, 1.0).astype(np.float32), sample_rate)


def to_pcm(sound: Sound) -> bytes:
    """Return 16-bit little-endian samples."""
    clean = np.nan_to_num(sound.samples, nan=0.0, posinf=1.0, neginf=-1.0)
    return (np.clip(clean, -1.0, 1.0) * 32767.0).round().astype("<i2").tobytes()


def from_pcm(content: bytes, sample_rate: int) -> Sound:
    """Return the sound of 16-bit little-endian samples."""
    return Sound(np.frombuffer(content, "<i2").astype(np.float32) / np.float32(32767.0), sample_rate)


def to_wav(sound: Sound) -> bytes:
    """Return a whole 16-bit mono WAV."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.sample_rate)
        file.writeframes(to_pcm(sound))
    return content.getvalue()


def from_wav(content: bytes) -> Sound:
    """Return the sound of a 16-bit WAV; a length in its header that is too large (a stream's) is overlooked.

    Raises:
        ValueError: It is no 16-bit WAV.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            pcm = file.readframes(min(file.getnframes(), len(content)))
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a WAV: {error}") from error
    if width != 2 or rate <= 0:
        raise ValueError(f"a WAV of {8 * width} bits at {rate} Hz, not of 16 bits")
    whole = pcm[: len(pcm) // (2 * channels) * 2 * channels]
    return Sound(from_pcm(whole, rate).samples.reshape(-1, channels).mean(axis=1, dtype=np.float32), rate)
