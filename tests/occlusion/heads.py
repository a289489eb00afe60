"""Heads for the tests of occlusion: landmarks of a mean head in any pose, and plain pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SHAPE = (300, 340)


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    y, p, r = np.deg2rad([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def head(
    scale: float = 70.0, shift: tuple[float, float] = (170, 110), turn: tuple[float, float, float] = (0, 0, 0)
) -> np.ndarray:
    mean = np.loadtxt(Path(__file__).parents[1] / "mean_face.csv", delimiter=",")
    return (scale * mean @ turned(*turn).T + np.array([*shift, 0.0])).astype(np.float32)


def picture(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 4, (*SHAPE, 3))
    return np.clip(noise + np.array([190, 150, 130]), 0, 255).astype(np.uint8)
