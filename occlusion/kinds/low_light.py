"""Too little light: dusk, lamps, candles and screens, and what a sensor's noise makes of a face in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from occlusion.degrading.fields import as_factor, bars, dimmed, pool, vignette
from occlusion.degrading.sensor import Exposure, Sensor
from occlusion.occluder import Scene
from occlusion.registry import Change, register_degradation
from occlusion.shapes.texture import RGB

_Step = Callable[[np.ndarray], np.ndarray]

_WEIGHTS = (0.30, 0.59, 0.11)
"""What red, green and blue add to brightness."""


@dataclass(frozen=True)
class _Style:
    """A night.

    Attributes:
        level: How bright white is shown, linear.
        electrons: How many white frees in a pixel; None: no noise.
        cast: Colour of the light.
        black, steps: See ``Exposure``.
        place: Where the light is: even, above, below, front, or edges for a vignette.
        floor: The light beyond it.
        colour: How much colour is left, 0 to 1.
        grain: Across how many pixels noise is even.
        grey: Whether the noise is grey.
        blotch: Deviation of large blotches of colour, grey levels.
        rows: Deviation of the rows' light.
        bars: Whether dark bars roll down the picture.
        hot: Share of pixels that glow by themselves.
    """

    level: float
    electrons: float | None
    cast: RGB = (1.0, 1.0, 1.0)
    black: float = 0.0
    steps: int = 4096
    place: str = "even"
    floor: float = 0.1
    colour: float = 1.0
    grain: int = 1
    grey: bool = False
    blotch: float = 0.0
    rows: float = 0.0
    bars: bool = False
    hot: float = 0.0


STYLES: dict[str, _Style] = {
    "dusk": _Style(0.14, 500, (0.72, 0.88, 1.2), colour=0.75),
    "street-lamp": _Style(0.32, 120, (1.2, 0.8, 0.24), place="above", floor=0.05),
    "moonlight": _Style(0.05, 90, (0.55, 0.8, 1.35), colour=0.35, hot=0.0002),
    "candle": _Style(0.36, 160, (1.35, 0.55, 0.14), place="below", floor=0.03),
    "screen-glow": _Style(0.22, 130, (0.55, 0.85, 1.35), place="front", floor=0.02),
    "coarse-noise": _Style(0.30, 14, grain=3),
    "colour-noise": _Style(0.42, 16, blotch=14.0),
    "grey-noise": _Style(0.38, 9, colour=0.5, grey=True),
    "row-noise": _Style(0.20, 60, rows=0.32),
    "rolling-bars": _Style(0.30, 90, (1.0, 1.02, 0.85), bars=True),
    "underexposed": _Style(0.022, None, black=0.03, steps=512),
    "black-crush": _Style(0.42, 400, black=0.17, colour=0.4),
    "few-levels": _Style(0.2, None, steps=12),
    "vignette": _Style(0.45, 200, place="edges"),
    "infrared": _Style(0.50, 80, (0.92, 1.0, 0.9), place="front", floor=0.03, colour=0.0, grey=True, grain=2),
    "hot-pixels": _Style(0.10, 30, (0.95, 0.9, 1.1), hot=0.004),
}
"""The nights by name."""


@register_degradation("low-light", styles=tuple(STYLES))
def darken(scene: Scene) -> Change:
    """Take the light away; how much exactly, where from, and all noise comes from chance.

    Only noise changes from frame to frame, and the bars where there are any: lamps and cameras stand still.
    """
    steps = _steps(STYLES[scene.style], scene)

    def change(image: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
        for step in steps:
            image = step(image)
        return image

    return change


def _steps(style: _Style, scene: Scene) -> list[_Step]:
    """Return what happens to the light on its way into the picture, in order."""
    steps: list[_Step] = []
    if style.colour < 1:
        steps.append(_drained(style.colour))
    if style.place != "even":
        steps.append(_placed(style, scene))
    if style.rows or style.bars:
        steps.append(_in_rows(style, scene))
    steps.append(_seen(style, scene))
    if style.blotch:
        steps.append(_blotched(style.blotch, scene.rng))
    if style.hot:
        steps.append(_hot(style.hot, scene))
    return steps


def _drained(colour: float) -> _Step:
    matrix = (colour * np.eye(3) + (1 - colour) * np.array([_WEIGHTS] * 3)).astype(np.float32)
    return lambda image: cv2.transform(image, matrix)


def _placed(style: _Style, scene: Scene) -> _Step:
    rng, unit = scene.rng, max(scene.unit, 1.0)
    face = scene.landmarks[:, :2].mean(axis=0).astype(np.float64)
    if style.place == "edges":
        centre = face + rng.normal(0, 0.4 * unit, 2)
        light = vignette(scene.shape, centre, float(rng.uniform(0.8, 1.2)) * unit, float(rng.uniform(2.5, 4.5)))
    else:
        away = {"above": (1.6, -2.2), "below": (1.0, 1.7), "front": (0.3, 0.8)}[style.place]
        centre = face + unit * np.array([rng.choice((-1, 1)), 1]) * away * rng.uniform(0.75, 1.2, 2)
        light = pool(scene.shape, centre, float(rng.uniform(0.9, 1.3)) * unit, style.floor)
    factor = as_factor(light)
    return lambda image: dimmed(image, factor)


def _in_rows(style: _Style, scene: Scene) -> _Step:
    """Give every row a light of its own: by chance in each frame, or in bars that roll on evenly."""
    rng, (height, width) = scene.rng, scene.shape
    count, phase = float(rng.uniform(1.5, 3.0)), float(rng.uniform(0, 1))
    speed = float(rng.choice((-1, 1)) * rng.uniform(0.01, 0.04))

    def step(image: np.ndarray) -> np.ndarray:
        nonlocal phase
        phase += speed
        light = bars(height, count, 0.06, phase) if style.bars else np.ones(height, np.float32)
        light = light * np.exp(rng.normal(-2 * style.rows, style.rows, height)) if style.rows else light
        return dimmed(image, np.ascontiguousarray(np.broadcast_to(as_factor(light[:, None]), (height, width, 3))))

    return step


def _seen(style: _Style, scene: Scene) -> _Step:
    """Take the picture, at a part of the resolution where noise is coarse."""
    rng = scene.rng
    level, few = style.level * float(rng.uniform(0.75, 1.3)), float(rng.uniform(0.75, 1.3))
    electrons = None if style.electrons is None else style.electrons * few
    exposure = Exposure(electrons, level, black=style.black, steps=style.steps, cast=style.cast)
    sensor = Sensor(exposure, rng, style.grey)
    size, grain = scene.shape[::-1], style.grain
    small = (max(1, size[0] // grain), max(1, size[1] // grain))
    if grain == 1:
        return sensor.see
    return lambda image: cv2.resize(sensor.see(cv2.resize(image, small, interpolation=cv2.INTER_AREA)), size)


def _blotched(strength: float, rng: np.random.Generator) -> _Step:
    """Add large soft blotches of colour, which cameras leave when they smooth noise away."""
    curve = np.round(np.clip(128 + 1.7 * strength * np.linspace(-1, 1, 256), 0, 255)).astype(np.uint8)

    def step(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[0] // 8 + 2, image.shape[1] // 8 + 2
        chance = np.frombuffer(rng.bytes(height * width * 3), np.uint8).reshape(height, width, 3)
        blotches = cv2.resize(cv2.LUT(chance, curve), image.shape[1::-1])
        return cv2.addWeighted(image, 1, blotches, 1, -128)

    return step


def _hot(share: float, scene: Scene) -> _Step:
    """Let some pixels of the sensor glow, the same ones in every frame."""
    rng, (height, width) = scene.rng, scene.shape
    count = max(1, int(share * height * width))
    place = rng.integers(height * width, size=count) * 3 + rng.integers(3, size=count)
    glow = rng.integers(40, 256, size=count).astype(np.uint8)

    def step(image: np.ndarray) -> np.ndarray:
        bright = image.copy().reshape(-1)
        bright[place] = np.maximum(bright[place], glow)
        return bright.reshape(image.shape)

    return step
