"""What is measured of a long video, frame by frame, for all spotters at once; each frame is read and aligned once.

The product's own motion energies; the flow between the frames half an expression around each frame; and in windows that
overlap by half, the motion of brows and mouth against the window's first frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, UInt8

from multimodal.data.flow_cache import METHOD, Looker
from multimodal.data.spotting.videos import Kind
from multimodal.face.align import face_transform
from multimodal.face.canonical import to_percent
from multimodal.face.crop import FaceCrop, face_crop, fitting_step
from multimodal.face.flow import FLOWS, face_mask, remove_rigid, shrink
from multimodal.face.strips import PLACES, STRIP_SIDE, motion_of_places, strips
from multimodal.face.window import MotionWindow, cell_visibility
from multimodal.results import FaceObservation, Frame, Motion

HALF_MS: Mapping[Kind, float] = {"micro": 200.0, "macro": 600.0}
"""Half of an expression's length, fixed beforehand: at 30 frames a second the 6 and 18 frames of SOFTNet's ``k``."""

WINDOW = 5
"""Length of the windows, in halves of an expression."""

QUICK = "dis-quick"
"""What measures the flow of whole windows: it only has to say where places go on average."""


@dataclass(frozen=True)
class Scale:
    """What is measured at the pace of one kind of expression.

    Attributes:
        half: Half of an expression's length, frames.
        strips: ``[time, 3, 42, 42]``, see ``face.strips``, of the flow between the frames half an expression around
            each frame; zero where there is none.
        magnitude: ``[time]``, mean length of the same flow over the face, without the head's motion, percent of the
            distance between the eyes.
        there: ``[time]``, whether both frames are there and show a face.
        starts: First frame of each window.
        places: ``[windows, length, places, 2]``, how each of ``face.strips.PLACES`` has moved against the window's
            first frame, without the nose's motion, percent; not a number where no face was seen.
    """

    half: int
    strips: UInt8[np.ndarray, "time 3 42 42"] = field(repr=False)
    magnitude: Float[np.ndarray, "time"] = field(repr=False)
    there: Bool[np.ndarray, "time"] = field(repr=False)
    starts: tuple[int, ...] = field(repr=False)
    places: Float[np.ndarray, "windows length places 2"] = field(repr=False)


@dataclass(frozen=True)
class Film:
    """What a spotter is shown of a long video; nothing in it tells what is coded.

    Attributes:
        fps: Frames a second.
        motions: The product's motion of each frame; None without a face.
        scales: By kind of expression.
    """

    fps: float
    motions: tuple[Motion | None, ...] = field(repr=False)
    scales: Mapping[Kind, Scale]

    def __len__(self) -> int:
        return len(self.motions)


@dataclass(frozen=True)
class _Seen:
    crop: FaceCrop
    transform: Float[np.ndarray, "2 3"]
    visibility: Float[np.ndarray, "12"]

    def square(self, by: _Seen) -> UInt8[np.ndarray, "side side"]:
        """Return the face as another frame's alignment cuts it."""
        return self.crop.square(by.transform)


def watch(frames: Iterable[Frame], fps: float, kinds: Sequence[Kind], looker: Looker) -> Film:
    """Measure frames as they come.

    Args:
        frames: RGB, numbered from 0 without gaps.
        fps: Frames a second.
        kinds: Of the expressions to be spotted.
        looker: What follows the face.
    """
    window, motions, step = MotionWindow(), list[Motion | None](), 0
    watchers = {kind: _Watcher(max(2, round(HALF_MS[kind] * fps / 1000))) for kind in kinds}
    looker.reset()
    for frame in frames:
        observation = looker.track(frame)
        motions.append(window.push(frame, observation))
        seen = _seen(frame, observation, step)
        step = seen.crop.step if seen is not None else step
        for watcher in watchers.values():
            watcher.push(seen)
    return Film(fps, tuple(motions), {kind: watcher.scale() for kind, watcher in watchers.items()})


def _seen(frame: Frame, observation: FaceObservation, step: int) -> _Seen | None:
    if observation.landmarks is None or observation.visibility is None:
        return None
    transform = face_transform(observation.landmarks)
    # The first face's thinning is kept, since a change looks like motion.
    crop = face_crop(frame.image, transform, step or fitting_step(transform), grey=True)
    return _Seen(crop, transform, observation.visibility)


class _Watcher:
    """Measures at one pace; keeps no more frames than it needs."""

    def __init__(self, half: int) -> None:
        self.half, self.length = half, WINDOW * half + 1
        self._exact, self._quick = FLOWS.get(METHOD)(), FLOWS.get(QUICK)()
        self._recent: deque[_Seen | None] = deque(maxlen=half + 1)
        self._pairs: list[tuple[np.ndarray, float] | None] = []
        self._count = 0
        self._windows: list[tuple[int, _Seen | None, list[np.ndarray]]] = []

    def push(self, seen: _Seen | None) -> None:
        """Take in the next frame, or that no face is seen in it."""
        self._recent.append(seen)
        if len(self._recent) > self.half:
            self._pairs.append(self._pair(self._recent[0], seen))
        # Windows overlap by half, so that what lasts less than half of one lies within one.
        if self._count % (self.length // 2) == 0:
            self._windows.append((self._count, seen, []))
        for start, first, rows in self._windows[-3:]:
            if self._count - start < self.length:
                rows.append(self._row(first, seen))
        self._windows[:-3] = [(start, None, rows) for start, _, rows in self._windows[:-3]]
        self._count += 1

    def scale(self) -> Scale:
        """Return what was measured; each pair belongs to the frame in its middle."""
        before = self.half // 2
        cut = np.zeros((self._count, 3, STRIP_SIDE, STRIP_SIDE), np.uint8)
        magnitude, there = np.zeros(self._count, np.float32), np.zeros(self._count, bool)
        for place, pair in enumerate(self._pairs, start=before):
            if pair is not None:
                cut[place], magnitude[place], there[place] = *pair, True
        starts = tuple(start for start, _, _ in self._windows)
        places = np.full((len(starts), self.length, len(PLACES), 2), np.nan, np.float32)
        for row, (_, _, rows) in enumerate(self._windows):
            places[row, : len(rows)] = rows
        return Scale(self.half, cut, magnitude, there, starts, places)

    def _pair(self, first: _Seen | None, last: _Seen | None) -> tuple[np.ndarray, float] | None:
        if first is None or last is None:
            return None
        flow = to_percent(self._exact(first.square(first), last.square(first)))
        shown = face_mask() * cell_visibility(np.minimum(first.visibility, last.visibility))
        left = remove_rigid(shrink(flow), shown)
        return strips(flow), float((np.hypot(*left) * shown).sum() / max(float(shown.sum()), 1e-6))

    def _row(self, first: _Seen | None, now: _Seen | None) -> Float[np.ndarray, "places 2"]:
        if first is None or now is None:
            return np.full((len(PLACES), 2), np.nan, np.float32)
        if first is now:
            return np.zeros((len(PLACES), 2), np.float32)
        return motion_of_places(to_percent(self._quick(first.square(first), now.square(first))))
