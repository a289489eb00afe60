"""What a synthetic person looks like: colours drawn by chance, painted on the surface so that they move with it.

Textures are functions of the place on the neutral mesh (decimetres) plus noise in texture coordinates; no photo is
used. Albedo is linear light, 0 to 1; the fourth channel is gloss.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.data.people.body import SKIN_VERTICES, Body, load_body
from multimodal.data.people.raster import cover

Colour = tuple[float, float, float]

# Windows of MakeHuman's texture square: x0, y0, x1, y1 from the lower left, and texels along the square's side. Where
# windows overlap the first takes the triangle.
_WINDOWS: dict[str, tuple[float, float, float, float, int]] = {
    "head": (0.64, 0.14, 1.00, 0.83, 1536),
    "ears": (0.00, 0.54, 0.16, 0.64, 1024),
    "mouth": (0.75, 0.00, 0.94, 0.14, 512),
    "hands": (0.355, 0.00, 0.77, 0.20, 2048),
    "torso": (0.00, 0.14, 0.77, 1.00, 1024),
}

_MELANIN = np.array([0.0, 0.35, 0.6, 0.8, 1.0])
_TONES = np.log(
    [[0.74, 0.50, 0.39], [0.60, 0.37, 0.25], [0.38, 0.20, 0.115], [0.20, 0.095, 0.055], [0.085, 0.042, 0.028]]
)
_HAIR = ((0.012, 0.010, 0.009), (0.035, 0.020, 0.012), (0.11, 0.055, 0.025), (0.33, 0.20, 0.085), (0.35, 0.34, 0.33))
_IRIS = ((0.045, 0.020, 0.008), (0.10, 0.050, 0.018), (0.12, 0.11, 0.04), (0.10, 0.17, 0.24), (0.13, 0.16, 0.15))
_MASKS = ((0.70, 0.78, 0.86), (0.30, 0.55, 0.70), (0.02, 0.02, 0.025), (0.82, 0.82, 0.80), (0.62, 0.70, 0.66))


@dataclass(frozen=True)
class Look:
    """How a person looks; colours are linear albedo.

    Attributes:
        melanin: Skin tone, 0 lightest to 1 darkest.
        blush: Redness of cheeks, nose and lips, 0 to 1.
        brow, brow_density, brow_lift: Colour; how full, 0 to 1; how far above the usual place, dm.
        stubble, freckles: How much, 0 to 1.
        hair: Colour; hair_length: how far it stands off, dm, 0 for a shaved head; hairline: height, dm.
        iris, cloth, mask: Colours.
        collar: Height of the clothes' neckline, dm.
        seed: For pores, strands and the like.
    """

    melanin: float
    blush: float
    brow: Colour
    brow_density: float
    brow_lift: float
    stubble: float
    freckles: float
    hair: Colour
    hair_length: float
    hairline: float
    iris: Colour
    cloth: Colour
    collar: float
    mask: Colour
    seed: int

    @property
    def tone(self) -> Float[np.ndarray, "3"]:
        """Linear albedo of plain skin."""
        return np.exp([np.interp(self.melanin, _MELANIN, _TONES[:, k]) for k in range(3)]).astype(np.float32)


@dataclass(frozen=True)
class Patch:
    """A part of the skin with a texture of its own.

    Attributes:
        triangles: Vertex numbers in the body mesh.
        uv: Texture coordinates in the patch's texture, 0 to 1, origin at the lower left.
        rest: ``[h, w, 3]``, the place on the neutral mesh that each texel shows, dm.
    """

    triangles: Int[np.ndarray, "triangles 3"]
    uv: Float[np.ndarray, "triangles 3 2"]
    rest: Float[np.ndarray, "h w 3"]


def sample_look(rng: np.random.Generator) -> Look:
    """Draw a look; skin tones are spread evenly from light to dark."""
    melanin = float(rng.random())
    # Fair and grey hair is left to light skin, as a rule.
    hair = _HAIR[int(rng.choice(5, p=(0.3, 0.3, 0.2, 0.1, 0.1) if melanin < 0.5 else (0.6, 0.3, 0.05, 0, 0.05)))]
    iris = _IRIS[int(rng.choice(5, p=(0.25, 0.25, 0.15, 0.2, 0.15) if melanin < 0.4 else (0.6, 0.35, 0.05, 0, 0)))]
    cloth = np.exp(rng.uniform(np.log(0.03), np.log(0.7))) * rng.uniform(0.5, 1.0, 3)
    return Look(
        melanin=melanin,
        blush=float(rng.uniform(0.2, 1.0)),
        brow=_as_colour(np.array(hair) * rng.uniform(0.5, 1.0)),
        brow_density=float(rng.uniform(0.55, 1.0)),
        brow_lift=float(rng.normal(0, 0.012)),
        stubble=float(rng.choice([0.0, rng.uniform(0.1, 0.8)], p=[0.65, 0.35])),
        freckles=float(rng.choice([0.0, rng.random()], p=[0.7, 0.3])),
        hair=hair,
        hair_length=float(rng.choice([0.0, rng.uniform(0.06, 0.28)], p=[0.12, 0.88])),
        hairline=float(rng.normal(7.93, 0.05)),
        iris=iris,
        cloth=_as_colour(cloth),
        collar=float(rng.uniform(5.3, 5.75)),
        mask=_MASKS[int(rng.integers(len(_MASKS)))],
        seed=int(rng.integers(2**31)),
    )


@functools.lru_cache(maxsize=1)
def patches() -> dict[str, Patch]:
    """Return the skin cut into its textured parts; which place each texel shows is the same for all people."""
    body, cut = load_body(), {}
    free = np.ones(len(body.triangles), bool)
    # The arms' texture reaches into the head's window.
    arms = body.vertices[body.triangles, 1].mean(axis=1) < 4.5
    for name, window in _WINDOWS.items():
        inside = _in_window(body, window) & free & ~(arms & (name == "head"))
        cut[name], free = _cut(body, window, inside), free & ~inside
    return cut


def paint(name: str, look: Look) -> Float[np.ndarray, "h w 4"]:
    """Paint the texture of one patch of one person: albedo and gloss."""
    rest = patches()[name].rest
    noise = _Noise(look.seed, (rest.shape[0], rest.shape[1]))
    if name == "mouth":
        return _layer(np.broadcast_to(_rgb((0.16, 0.04, 0.035)), rest.shape), 0.2)
    albedo = _skin(rest, look, noise)
    gloss = np.full(rest.shape[:2], 0.10, np.float32) + 0.012 * noise.at(2.0)
    if name == "head":
        albedo, gloss = _paint_face(albedo, gloss, rest, look, noise)
    if name in ("torso", "head"):
        albedo, gloss = _paint_cloth(albedo, gloss, rest, look, noise)
    if name == "hands":
        albedo = _paint_nails(albedo, rest, look)
    return np.dstack([np.clip(albedo, 0.004, 0.95), np.clip(gloss, 0.0, 1.0)]).astype(np.float32)


def paint_eye(look: Look, size: int = 192) -> Float[np.ndarray, "size size 4"]:
    """Paint an eyeball as seen from ahead: the texture's middle is the pupil, its rim the eye's equator."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / (size - 1) * 2 - 1
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    noise = _Noise(look.seed + 7, (size, size))
    rays = 0.75 + 0.35 * np.sin(angle * 23 + 3 * noise.at(6.0)) * np.sin(angle * 9 + 1) + 0.2 * noise.at(1.5)
    iris = _rgb(look.iris) * np.clip(rays, 0.3, 1.6)[..., None]
    iris *= (1.0 + 0.8 * _step(0.36, 0.18, radius) - 0.65 * _step(0.34, 0.42, radius))[..., None]
    white = _rgb((0.66, 0.62, 0.60)) * (1 - 0.25 * _step(0.5, 1.0, radius))[..., None]
    white = white * (1 + 0.04 * noise.at(5.0)[..., None] * _rgb((0.3, 1.0, 1.0)))
    albedo = _mix(white, iris, _step(0.43, 0.39, radius))
    albedo = _mix(albedo, _rgb((0.004, 0.004, 0.004)), _step(0.175, 0.145, radius))
    return _layer(albedo, 0.9)


def paint_hair(look: Look, height: int = 256, width: int = 1024) -> Float[np.ndarray, "height width 4"]:
    """Paint strands that run from the top of the texture to its bottom."""
    rng = np.random.default_rng(look.seed + 11)
    strands = sum(
        _unit(cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), s, sigmaY=40.0)) * a
        for s, a in ((0.8, 0.5), (3.0, 0.4), (9.0, 0.3))
    )
    albedo = _rgb(look.hair) * np.exp(0.55 * strands)[..., None]
    return _layer(np.clip(albedo, 0.002, 0.8), 0.06)


def paint_mask(look: Look, size: int = 384) -> Float[np.ndarray, "size size 4"]:
    """Paint a face mask's cloth: pleats, weave, a seam around. Texture x and y are the place on the face."""
    y = np.mgrid[0:size, 0:size][0].astype(np.float32) / size
    noise = _Noise(look.seed + 13, (size, size))
    pleats = sum(np.exp(-(((y - row) / 0.012) ** 2)) for row in (0.36, 0.50, 0.64))
    relief = 1 - 0.22 * pleats + 0.05 * noise.at(0.7) + 0.05 * noise.at(14.0)
    return _layer(_rgb(look.mask) * relief[..., None], 0.03)


def scalp(rest: Float[np.ndarray, "*shape 3"], look: Look) -> Float[np.ndarray, "*shape"]:
    """Return how far (dm) a place lies inside the hair: positive on the scalp, negative on the face and the ears."""
    x, y, z = np.abs(rest[..., 0]), rest[..., 1], rest[..., 2]
    top = look.hairline
    places, rows = [-1.0, -0.4, -0.1, 0.30, 0.52, 0.95, 1.35], [6.4, 6.4, 6.9, 7.0, 7.5, top - 0.12, top]
    # The hairline swings back over the temples.
    along = z + 0.5 * np.maximum(0, 0.5 - x) * (z > 0.8)
    slope = np.interp(along, places[:-1], np.diff(rows) / np.diff(places))
    inside = (y - np.interp(along, places, rows)) / np.sqrt(1 + slope**2)
    ear = np.hypot(y - 7.07, 0.8 * (z - 0.12)) - 0.36
    return np.asarray(np.where(x > 0.5, np.minimum(inside, ear), inside), np.float32)


class _Noise:
    """Smooth noise over a texture, of unit spread; the same seed and shape give the same noise."""

    def __init__(self, seed: int, shape: tuple[int, int]) -> None:
        self._rng = np.random.default_rng(seed)
        self._shape = shape

    def at(self, sigma: float, stretch: float = 1.0) -> np.ndarray:
        """Return noise with blobs of ``sigma`` texels, ``stretch`` times as long along the texture's rows.

        On the head the rows of the texture run up and down the face.
        """
        shrink = max(1, int(sigma / 2))
        size = (self._shape[0] // shrink + 1, self._shape[1] // shrink + 1)
        noise = cv2.GaussianBlur(
            self._rng.standard_normal(size, np.float32), (0, 0), sigma * stretch / shrink, sigmaY=sigma / shrink
        )
        return _unit(cv2.resize(noise, self._shape[::-1], interpolation=cv2.INTER_LINEAR))


def _skin(rest: np.ndarray, look: Look, noise: _Noise) -> np.ndarray:
    mottle = 0.035 * noise.at(24.0) + 0.03 * noise.at(6.0) + 0.035 * noise.at(1.2)
    red = 0.03 * noise.at(12.0)
    shift = np.dstack([mottle + 0.4 * red, mottle - red, mottle - red])
    return np.asarray(look.tone * np.exp(shift), np.float32)


def _paint_face(
    albedo: np.ndarray, gloss: np.ndarray, rest: np.ndarray, look: Look, noise: _Noise
) -> tuple[np.ndarray, np.ndarray]:
    x, y, z = np.abs(rest[..., 0]), rest[..., 1], rest[..., 2]
    front = _step(0.5, 0.9, z)
    blush = look.blush * front * (0.5 * _spot(x, y, 0.52, 6.88, 0.20) + 0.6 * _spot(x, y, 0.0, 6.9, 0.13))
    albedo = albedo * np.exp(blush[..., None] * _rgb((0.02, -0.28, -0.26)) * (1.2 - look.melanin))
    socket = front * (0.5 * _spot(x, y, 0.28, 7.14, 0.11) + 0.35 * _spot(x, y, 0.30, 7.38, 0.10))
    albedo = albedo * np.exp(-0.45 * socket[..., None] * _rgb((0.6, 0.9, 0.8)))
    freckles = _step(1.3, 2.2, noise.at(1.6)) * look.freckles * front * _spot(x, y, 0.35, 6.95, 0.35)
    albedo = _mix(albedo, albedo * _rgb((0.62, 0.48, 0.40)), freckles)
    beard = (
        np.maximum(_spot(x, y, 0.0, 6.25, 0.42), 0.8 * _spot(x, y, 0.0, 6.80, 0.16)) * _step(0.3, 0.7, z) * (y < 6.92)
    )
    dots = np.clip(0.45 + 0.4 * noise.at(0.9), 0, 1) * look.stubble * _step(0.25, 0.6, beard)
    albedo = _mix(albedo, _rgb(look.brow), 0.75 * dots)
    shine = front * (
        0.08 * _spot(x, y, 0, 7.7, 0.3) + 0.12 * _spot(x, y, 0, 7.0, 0.12) + 0.06 * _spot(x, y, 0.5, 7.0, 0.2)
    )
    gloss = gloss + shine
    albedo, gloss = _paint_lips(albedo, gloss, x, y, z, look, noise)
    albedo = _mix(albedo, _rgb(look.brow), _brow(x, y, z, look, noise))
    albedo = _mix(albedo, albedo * _rgb((0.22, 0.17, 0.16)), _lid_rim(rest))
    edge = scalp(rest, look) + 0.03 * noise.at(1.0, 6.0)
    cover_ = _step(-0.04, 0.05, edge) * (0.95 if look.hair_length > 0 else 0.55)
    return _mix(albedo, _rgb(look.hair), cover_), gloss * (1 - 0.8 * cover_)


def _paint_lips(
    albedo: np.ndarray, gloss: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray, look: Look, noise: _Noise
) -> tuple[np.ndarray, np.ndarray]:
    arch = np.sqrt(np.clip(1 - (x / 0.285) ** 2, 0, 1))
    top = 6.602 + 0.098 * arch**1.3 - 0.018 * np.exp(-((x / 0.035) ** 2))
    low = 6.598 - 0.115 * arch
    inside = _step(-0.016, 0.010, np.minimum(top - y, y - low)) * (x < 0.29) * _step(1.15, 1.25, z)
    lips = look.tone * _rgb((0.86, 0.50, 0.52)) + _rgb((0.03, 0.0, 0.005)) * look.blush
    creases = 1 + 0.10 * noise.at(1.0, 3.0)[..., None]
    # Where the lips meet they are dark, so that the line of the mouth shows.
    line = np.exp(-(((y - 6.6) / 0.018) ** 2)) * _step(1.46, 1.38, z)
    creases = creases * (1 - 0.5 * line[..., None])
    return _mix(albedo, lips * creases, 0.85 * inside), gloss + 0.12 * inside


def _brow(x: np.ndarray, y: np.ndarray, z: np.ndarray, look: Look, noise: _Noise) -> np.ndarray:
    spine = np.interp(x, [0.08, 0.14, 0.40, 0.60], [7.478, 7.49, 7.535, 7.48]) + look.brow_lift
    half = np.interp(x, [0.08, 0.16, 0.38, 0.60], [0.030, 0.042, 0.032, 0.008])
    strands = 0.25 * noise.at(0.9, 2.5) + 0.12 * noise.at(1.8, 1.5)
    # Strands roughen the edge as well as the inside.
    inside = _step(1.25, 0.55, np.abs(y - spine) / half + 0.5 * strands)
    ends = _step(0.08, 0.15, x) * _step(0.62, 0.52, x) * (z > 0.9)
    return np.clip(inside * ends * look.brow_density * (0.9 + strands), 0, 0.97)


def _lid_rim(rest: np.ndarray) -> np.ndarray:
    """Lashes: dark along the edge of the lids, which hug the eyeball; the upper lid more than the lower."""
    centre = _rgb((0.308, 7.284, 1.245))
    away = np.dstack([np.abs(rest[..., 0]), rest[..., 1], rest[..., 2]]) - centre
    distance = np.sqrt((away**2).sum(axis=-1))
    near = _step(0.186, 0.168, distance) * (away[..., 2] > 0)
    upper = _step(-0.03, 0.02, away[..., 1])
    return np.asarray(near * (0.35 + 0.6 * upper))


def _paint_cloth(
    albedo: np.ndarray, gloss: np.ndarray, rest: np.ndarray, look: Look, noise: _Noise
) -> tuple[np.ndarray, np.ndarray]:
    inside = _step(-0.012, 0.012, _cloth_depth(rest, look))
    weave = 1 + 0.05 * noise.at(0.8) + 0.06 * noise.at(10.0)
    hem = 1 - 0.3 * np.exp(-(((_cloth_depth(rest, look) - 0.10) / 0.012) ** 2))
    return _mix(albedo, _rgb(look.cloth) * (weave * hem)[..., None], inside), gloss * (1 - 0.9 * inside)


def _cloth_depth(rest: np.ndarray, look: Look) -> np.ndarray:
    """Return how far (dm) outside a round neckline a place lies: deeper in front than behind."""
    x, y, z = np.abs(rest[..., 0]), rest[..., 1], rest[..., 2]
    ring = np.sqrt((x / 0.78) ** 2 + ((z - 0.1) / 0.95) ** 2)
    height = y - look.collar + 0.3 * z
    return np.asarray(np.where(y < 6.0, np.maximum(0.5 * (ring - 1.0), -height), -1.0))


def _paint_nails(albedo: np.ndarray, rest: np.ndarray, look: Look) -> np.ndarray:
    reach = _step(4.9, 4.97, np.abs(rest[..., 0]))
    return _mix(albedo, np.minimum(look.tone * _rgb((1.12, 0.98, 0.95)), 0.9), 0.5 * reach)


def _in_window(body: Body, window: tuple[float, float, float, float, int]) -> Bool[np.ndarray, "triangles"]:
    middle = body.uv.mean(axis=1)
    return np.asarray((middle > window[:2]).all(axis=1) & (middle < window[2:4]).all(axis=1))


def _cut(body: Body, window: tuple[float, float, float, float, int], inside: Bool[np.ndarray, "triangles"]) -> Patch:
    x0, y0, x1, y1, side = window
    triangles = body.triangles[inside]
    uv = ((body.uv[inside] - (x0, y0)) / (x1 - x0, y1 - y0)).astype(np.float32)
    shape = (round((y1 - y0) * side), round((x1 - x0) * side))
    return Patch(triangles, uv, _rest_map(body.vertices[:SKIN_VERTICES], triangles, uv, shape))


def _rest_map(vertices: np.ndarray, triangles: np.ndarray, uv: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Draw the mesh flat in its texture; texels outside take over from the nearest inside."""
    height, width = shape
    screen = uv.reshape(-1, 2) * (width, -height) + (-0.5, height - 0.5)
    corners = np.arange(len(screen)).reshape(-1, 3)
    seen, weights = np.full(shape, -1, np.int32), np.zeros((*shape, 2), np.float32)
    # Turned round: in texture coordinates outside is where the corners run anticlockwise with y upwards.
    cover(screen, np.ones(len(screen)), corners, 0, np.zeros(shape, np.float32), seen, weights)
    hit = seen >= 0
    share = np.concatenate([1 - weights.sum(axis=2, keepdims=True), weights], axis=2)
    rest = (vertices[triangles[np.maximum(seen, 0)]] * share[..., None]).sum(axis=2)
    return np.asarray(rest[_nearest(hit)], np.float32)


def _nearest(hit: Bool[np.ndarray, "h w"]) -> tuple[np.ndarray, np.ndarray]:
    """Return for every texel the row and column of the nearest texel that was hit."""
    _, labels = cv2.distanceTransformWithLabels((~hit).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(hit)
    lookup = np.zeros((labels.max() + 1, 2), np.int64)
    lookup[labels[rows, columns]] = np.stack([rows, columns], axis=1)
    return lookup[labels][..., 0], lookup[labels][..., 1]


def _spot(x: np.ndarray, y: np.ndarray, cx: float, cy: float, radius: float) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * ((x - cx) ** 2 + (y - cy) ** 2) / radius**2))


def _step(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """Smooth step: 0 at ``low``, 1 at ``high``, whichever is larger."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _mix(below: np.ndarray, above: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.asarray(below + (above - below) * share[..., None], np.float32)


def _layer(albedo: np.ndarray, gloss: float) -> np.ndarray:
    return np.dstack([albedo, np.full(albedo.shape[:2], gloss)]).astype(np.float32)


def _unit(noise: np.ndarray) -> np.ndarray:
    return np.asarray((noise - noise.mean()) / (noise.std() + 1e-9), np.float32)


def _rgb(values: Sequence[float]) -> np.ndarray:
    return np.array(values, np.float32)


def _as_colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
