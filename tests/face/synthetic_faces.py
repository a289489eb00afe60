"""Faces for the tests of the face room: landmarks of a mean head in any pose, and a rendered person."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np

from multimodal.data.people.person import Person, Pose
from multimodal.data.people.render import Camera, Lighting, develop, render
from multimodal.results import FaceObservation, Frame


@functools.lru_cache(maxsize=1)
def mean_face() -> np.ndarray:
    """Return ``[468, 3]``: the eyes are one apart, the origin lies between them."""
    return np.loadtxt(Path(__file__).parents[1] / "mean_face.csv", delimiter=",")


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Return the rotation (x right, y down, z away) that turns a face right, down and clockwise."""
    y, p, r = np.deg2rad([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def landmarks(
    scale: float = 80.0,
    shift: tuple[float, float] = (320.0, 200.0),
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> np.ndarray:
    """Return landmarks of the mean head, pixels."""
    return (scale * mean_face() @ turned(*turn).T + np.array([*shift, 0.0])).astype(np.float32)


def textured(shape: tuple[int, int], seed: int = 0, grain: float = 2.5) -> np.ndarray:
    """Return a grey picture of blurred noise, ``uint8``."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(shape).astype(np.float32), (0, 0), grain)
    return np.clip(noise / noise.std() * 45 + 128, 0, 255).astype(np.uint8)


def observe(points: np.ndarray, index: int, t_ms: float, visibility: np.ndarray | None = None) -> FaceObservation:
    """Return an observation with these landmarks."""
    shown = np.ones(12, np.float32) if visibility is None else visibility
    return FaceObservation(index, t_ms, True, 1.0, points, (0.0, 0.0, 0.0), 80.0, shown)


@functools.lru_cache(maxsize=2)
def person(seed: int = 3) -> Person:
    return Person.sample(np.random.default_rng(seed))


@functools.lru_cache(maxsize=32)
def portrait(
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
    smile: float = 0.0,
    eyes: float = 70.0,
    size: tuple[int, int] = (360, 480),
    place: tuple[float, float] = (0.0, 0.0),
    mask: bool = False,
    noise: int = 0,
) -> np.ndarray:
    """Render a person, RGB; ``eyes`` is the distance between the eyes in pixels, ``place`` a shift in dm."""
    who = person()
    x, y, z = (float(v) for v in who.eye_middle())
    camera = Camera((x - place[0], y - 0.35 + place[1], z + 10), eyes * 10 / who.eye_distance(), size[1], size[0])
    pose = Pose({(12, "left"): smile, (12, "right"): smile}, turn=turn, mask=0.0 if mask else None)
    wall = np.full((*size, 3), 0.25, np.float32)
    return develop(render(who.meshes(pose), camera, Lighting(), wall, 2), np.random.default_rng(noise))


def frame(image: np.ndarray, index: int = 0, t_ms: float | None = None) -> Frame:
    return Frame(image, index, index * 40.0 if t_ms is None else t_ms, "test")
