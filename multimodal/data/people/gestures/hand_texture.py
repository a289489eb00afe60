"""The skin of both hands as one texture: palms, nails, creases; nail polish, rings and gloves over it.

What ``hand_skin`` says of a place is baked into texture coordinates once; a person's hands are then painted in some
milliseconds.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float

from multimodal.data.people import skin
from multimodal.data.people.body import load_body, vertex_normals
from multimodal.data.people.gestures.figure import ARMS, Figure, bone_weights
from multimodal.data.people.hand_skin import Places, nails, palmar, redness, relief
from multimodal.data.people.raster import cover
from multimodal.data.people.skin import Colour, Look

_BLUSH = np.array([0.03, -0.13, -0.11], np.float32)
_PALM = np.array([0.60, 0.36, 0.265], np.float32)
_NAIL = np.array([0.62, 0.38, 0.31], np.float32)
_CREASES = 0.65
"""Less than 1: made for cut-outs, the creases are too deep for photos from afar."""
_METALS = ((0.75, 0.55, 0.22), (0.65, 0.64, 0.62), (0.30, 0.30, 0.32))


@dataclass(frozen=True)
class Adornment:
    """What a person wears on the hands.

    Attributes:
        polish: Colour of the nails, or None.
        rings: ``(finger, place along its first bone in dm)``, 1 index to 4 little.
        metal: The rings' colour.
        glove: Colour of gloves, or None; knitted: how coarse their knit is, 0 for smooth ones.
    """

    polish: Colour | None = None
    rings: tuple[tuple[int, float], ...] = ()
    metal: Colour = _METALS[0]
    glove: Colour | None = None
    knitted: float = 0.0


@dataclass(frozen=True)
class _Baked:
    """Over the texture: how far a texel is palm and nail, its creases, its redness, the distances along fingers."""

    palm: Float[np.ndarray, "h w"]
    nail: Float[np.ndarray, "h w"]
    relief: Float[np.ndarray, "h w"]
    redness: Float[np.ndarray, "h w"]
    finger: Float[np.ndarray, "4 h w"]
    along: Float[np.ndarray, "4 h w"]
    rest: Float[np.ndarray, "h w 3"]


def sample_adornment(rng: np.random.Generator, glove: bool) -> Adornment:
    """Draw polish, rings and, if wanted, gloves."""
    polish = _bright(rng) if rng.random() < 0.25 else None
    fingers = rng.permutation(4)[: int(rng.choice(4, p=(0.6, 0.25, 0.1, 0.05)))] + 1
    rings = tuple((int(finger), float(rng.uniform(0.12, 0.24))) for finger in fingers)
    metal = _METALS[int(rng.integers(len(_METALS)))]
    if not glove:
        return Adornment(polish, rings, metal)
    dark = rng.random() < 0.4
    colour = _as_colour(np.full(3, rng.uniform(0.01, 0.06))) if dark else _bright(rng)
    return Adornment(glove=colour, knitted=float(rng.choice([0.0, rng.uniform(0.5, 1.5)])))


class HandPaint:
    """The hands of one person, painted once; what they wear is painted over in some milliseconds.

    Args:
        look: The person's colours.
    """

    def __init__(self, look: Look) -> None:
        self._seed = look.seed + 17
        self._bare = _skin(look, np.random.default_rng(self._seed))

    def texture(self, worn: Adornment) -> Float[np.ndarray, "h w 4"]:
        """Return linear albedo and gloss of both hands."""
        baked = _baked()
        if worn.glove is not None:
            return _gloved(baked, worn.glove, worn.knitted, np.random.default_rng(self._seed))
        texture = self._bare.copy()
        if worn.polish is not None:
            _over(texture, np.nonzero(baked.nail > 0.02), baked.nail, (*worn.polish, 0.4))
        for finger, place in worn.rings:
            near = np.nonzero(np.abs(baked.along[finger - 1] - place) < 0.035)
            band = baked.finger[finger - 1] * np.exp(-(((baked.along[finger - 1] - place) / 0.022) ** 4))
            _over(texture, near, band, (*worn.metal, 0.5))
        return texture


def _skin(look: Look, rng: np.random.Generator) -> np.ndarray:
    baked, back = _baked(), look.tone
    palm = np.exp(0.4 * np.log(back) + 0.6 * np.log(_PALM)) if look.melanin > 0.2 else back * (0.92, 0.80, 0.78)
    nail = np.exp(0.45 * np.log(back) + 0.55 * np.log(_NAIL))
    colour = _mix(back, palm.astype(np.float32), baked.palm)
    colour *= np.exp(baked.redness[..., None] * (_BLUSH * np.float32(1.2 - look.melanin)))
    mottle = 0.05 * _noise(rng, baked.palm.shape, 14) + 0.035 * _noise(rng, baked.palm.shape, 2)
    colour = _mix(colour * (baked.relief * np.exp(mottle))[..., None], nail.astype(np.float32), baked.nail)
    return np.dstack([np.clip(colour, 0.004, 0.95), 0.06 + 0.12 * baked.nail]).astype(np.float32)


def _over(
    texture: np.ndarray, texels: tuple[np.ndarray, ...], share: np.ndarray, paint: tuple[float, float, float, float]
) -> None:
    """Paint colour and gloss over some texels."""
    much = share[texels][:, None]
    texture[texels] += much * (np.array(paint, np.float32) - texture[texels])


def _gloved(baked: _Baked, colour: Colour, knitted: float, rng: np.random.Generator) -> np.ndarray:
    shape = baked.palm.shape
    shade = 0.08 * _noise(rng, shape, 10) + 0.05 * _noise(rng, shape, 1.5)
    rows = knitted * 0.12 * np.sin(baked.rest @ np.array([150.0, 60.0, 90.0], np.float32))
    albedo = np.array(colour, np.float32) * np.exp(shade + rows)[..., None]
    return np.dstack([np.clip(albedo, 0.004, 0.9), np.full(shape, 0.02 if knitted else 0.10)]).astype(np.float32)


@functools.lru_cache(maxsize=1)
def _baked() -> _Baked:
    """Ask ``hand_skin`` about every texel that shows a hand (about two seconds, then kept)."""
    patch = skin.patches()["hands"]
    height, width = patch.rest.shape[:2]
    maps = np.zeros((5 + 8 + 1, height, width), np.float32)
    maps[2] = 1.0
    for side in ARMS:
        inside, places = _places(side, height, width)
        rows = [palmar(places), nails(places), relief(places) ** _CREASES, redness(places), np.ones(len(places.points))]
        rows += [places.finger(k) for k in range(1, 5)] + [places.along(k, 0) for k in range(1, 5)]
        rows.append(places.points[:, 1])
        maps[:, inside] = np.stack(rows)
    # No edge where the palm's skin ends, least of all at the wrist, where another texture begins.
    maps[0] = cv2.GaussianBlur(maps[0], (0, 0), 5.0) * _step(0.05, 0.35, maps[13])
    return _Baked(maps[0], maps[1], maps[2], maps[3], maps[5:9], maps[9:13], patch.rest)


def _places(side: str, height: int, width: int) -> tuple[np.ndarray, Places]:
    """Return which texels show one hand, and the places they show in the frame of a right hand."""
    body, patch = load_body(), skin.patches()["hands"]
    flip = np.array([1.0 if side == "r" else -1.0, 1.0, 1.0])
    mirrored, rig = body.vertices * flip, Figure(body.vertices).arms[side]
    mine = (body.vertices[patch.triangles][..., 0].mean(axis=1) < 0) == (side == "r")
    triangles, uv = patch.triangles[mine], patch.uv[mine]
    screen = uv.reshape(-1, 2) * (width, -height) + (-0.5, height - 0.5)
    seen, shares = np.full((height, width), -1, np.int32), np.zeros((height, width, 2), np.float32)
    # Turned round: in texture coordinates outside is where the corners run anticlockwise with y upwards.
    cover(screen, np.ones(len(screen)), np.arange(len(screen)).reshape(-1, 3), 0,
          np.zeros((height, width), np.float32), seen, shares)  # fmt: skip
    inside = seen >= 0
    corners = triangles[seen[inside]]
    weight = np.concatenate([1 - shares[inside].sum(axis=1, keepdims=True), shares[inside]], axis=1)
    normals = vertex_normals(body.vertices, body.triangles) * flip
    columns = [1 + 21 * ARMS.index(side) + k for k in range(21)]
    arm = bone_weights()[:, columns]
    bones = np.concatenate([arm[:, :5].sum(axis=1, keepdims=True), arm[:, 5:]], axis=1)
    points = (np.einsum("pc,pcx->px", weight, mirrored[corners]) - rig.wrist) @ rig.frame.T
    facing = np.einsum("pc,pcx->px", weight, normals[corners]) @ rig.frame.T
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    return inside, Places(points, facing, np.einsum("pc,pcb->pb", weight, bones[corners]), rig.joints)


def _noise(rng: np.random.Generator, shape: tuple[int, ...], size: float) -> np.ndarray:
    """Return smooth noise of unit spread with blobs of ``size`` texels."""
    step = max(1.0, size / 2)
    coarse = rng.standard_normal((int(shape[0] / step) + 2, int(shape[1] / step) + 2), np.float32)
    return cv2.resize(cv2.GaussianBlur(coarse, (0, 0), 1.0) * 3.5, shape[::-1], interpolation=cv2.INTER_LINEAR)


def _step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _mix(below: np.ndarray, above: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.asarray(below + (above - below) * share[..., None], np.float32)


def _bright(rng: np.random.Generator) -> Colour:
    return _as_colour(np.exp(rng.uniform(np.log(0.03), np.log(0.8), 3)))


def _as_colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
