"""Blur: a lens out of focus, motion, fog, grease and glass between the camera and the face."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from occlusion.degrading import glass
from occlusion.degrading.optics import bending, bent, blended, defocused, paired, softened, swept
from occlusion.occluder import Scene
from occlusion.registry import Change, register_degradation

_Step = Callable[[np.ndarray], np.ndarray]
_Maker = Callable[[Scene], _Step]


def _out_of_focus(radius: float) -> _Maker:
    def make(scene: Scene) -> _Step:
        pixels = radius * scene.unit * float(scene.rng.uniform(0.85, 1.2))
        return lambda image: defocused(image, pixels)

    return make


def _even(sigma: float) -> _Maker:
    def make(scene: Scene) -> _Step:
        pixels = sigma * scene.unit * float(scene.rng.uniform(0.85, 1.2))
        return lambda image: softened(image, pixels)

    return make


def _moving(degrees: float) -> _Maker:
    """Sweep along one direction, 0 to the right and 90 down."""

    def make(scene: Scene) -> _Step:
        angle = np.radians(degrees + scene.rng.normal(0, 6))
        way = scene.unit * float(scene.rng.uniform(0.32, 0.5)) * np.array([np.cos(angle), np.sin(angle)])
        return lambda image: swept(image, way)

    return make


def _shaky(scene: Scene) -> _Step:
    """Sweep along a direction that turns, by a length that comes and goes, both slowly."""
    rng = scene.rng
    angle, turn = float(rng.uniform(0, np.pi)), float(rng.choice((-1, 1)) * rng.uniform(0.02, 0.06))
    phase, pace, length = float(rng.uniform(0, 6.28)), float(rng.uniform(0.05, 0.12)), float(rng.uniform(0.3, 0.45))
    frame = 0

    def step(image: np.ndarray) -> np.ndarray:
        nonlocal frame
        now, long = angle + turn * frame, length * scene.unit * (0.75 + 0.25 * np.sin(phase + pace * frame))
        frame += 1
        return swept(image, long * np.array([np.cos(now), np.sin(now)]))

    return step


def _tilted(down: float) -> _Maker:
    """Keep a band of the face sharp and let focus go away from it, downwards (1) or upwards (-1)."""

    def make(scene: Scene) -> _Step:
        x, y = glass.places(scene)
        along = scene.landmarks[152, :2] - scene.landmarks[10, :2]
        along = down * along / max(float(np.hypot(*along)), 1e-6)
        far = x * along[0] + y * along[1] - float(scene.rng.uniform(-0.25, -0.05))
        shares = [np.clip((far - start) / 0.35, 0, 1).astype(np.float32) for start in (0.0, 0.3)]
        radii = [radius * scene.unit for radius in (0.07, 0.2)]

        def step(image: np.ndarray) -> np.ndarray:
            near, strong = (defocused(image, radius) for radius in radii)
            return blended(blended(image, near, shares[0]), strong, shares[1])

        return step

    return make


def _fogged(scene: Scene) -> _Step:
    share = glass.fog(scene)
    veil = (0.42 * share + 0.03 * glass.mottled(scene, 0.07)).clip(0, 1).astype(np.float32)
    tone = np.full((*scene.shape, 3), int(scene.rng.integers(165, 205)), np.uint8)
    sigma = 0.22 * scene.unit
    return lambda image: blended(blended(image, softened(image, sigma), share), tone, veil)


def _greasy(scene: Scene) -> _Step:
    share, turn = glass.smears(scene)
    way = 1.1 * scene.unit * np.array([np.cos(turn), np.sin(turn)])
    tone, haze = np.full((*scene.shape, 3), 190, np.uint8), (0.16 * share).astype(np.float32)
    sigma = 0.12 * scene.unit

    def step(image: np.ndarray) -> np.ndarray:
        return blended(blended(image, swept(softened(image, sigma), way), share), tone, haze)

    return step


def _filmed(scene: Scene) -> _Step:
    through, stray = glass.dirt(scene)
    factor = cv2.merge([np.round(255 * through).astype(np.uint8)] * 3)
    light = np.round(255 * stray[..., None] * (1.0, 0.95, 0.82)).astype(np.uint8)
    sigma = 0.07 * scene.unit
    return lambda image: cv2.add(cv2.multiply(softened(image, sigma), factor, scale=1 / 255), light)


def _through(looks: Callable[[Scene], tuple[np.ndarray, np.ndarray]], sigma: float) -> _Maker:
    """Bend the picture, which is a little out of focus behind the glass (deviation in eye distances)."""

    def make(scene: Scene) -> _Step:
        there = bending(*looks(scene))
        return lambda image: bent(softened(image, sigma * scene.unit), there)

    return make


def _rained_on(scene: Scene) -> _Step:
    """Look past a pane with drops, the face behind it a little out of focus."""
    x, y, light = glass.drops(scene)
    there, factor = bending(x, y), cv2.merge([np.round(255 * light).astype(np.uint8)] * 3)
    return lambda image: cv2.multiply(bent(softened(image, 0.05 * scene.unit), there), factor, scale=1 / 255)


def _doubled(scene: Scene) -> _Step:
    """Lay the picture over itself, shifted: a knock during the exposure."""
    angle = float(scene.rng.uniform(0, np.pi))
    x, y = np.round(0.16 * scene.unit * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    x, y = (1, 0) if x == y == 0 else (x, y)
    return lambda image: paired(image, int(x), int(y))


STYLES: dict[str, _Maker] = {
    "defocus-slight": _out_of_focus(0.055),
    "defocus": _out_of_focus(0.12),
    "defocus-strong": _out_of_focus(0.25),
    "gaussian": _even(0.1),
    "motion-across": _moving(0),
    "motion-down": _moving(90),
    "motion-slanted": _moving(45),
    "shaky": _shaky,
    "double-image": _doubled,
    "fogged-lens": _fogged,
    "greasy-smear": _greasy,
    "tilt-shift-lower": _tilted(1),
    "tilt-shift-upper": _tilted(-1),
    "dirty-film": _filmed,
    "pebbled-glass": _through(glass.pebbles, 0.03),
    "reeded-glass": _through(glass.reeds, 0.02),
    "rain-drops": _rained_on,
}
"""What blurs, by name; lengths are in eye distances."""


@register_degradation("blur", styles=tuple(STYLES))
def blur(scene: Scene) -> Change:
    """Blur the picture; how much and along which way comes from chance. Only ``shaky`` changes from frame to frame."""
    step = STYLES[scene.style](scene)
    return lambda image, landmarks: step(image)
