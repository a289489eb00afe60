"""Surgical, cloth and FFP2 masks: from the nose bridge over the cheeks to below the chin, with loops to the ears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from occlusion.head import Head
from occlusion.occluder import Drawing, Scene
from occlusion.registry import register_occluder
from occlusion.shapes.canvas import rounded, stroked
from occlusion.shapes.outline import outline_of
from occlusion.shapes.surface import Sheet, Skin, over, paint
from occlusion.shapes.texture import RGB, mix, noise, pattern

_ANCHORS = (123, 352, 132, 361, 6, 152, 195, 199)


@dataclass(frozen=True)
class _Style:
    """``cut`` is surgical, cloth or ffp2; ``share`` is how far the second colour comes through."""

    cut: str
    first: RGB
    second: RGB = (0.97, 0.97, 0.96)
    pattern: str = "plain"
    share: float = 0.15


STYLES: dict[str, _Style] = {
    "surgical-blue": _Style("surgical", (0.60, 0.77, 0.88)),
    "surgical-white": _Style("surgical", (0.90, 0.91, 0.92)),
    "surgical-black": _Style("surgical", (0.10, 0.10, 0.11), (0.4, 0.4, 0.4)),
    "surgical-pink": _Style("surgical", (0.90, 0.69, 0.74)),
    "surgical-green": _Style("surgical", (0.58, 0.77, 0.66)),
    "surgical-lilac": _Style("surgical", (0.70, 0.66, 0.83)),
    "ffp2-white": _Style("ffp2", (0.93, 0.93, 0.92)),
    "ffp2-black": _Style("ffp2", (0.11, 0.11, 0.12), (0.35, 0.35, 0.36)),
    "cloth-grey": _Style("cloth", (0.46, 0.47, 0.49), (0.66, 0.66, 0.68), "twill", 0.5),
    "cloth-denim": _Style("cloth", (0.20, 0.29, 0.45), (0.60, 0.68, 0.78), "twill", 0.55),
    "cloth-navy-dots": _Style("cloth", (0.11, 0.15, 0.30), (0.92, 0.92, 0.90), "dots", 1.0),
    "cloth-red-tartan": _Style("cloth", (0.62, 0.10, 0.11), (0.07, 0.13, 0.14), "tartan", 0.9),
    "cloth-gingham": _Style("cloth", (0.91, 0.91, 0.89), (0.20, 0.38, 0.62), "gingham", 0.9),
    "cloth-flowers": _Style("cloth", (0.86, 0.80, 0.70), (0.72, 0.22, 0.32), "flowers", 0.9),
    "cloth-stripes": _Style("cloth", (0.90, 0.89, 0.86), (0.16, 0.22, 0.36), "stripes", 0.9),
    "cloth-camouflage": _Style("cloth", (0.46, 0.45, 0.31), (0.15, 0.19, 0.12), "camouflage", 1.0),
}
"""What each style looks like, RGB in white light."""


@register_occluder("mask", styles=tuple(STYLES))
def draw_mask(scene: Scene) -> Drawing:
    """Draw a mask; how high, how loose and how creased it is comes from chance."""
    style, head = STYLES[scene.style], Head(scene.landmarks)
    points = _form(head, style.cut, scene.rng)
    body = Sheet(head.place(points), _skin(style, points, scene.rng), shaded=0.55)
    colour, alpha = over(paint(scene.shape, [body]), _loops(scene, head, points, style))
    return Drawing(colour, alpha, outline_of(alpha), _ANCHORS, shadow=0.25)


def _form(head: Head, cut: str, rng: np.random.Generator) -> np.ndarray:
    """Return the mask's grid in the head's coordinates: rows from nose bridge to chin, columns from ear to ear."""
    up, loose = float(rng.uniform(0.15, 0.6)), float(rng.uniform(0.02, 0.09))
    middle = _middle(head, cut, up, loose)
    side = _side(head)
    rows = np.linspace(0, 1, 33)
    spine, edge = _along(middle, rows), _along(side, rows)
    # -1 at the left ear, 1 at the right ear; a fold down the middle makes the ridge sharp.
    across = np.linspace(-1, 1, 49)
    sharp = {"surgical": 2.1, "cloth": 1.55, "ffp2": 1.25}[cut] - 0.75 * np.exp(-((rows / 0.25) ** 2))
    rise = np.abs(across)[None] ** sharp[:, None]
    x = edge[:, :1] * np.sign(across) * np.abs(across) ** 0.9
    y = spine[:, 1:2] + (edge[:, 1:2] - spine[:, 1:2]) * np.abs(across) ** 1.35
    z = spine[:, 2:] + (edge[:, 2:] - spine[:, 2:]) * rise
    return np.stack([x, y, z], axis=-1)


def _middle(head: Head, cut: str, up: float, loose: float) -> np.ndarray:
    """Go from the nose bridge over the tip of the nose to beneath the chin."""
    bridge = head.points[195] * (1 - up) + head.points[6] * up
    tip, chin, front = head.points[4], head.points[152], head.points[199]
    stand = loose + {"surgical": 0.0, "cloth": 0.04, "ffp2": 0.12}[cut]
    lips = np.array([0, head.points[13][1], min(head.points[0][2], tip[2] + 0.22) - stand])
    path = np.array([bridge, tip, lips, front, chin, chin]) * (0, 1, 1)
    off = [(0, 0, -0.02), (0, -0.02, -0.05), (0, 0, -0.02), (0, 0.1, -0.06), (0, 0.05, -0.01), (0, 0.1, 0.3)]
    return path + np.array(off)


def _side(head: Head) -> np.ndarray:
    """Go down the cheek from beside the eye to beneath the jaw, on the right."""
    pairs = ((123, 352), (147, 376), (58, 288), (136, 365), (150, 379))
    path = np.array([head.symmetric(*pair) for pair in pairs])
    path[1] = (path[0] + path[2]) / 2 + (0.02, 0, -0.12)
    path[2] += (0.0, 0.02, -0.28)
    path[3] += (0.06, 0.06, -0.02)
    path[4] += (0.02, 0.08, 0.12)
    return np.asarray(path)


def _along(path: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Sample a smooth line through corners at shares of its length."""
    line = rounded(path, closed=False)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    return np.stack([np.interp(shares * length[-1], length, column) for column in line.T], axis=1)


def _skin(style: _Style, points: np.ndarray, rng: np.random.Generator) -> Skin:
    """Return cloth with its pattern, creases, stitched rims and what else the cut has."""
    wide = float(np.linalg.norm(np.diff(points[16], axis=0), axis=1).sum())
    high = float(np.linalg.norm(np.diff(points[:, 24], axis=0), axis=1).sum())
    figure, crease, gain = pattern(style.pattern, rng), noise(rng, 0.35, 0.035), float(rng.uniform(0.93, 1.05))
    marks = {"surgical": _pleats, "cloth": _seam, "ffp2": _beak}[style.cut]

    def skin(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        x, y = (s - 0.5) * wide, t * high
        rim = np.maximum(np.maximum(_line(t, 0.0, 0.035), _line(t, 1.0, 0.03)), _line(np.abs(s - 0.5), 0.5, 0.02))
        light = gain * (1 + crease(x, 2 * y)) * (1 - 0.13 * rim) * marks(s, t)
        return mix(style.first, style.second, style.share * figure(x, y)) * light[..., None]

    return skin


def _line(value: np.ndarray, place: float, width: float) -> np.ndarray:
    return np.exp(-(((value - place) / width) ** 2))


def _pleats(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return three pleats that fan out towards the middle, and the wire over the nose."""
    light = 1 + 0.07 * _line(t, 0.09, 0.012) * (np.abs(s - 0.5) < 0.22)
    for place in (0.3, 0.5, 0.7):
        bent = t - 0.5 + (0.5 - place) * (0.72 + 0.28 * np.sin(np.pi * s))
        light = light - 0.24 * _line(bent, 0.0, 0.011) + 0.07 * _line(bent, -0.028, 0.02)
    return np.asarray(light)


def _seam(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return a seam down the middle."""
    return np.asarray(1 - 0.22 * _line(s, 0.5, 0.006) + 0.05 * _line(s, 0.52, 0.012))


def _beak(s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return a welded fold down the middle and welds along the rims."""
    welds = _line(np.abs(s - 0.5), 0.44, 0.006) + _line(t, 0.08, 0.008) + _line(t, 0.94, 0.008)
    return np.asarray(1 - 0.16 * _line(s, 0.5, 0.008) - 0.06 * np.clip(welds, 0, 1))


def _loops(scene: Scene, head: Head, points: np.ndarray, style: _Style) -> tuple[np.ndarray, np.ndarray]:
    """Return the loops to the ears that can be seen: on a turned head the far ear lies behind the cheek."""
    ears = np.array([head.symmetric(127, 356), head.symmetric(132, 361)])
    ears += np.array([(0.02, 0.05, -0.04), (0.04, -0.05, -0.08)])
    lines = []
    for side, column in ((-1, 0), (1, -1)):
        for row, ear in ((1, ears[0]), (20, ears[1])):
            ends = np.array([points[row, column], ear * (side, 1, 1)])
            place = head.place(ends)
            if side * (place[1] - place[0]) @ [*_right(head), 0] > 0.0:
                lines.append(np.array([place[0, :2], place.mean(axis=0)[:2] + 0.02 * head.unit, place[1, :2]]))
    alpha = stroked(scene.shape, lines, 0.045 * scene.unit) if lines else np.zeros(scene.shape, np.float32)
    tone = 0.85 if np.mean(style.first) > 0.3 else 0.12
    return np.full((*scene.shape, 3), tone, np.float32), alpha


def _right(head: Head) -> np.ndarray:
    along = head.axes[0, :2]
    return np.asarray(along / max(float(np.hypot(*along)), 1e-6))
