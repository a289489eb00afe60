"""The last second of a face: its motion energy frame by frame, and on demand the exact flow of a stretch of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from multimodal.config import Config
from multimodal.face.align import face_transform
from multimodal.face.canonical import CROP, CROP_CORNERS, GRID, crop_regions
from multimodal.face.crop import FaceCrop, face_crop, fitting_step
from multimodal.face.flow import FLOWS, flow_map
from multimodal.face.pose import HeadPose, fit_pose
from multimodal.results import REGIONS, FaceObservation, FlowClip, Frame, Motion


class WindowConfig(Config):
    """How motion is watched.

    Attributes:
        seconds: How much is kept.
        flow: What measures exact flow, see ``flow.FLOWS``.
        quick_flow: What measures the energy of every frame.
        longest_gap_ms: A longer gap between two frames starts the window anew.
        calm: A face is calm while no region has more energy, percent of the distance between the eyes.
        calm_ms: The anchor is renewed when the face has been calm for so long ...
        anchor_ms: ... or when the anchor is so old ...
        head_shift: ... or when the head has moved so far, or grown or shrunk by as much, in eye distances ...
        head_turn: ... or turned so far about an axis, degrees ...
        cover_change: ... or when any region's visibility differs by more from the anchor's: against a face with other
            things on, flow is no motion.
    """

    seconds: float = 1.2
    flow: str = "dis"
    quick_flow: str = "dis-quick"
    longest_gap_ms: float = 150.0
    calm: float = 0.4
    calm_ms: float = 200.0
    anchor_ms: float = 1000.0
    head_shift: float = 0.08
    head_turn: float = 4.0
    cover_change: float = 0.3


@dataclass(frozen=True)
class _Kept:
    """What is kept of a frame; ``transform`` leads from the frame's pixels to fractions of the canonical square."""

    index: int
    t_ms: float
    crop: FaceCrop
    pose: HeadPose
    transform: Float[np.ndarray, "2 3"]
    visibility: Float[np.ndarray, "12"]


class MotionWindow:
    """Watches how the face moves. Memory is bounded by ``seconds`` times the frame rate small grey crops.

    Args:
        config: See ``WindowConfig``.

    Raises:
        UsageError: The config names an unknown flow method.
    """

    def __init__(self, config: WindowConfig | None = None) -> None:
        self.config = config or WindowConfig()
        self._exact = FLOWS.get(self.config.flow)()
        self._quick = FLOWS.get(self.config.quick_flow)()
        self.reset()

    def reset(self) -> None:
        """Forget everything: after a gap, or before another video."""
        self._kept: deque[_Kept] = deque()
        self._anchor: _Kept | None = None
        self._calm_since: float | None = None

    @property
    def span(self) -> tuple[float, float] | None:
        """Times of the first and last kept frame, milliseconds; None if there is none."""
        return (self._kept[0].t_ms, self._kept[-1].t_ms) if self._kept else None

    def push(self, frame: Frame, observation: FaceObservation) -> Motion | None:
        """Take in the next frame.

        Args:
            frame: RGB.
            observation: What was seen of the face in it.

        Returns:
            Each region's energy against the anchor frame, times its visibility, so that what is hidden does not move;
            None without a face. A lost face or a gap in time starts the window anew: the first frame after it is the
            anchor and has no energy.
        """
        if not observation.success:
            self.reset()
            return None
        if self._kept and not 0 < frame.t_ms - self._kept[-1].t_ms <= self.config.longest_gap_ms:
            self.reset()
        now = self._keep(frame, observation)
        if self._anchor is None or self._head_moved(self._anchor, now) or self._covered_anew(self._anchor, now):
            self._set_anchor(now)
        anchor = self._anchor
        assert anchor is not None
        energy = np.zeros(len(REGIONS), np.float32) if anchor is now else self._energy(anchor, now)
        self._renew_anchor(now, float(energy.max()))
        return Motion(frame.index, frame.t_ms, energy, now.visibility, anchor.t_ms)

    def clip(self, onset_ms: float, end_ms: float, steps: int = 8) -> FlowClip:
        """Measure the exact flow from one kept frame to later ones.

        All frames are cut with the onset frame's transform; what is left of the head's motion is fitted and removed.

        Args:
            onset_ms: Time of the onset; the nearest kept frame is taken.
            end_ms: Time of the last flow map.
            steps: Number of flow maps, evenly spaced in time; each is of the nearest kept frame after the onset, so
                that at a low frame rate neighbours may be of the same frame.

        Raises:
            ValueError: Less than one frame after the onset is kept.
        """
        onset = self._nearest(list(self._kept), onset_ms)
        later = [kept for kept in self._kept if onset and onset.t_ms < kept.t_ms <= end_ms + 1e-6]
        if onset is None or not later or steps < 1:
            raise ValueError(f"no frames between {onset_ms:.0f} and {end_ms:.0f} ms are kept, only {self.span}")
        times = np.linspace(onset.t_ms, later[-1].t_ms, steps + 1)[1:]
        chosen = [kept for kept in (self._nearest(later, t) for t in times) if kept is not None]
        visibility = np.min([onset.visibility, *(kept.visibility for kept in later)], axis=0)
        first, shown = onset.crop.square(onset.transform), cell_visibility(visibility)
        maps = {
            kept.t_ms: flow_map(first, kept.crop.square(onset.transform), self._exact, shown)
            for kept in {kept.t_ms: kept for kept in chosen}.values()
        }
        flow = np.stack([maps[kept.t_ms] for kept in chosen])
        return FlowClip(flow, np.array([kept.t_ms for kept in chosen], np.float64), onset.t_ms, visibility)

    def _keep(self, frame: Frame, observation: FaceObservation) -> _Kept:
        assert observation.landmarks is not None
        assert observation.visibility is not None
        pose = fit_pose(observation.landmarks)
        transform = face_transform(observation.landmarks, pose)
        crop = face_crop(frame.image, transform, self._step(transform), grey=True)
        kept = _Kept(frame.index, frame.t_ms, crop, pose, transform, observation.visibility.astype(np.float32))
        self._kept.append(kept)
        while self._kept[0].t_ms < frame.t_ms - 1000 * self.config.seconds:
            self._kept.popleft()
        return kept

    def _step(self, transform: Float[np.ndarray, "2 3"]) -> int:
        """Return the crops' thinning; it is kept as long as it nearly fits, since a change looks like motion."""
        if not self._kept:
            return fitting_step(transform)
        last = self._kept[-1].crop.step
        smallest, largest = fitting_step(transform * 1.25), fitting_step(transform * 0.8)
        return last if smallest <= last <= largest else fitting_step(transform)

    def _energy(self, anchor: _Kept, now: _Kept) -> Float[np.ndarray, "12"]:
        maps = flow_map(
            anchor.crop.square(anchor.transform),
            now.crop.square(anchor.transform),
            self._quick,
            cell_visibility(np.minimum(anchor.visibility, now.visibility)),
        )
        lengths = crop_regions(np.hypot(maps[0], maps[1])).mean(axis=(-2, -1))
        return (lengths * now.visibility).astype(np.float32)

    def _head_moved(self, anchor: _Kept, now: _Kept) -> bool:
        before, after = anchor.pose, now.pose
        shift = float(np.hypot(*(after.shift - before.shift)[:2])) / before.scale
        turn = float(np.abs(np.subtract(after.angles(), before.angles())).max())
        limit = self.config.head_shift
        return shift > limit or abs(after.scale / before.scale - 1) > limit or turn > self.config.head_turn

    def _covered_anew(self, anchor: _Kept, now: _Kept) -> bool:
        return float(np.abs(now.visibility - anchor.visibility).max()) > self.config.cover_change

    def _set_anchor(self, now: _Kept) -> None:
        self._anchor = now
        self._calm_since = now.t_ms

    def _renew_anchor(self, now: _Kept, energy: float) -> None:
        """Take the newest frame as the next anchor once the face is calm for long enough, or the anchor too old."""
        assert self._anchor is not None
        if energy > self.config.calm:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now.t_ms
        calm = self._calm_since is not None and now.t_ms - self._calm_since >= self.config.calm_ms
        if calm or now.t_ms - self._anchor.t_ms >= self.config.anchor_ms:
            self._set_anchor(now)

    @staticmethod
    def _nearest(frames: list[_Kept], t_ms: float) -> _Kept | None:
        return min(frames, key=lambda kept: abs(kept.t_ms - t_ms), default=None)


def cell_visibility(visibility: Float[np.ndarray, "12"]) -> Float[np.ndarray, "28 28"]:
    """Spread the regions' visibility over the canonical grid: the mean of the regions that cover a cell, else 1."""
    total, count = np.zeros((GRID, GRID), np.float32), np.zeros((GRID, GRID), np.float32)
    for name, value in zip(REGIONS, visibility, strict=True):
        x, y = CROP_CORNERS[name]
        total[y : y + CROP, x : x + CROP] += value
        count[y : y + CROP, x : x + CROP] += 1
    return np.where(count > 0, total / np.maximum(count, 1), 1).astype(np.float32)
