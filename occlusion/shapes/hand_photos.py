"""Hands from a folder of the user's photos before a green screen: one is chosen, cut out and measured."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.shapes.cutout import Cutout
from occlusion.shapes.green import Keyed, key_out

_SUFFIXES = (".jpg", ".jpeg", ".png")
_LONGEST = 640
_WHITE = 215
_ARM = 1.35
"""So far from the middle of the palm the arm is kept, in breadths of the palm."""


def pick(folder: Path, rng: np.random.Generator) -> Cutout:
    """Choose a photo and cut the hand out; how much of it lies over the place where it rests comes from chance too.

    Photos that cannot be read or keyed are passed over.

    Args:
        folder: With JPEG and PNG photos of one hand each before a green screen, not in folders of their own.
        rng: Where chance comes from; the files count in the order of their names.

    Raises:
        ValueError: There is no usable photo in it.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    order, forward = rng.permutation(len(paths)), float(rng.uniform(0.0, 0.55))
    for number in order:
        found = _hand(paths[number], paths[number].stat().st_mtime_ns)
        if found is not None:
            hand, tip = found
            return replace(hand, grip=hand.grip + forward * (tip - hand.grip))
    raise ValueError(
        f"no usable hand in {folder}: name a folder of JPEG or PNG photos that show one hand each before a green screen"
    )


@functools.lru_cache(maxsize=64)
def _hand(path: Path, changed: int) -> tuple[Cutout, np.ndarray] | None:
    """Return the hand of a photo, gripped at the middle of its palm, and its finger tips; None if there is none."""
    image = _read(path)
    if image is None:
        return None
    try:
        keyed = key_out(image)
    except ValueError:
        return None
    # As in even white light: the photo's exposure is undone as that of the face's picture is added (``face_light``).
    gain = float(np.clip(_WHITE / max(np.percentile(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 97), 1), 0.9, 1.6))
    return measured(replace(keyed, colour=np.clip(keyed.colour * np.float32(gain), 0, 1)))


def _read(path: Path) -> np.ndarray | None:
    """Read a photo as RGB, made smaller if it is large; None if it is broken."""
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    image = cv2.imdecode(raw, cv2.IMREAD_COLOR) if len(raw) else None
    if image is None:
        return None
    scale = min(1.0, _LONGEST / max(image.shape))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA)[..., ::-1])


def measured(keyed: Keyed) -> tuple[Cutout, Float[np.ndarray, "2"]]:
    """Tell where in a keyed picture the palm is, how large, and where the arm leaves.

    The palm is the widest place, the farther from the arm's end the likelier. It is as broad as it is there, or, where
    it is seen from its edge, in proportion to the reach of the fingers. Of a long arm only the beginning is kept.

    Returns:
        The cut-out, gripped at the middle of the palm, and the place of its finger tips, pixels.
    """
    solid = (keyed.alpha > 0.5).astype(np.uint8)
    room = cv2.distanceTransform(solid, cv2.DIST_L2, 5)
    inside, leaving = _places(solid), _leaving(solid, keyed.padding)
    away = np.linalg.norm(inside - leaving.mean(axis=0), axis=1)
    palm = int((room[solid > 0] * (0.6 + 0.4 * away / away.max())).argmax())
    middle = inside[palm]
    onward = _unit(middle - leaving.mean(axis=0))
    tip = int(((inside - middle) @ onward).argmax())
    breadth = max(2 * float(room[solid > 0][palm]), float((inside[tip] - middle) @ onward) / 1.7)
    alpha, end, way = _shortened(keyed.alpha, middle, breadth, leaving)
    near = room[solid > 0][np.linalg.norm(inside - end, axis=1) < 0.4 * breadth]
    width = float(np.clip(2 * near.max(initial=0), 0.3 * breadth, breadth))
    return Cutout(keyed.colour, alpha, middle, breadth, end, way, width), inside[tip]


def _shortened(
    alpha: np.ndarray, middle: np.ndarray, breadth: float, leaving: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut off what of the arm lies too far from the palm; return alpha, where the arm ends, and its direction there."""
    y, x = np.mgrid[: alpha.shape[0], : alpha.shape[1]]
    far = np.hypot(x - middle[0], y - middle[1]) / breadth
    _, pieces = cv2.connectedComponents(((alpha > 0.5) & (far > _ARM)).astype(np.uint8))
    number = np.bincount(pieces[tuple(leaving.T[::-1].astype(int))]).argmax()
    arm = (pieces == number) & (number > 0)
    ring = _places(arm & (far < _ARM + 0.15))
    if not len(ring):
        return alpha, *_at_border(alpha, breadth, leaving)
    end = ring.mean(axis=0)
    kept = _places((alpha > 0.5) & (far > _ARM - 0.4) & (far <= _ARM) & (np.hypot(x - end[0], y - end[1]) < breadth))
    gone = cv2.dilate(arm.astype(np.uint8), np.ones((7, 7), np.uint8)) * (far > _ARM)
    return alpha * (1 - gone).astype(np.float32), end, _unit(end - (kept.mean(axis=0) if len(kept) else middle))


def _at_border(alpha: np.ndarray, breadth: float, leaving: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where an arm ends that leaves the picture, and its direction there."""
    end, inside = leaving.mean(axis=0), _places(alpha > 0.5)
    way = _unit(end - inside[np.linalg.norm(inside - end, axis=1) < breadth].mean(axis=0))
    # Where the border cuts the arm at a slant, it ends where its shorter side does.
    return end + min(0.0, float(np.percentile((leaving - end) @ way, 5))) * way, way


def _places(where: np.ndarray) -> np.ndarray:
    """Return the pixels (x, y) in which something holds."""
    return np.stack(np.nonzero(where)[::-1], axis=1).astype(np.float64)


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6))


def _leaving(solid: np.ndarray, padding: np.ndarray) -> np.ndarray:
    """Return the pixels (x, y) in which the arm leaves the picture: the longest stretch at the border.

    Where the hand does not touch the border, its lowest pixels: arms mostly come from below.
    """
    rim = cv2.dilate(padding.astype(np.uint8), np.ones((5, 5), np.uint8))
    rim[[0, 1, -2, -1]] = 1
    rim[:, [0, 1, -2, -1]] = 1
    count, pieces, table, _ = cv2.connectedComponentsWithStats(rim & solid)
    if count < 2:
        inside = _places(solid)
        return inside[inside[:, 1] >= inside[:, 1].max() - 2]
    return _places(pieces == 1 + int(table[1:, cv2.CC_STAT_AREA].argmax()))
