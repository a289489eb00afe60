"""Live spotting: which movements of a face rise and fall like a micro-expression.

Fed one ``Motion`` a frame. A movement counts if it climbs to its peak and falls back below half of it in the time that
a micro-expression takes, and if the peak stands out of the person's own noise. What stays (macro-expressions, a turned
head), what goes on and on (speech) and what is a blink does not count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from pydantic import Field

from multimodal.config import Config
from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.results import REGIONS, Motion

_EYES = [REGIONS.index("eye_left"), REGIONS.index("eye_right")]
_BROWS = [number for number, name in enumerate(REGIONS) if name.startswith("brow")]
_LEAST_NOISE = 4
_LOWER = [number for number in range(len(REGIONS)) if number not in (*_EYES, *_BROWS)]


class SpottingConfig(Config):
    """What counts as a micro-expression. Energies are in percent of the distance between the eyes.

    Attributes:
        rise_ms: Shortest and longest time from onset to apex. Published micro-expressions: 10 to 90 % take 65 to 300.
        shortest_ms: Shortest time from onset until the movement has fallen below half of its peak.
        longest_ms: Longest time from onset until the movement has fallen below half of its peak.
        tolerance_ms: What the frame rate may blur; added to the limits of the rise and to the longest time.
        least_peak: The least energy of a peak, whatever the noise.
        most_peak: Above it a movement is no micro-expression any more (nor a face's: a hand passes by, say).
        noise_factor: A peak must stand this many times the noise above the person's median energy.
        noise_ms: How far back the noise is measured.
        fall: Share of its peak below which a movement must fall.
        onset: Share of its peak above which a movement has begun.
        blink_energy, blink_ms: From which strength, and up to which length from onset to half fallen, a movement of the
            eyes alone is a blink. Behind a mask a smile is seen in the eyes alone too, but takes longer.
        gap_ms: A longer gap in time starts anew.
        cover_change: If the visibility of any region changes by more meanwhile, something passes before the face, or is
            put on or taken off: that is no expression.
        cover_ms: After such a change the landmarks need so long to settle; then all is watched anew, noise too.
        rest_ms: After a micro-expression, and after a movement too large for one, nothing is spotted for so long.
    """

    rise_ms: tuple[float, float] = (65.0, 300.0)
    shortest_ms: float = Field(default=80.0, ge=0)
    longest_ms: float = Field(default=500.0, gt=0)
    tolerance_ms: float = Field(default=50.0, ge=0)
    least_peak: float = Field(default=0.4, gt=0)
    most_peak: float = Field(default=6.0, gt=0)
    noise_factor: float = Field(default=5.0, gt=0)
    noise_ms: float = Field(default=3000.0, gt=0)
    fall: float = Field(default=0.5, gt=0, lt=1)
    onset: float = Field(default=0.2, gt=0, lt=1)
    blink_energy: float = Field(default=0.9, gt=0)
    blink_ms: float = Field(default=220.0, gt=0)
    gap_ms: float = Field(default=150.0, gt=0)
    cover_change: float = Field(default=0.3, gt=0, le=1)
    cover_ms: float = Field(default=600.0, ge=0)
    rest_ms: float = Field(default=300.0, ge=0)


@dataclass(frozen=True)
class Spotted:
    """A movement that is one: when it began, was strongest, and had fallen below half; and its peak energy."""

    onset_ms: float
    apex_ms: float
    offset_ms: float
    peak: float


class MicroExpressionSpotter:
    """Watches the energy of the face's regions.

    Args:
        config: See ``SpottingConfig``.
    """

    def __init__(self, config: SpottingConfig | None = None) -> None:
        self.config = config or SpottingConfig()
        self.reset()

    def reset(self) -> None:
        """Forget everything, the person's noise too: after a gap, or before another person."""
        self._noise: deque[tuple[float, float]] = deque()
        self._covers: deque[tuple[float, Float[np.ndarray, "12"]]] = deque()
        self._quiet_until = -np.inf
        self._begin(-np.inf)

    def push(self, motion: Motion) -> Spotted | None:
        """Take in the next frame's motion; return the micro-expression that has just ended, if one has."""
        if self._times and not 0 < motion.t_ms - self._times[-1] <= self.config.gap_ms:
            self.reset()
        if self._settling(motion):
            self._noise.clear()
            self._begin(motion.anchor_ms)
        elif motion.anchor_ms != self._anchor:
            # Energies against another frame cannot be compared; whatever was under way is lost.
            self._begin(motion.anchor_ms)
        energy = np.where(motion.visibility >= HIDDEN_BELOW, motion.energy, 0.0)
        self._times.append(motion.t_ms)
        self._energies.append(energy)
        self._levels.append(level(energy))
        self._seen.append(motion.visibility)
        found = self._judge()
        self._remember(motion.t_ms)
        if found is None or motion.t_ms < self._quiet_until:
            return None
        self._quiet_until = motion.t_ms + self.config.rest_ms
        return found

    def _settling(self, motion: Motion) -> bool:
        """Tell whether something was put on or taken off, or passed, a moment ago."""
        self._covers.append((motion.t_ms, motion.visibility))
        while self._covers[0][0] < motion.t_ms - self.config.cover_ms:
            self._covers.popleft()
        return _change([seen for _, seen in self._covers]) > self.config.cover_change

    def _begin(self, anchor: float) -> None:
        self._anchor = anchor
        self._times: list[float] = []
        self._energies: list[Float[np.ndarray, "12"]] = []
        self._levels: list[float] = []
        self._seen: list[Float[np.ndarray, "12"]] = []

    def _judge(self) -> Spotted | None:
        """Decide in the one frame in which a movement first falls below half of its peak; then it is over."""
        levels, times = np.array(self._levels), self._times
        apex = int(levels.argmax())
        base = float(levels[: apex + 1].min())
        peak = float(levels[apex]) - base
        onset = self._onset(levels, apex, base + self.config.onset * peak)
        if levels[-1] >= base + self.config.fall * peak or not self._stands_out(float(levels[apex]), times[onset]):
            return None
        spotted = Spotted(times[onset], times[apex], times[-1], peak)
        counts = self._fits(spotted) and self._uncovered(onset) and not self._blink(onset, apex, spotted)
        self._cut()
        if peak > self.config.most_peak:
            self._quiet_until = times[-1] + self.config.rest_ms
        return spotted if counts else None

    @staticmethod
    def _onset(levels: Float[np.ndarray, "time"], apex: int, begun: float) -> int:
        """Return the last frame before the apex at which the movement had not begun; else the first of all."""
        calm = np.flatnonzero(levels[:apex] <= begun)
        return int(calm[-1]) if calm.size else 0

    def _fits(self, spotted: Spotted) -> bool:
        rise, total = spotted.apex_ms - spotted.onset_ms, spotted.offset_ms - spotted.onset_ms
        shortest, longest = self.config.rise_ms
        slack = self.config.tolerance_ms
        in_time = self.config.shortest_ms <= total <= self.config.longest_ms + slack
        return shortest - slack <= rise <= longest + slack and in_time

    def _uncovered(self, onset: int) -> bool:
        return _change(self._seen[onset:]) <= self.config.cover_change

    def _blink(self, onset: int, apex: int, spotted: Spotted) -> bool:
        """Tell a blink: both lids alike, strong, short, and nothing moves below the eyes."""
        rise = self._energies[apex] - self._energies[onset]
        left, right = (float(rise[eye]) for eye in _EYES)
        eyes = (left + right) / 2
        even = min(left, right) > 0.35 * max(left, right)  # a turned head shows one lid smaller
        alone = rise[_LOWER].max() < 0.35 * eyes and rise[_BROWS].max() < 1.5 * eyes
        short = spotted.offset_ms - spotted.onset_ms <= self.config.blink_ms
        return bool(even and alone and short and eyes >= self.config.blink_energy)

    def _stands_out(self, peak: float, onset_ms: float) -> bool:
        """Tell whether a peak is above the person's median energy by enough, and by enough of its usual spread.

        What the face did before the onset is the measure; without enough of it, nothing stands out.
        """
        levels = np.array([level for t_ms, level in self._noise if t_ms <= onset_ms])
        if len(levels) < _LEAST_NOISE:
            return False
        median = float(np.median(levels))
        spread = 1.4826 * float(np.median(np.abs(levels - median)))
        return peak - median >= max(self.config.least_peak, self.config.noise_factor * spread)

    def _remember(self, now: float) -> None:
        if now != self._anchor:  # the anchor itself never moves
            self._noise.append((now, self._levels[-1]))
        while self._noise and self._noise[0][0] < now - self.config.noise_ms:
            self._noise.popleft()
        while self._times[0] < now - 2 * self.config.longest_ms - self.config.gap_ms:
            for history in (self._times, self._energies, self._levels, self._seen):
                del history[0]

    def _cut(self) -> None:
        """Leave what is over: the next movement begins where this one ended."""
        for history in (self._times, self._energies, self._levels, self._seen):
            del history[:-1]


def _change(seen: Sequence[Float[np.ndarray, "12"]]) -> float:
    rows = np.array(seen)
    return float((rows.max(axis=0) - rows.min(axis=0)).max())


def level(energy: Float[np.ndarray, "12"]) -> float:
    """Return how strongly a face moves: the mean of its three most moving regions, so that a part of it is enough."""
    return float(np.sort(energy)[-3:].mean())
