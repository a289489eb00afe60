"""How a sentence is said: an affect shapes pace, pitch and loudness, as far as the engine can.

Directions after what is known of emotional speech (Scherer 2003, Speech Communication 40:227-256: joy and surprise are
quicker, higher and louder than plain speech, sadness slower, lower and softer); the amounts are small and our own, so
that every sentence stays easy to understand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from multimodal.speech.sound import Sound


@dataclass(frozen=True)
class Manner:
    """How a sentence is said.

    Attributes:
        rate: Speed; above 1 is faster.
        pitch: Semitones above the engine's own pitch; engines that cannot leave it out.
        gain_db: Louder or softer than the engine's own, dB.
    """

    rate: float = 1.0
    pitch: float = 0.0
    gain_db: float = 0.0


PLAIN = Manner()

MANNERS = {
    "none": PLAIN,
    "positive": Manner(1.05, 1.0, 1.0),
    "negative": Manner(0.93, -1.0, -1.0),
    "surprise": Manner(1.08, 2.0, 2.0),
}
"""By affect."""


def manner_of(affect: str, rate: float, expressive: bool) -> Manner:
    """Return how a sentence of that affect is said at the user's own pace; plainly where expression is not wanted."""
    chosen = MANNERS.get(affect, PLAIN) if expressive else PLAIN
    return Manner(chosen.rate * rate, chosen.pitch, chosen.gain_db)


def amplified(sound: Sound, gain_db: float) -> Sound:
    """Return the sound louder or softer; loudest samples stay within -1 to 1 by less gain, not by clipping."""
    peak = float(np.abs(sound.samples).max(initial=0.0))
    gain = 10 ** (gain_db / 20)
    if gain > 1 and peak > 0:
        gain = max(1.0, min(gain, 1 / peak))
    return sound if gain == 1 else Sound((sound.samples * np.float32(gain)).astype(np.float32), sound.sample_rate)
