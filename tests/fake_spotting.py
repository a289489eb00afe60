"""Fictitious motion of clips and long videos: the face moves where and when it is told to, the rest is noise."""

from __future__ import annotations

import numpy as np

from multimodal.data.spotting.clips import ApexClip, ClipMotion
from multimodal.data.spotting.film import HALF_MS, WINDOW, Film, Scale
from multimodal.data.spotting.videos import Interval, Kind
from multimodal.face.strips import PLACES
from multimodal.results import Motion
from multimodal.training.spotters.base import CodedFilm

FPS = 30.0


def rise_and_fall(length: int, first: int, apex: int, last: int) -> np.ndarray:
    """Return a curve that leaves 0 at ``first``, is 1 at ``apex`` and 0 again at ``last``."""
    curve: np.ndarray = np.interp(np.arange(length), [first, apex, last], [0.0, 1.0, 0.0])
    return curve


def fake_clip(apex: int, length: int = 14, who: int = 0, noise: float = 0.05, seed: int = 0) -> ApexClip:
    """Return a clip whose mouth moves, most at ``apex``."""
    rng = np.random.default_rng([seed, apex, length, who])
    flow = noise * rng.normal(size=(length, 3, 28, 28)).astype(np.float32)
    flow[:, :, 18:24, 8:20] += 2 * rise_and_fall(length, 0, apex, length)[:, None, None, None]
    flow[0] = 0
    dataset = "casme2" if who % 2 else "smic"
    motion = ClipMotion(flow.astype(np.float32), np.arange(length), FPS)
    return ApexClip(dataset, f"{dataset}/p{who}", f"c{who}_{apex}_{length}_{seed}", motion, apex)


def fake_clips(people: int = 4, clips: int = 3) -> tuple[ApexClip, ...]:
    """Return clips whose apexes lie early and late."""
    return tuple(
        fake_clip(2 + (5 * number + who) % 10, 14, who, seed=number) for who in range(people) for number in range(clips)
    )


def fake_film(
    events: dict[Kind, tuple[Interval, ...]], frames: int = 150, who: int = 0, seed: int = 0, noise: float = 0.02
) -> CodedFilm:
    """Return a long video in which nothing but these expressions moves."""
    rng = np.random.default_rng([seed, who, frames])
    level = np.zeros(frames)
    for first, last in (one for kind in events.values() for one in kind):
        level += rise_and_fall(frames, first, (first + last) // 2, last)
    truth: dict[Kind, tuple[Interval, ...]] = {"micro": (), "macro": (), **events}
    scales = {kind: _scale(level, round(half * FPS / 1000), noise, rng) for kind, half in HALF_MS.items()}
    dataset = "casme2" if who % 2 else "smic"
    name = f"v{who}_{seed}"
    return CodedFilm(dataset, f"{dataset}/p{who}", name, Film(FPS, _motions(level, noise, rng), scales), truth)


def _scale(level: np.ndarray, half: int, noise: float, rng: np.random.Generator) -> Scale:
    frames, before = len(level), half // 2
    there = np.zeros(frames, bool)
    there[before : frames - half + before] = True
    change = np.zeros(frames)
    change[there] = np.abs(level[half:] - level[:-half])
    strips = rng.integers(100, 156, (frames, 3, 42, 42)).astype(np.uint8)
    strips[:, :, 24:36, 12:30] = np.clip(128 + 120 * change, 0, 255)[:, None, None, None]
    length = WINDOW * half + 1
    starts = tuple(range(0, frames, length // 2))
    places = np.full((len(starts), length, len(PLACES), 2), np.nan, np.float32)
    for row, start in enumerate(starts):
        moved = level[start : start + length] - level[start]
        places[row, : len(moved)] = noise * rng.normal(size=(len(moved), len(PLACES), 2))
        places[row, : len(moved), 6:8, 1] -= 2 * moved[:, None]
    magnitude = (np.abs(noise * rng.normal(size=frames)) + change).astype(np.float32)
    return Scale(half, strips, magnitude, there, starts, places)


def _motions(level: np.ndarray, noise: float, rng: np.random.Generator) -> tuple[Motion, ...]:
    energy = np.abs(noise * rng.normal(size=(len(level), 12)))
    energy[:, 8:] += 2 * level[:, None]
    rows = energy.astype(np.float32)
    return tuple(Motion(n, 1000 * n / FPS, row, np.ones(12, np.float32), 0.0) for n, row in enumerate(rows))
