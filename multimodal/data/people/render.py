"""Camera, light and picture: meshes in, RGB frames out.

The camera is a pinhole that looks along -z; since its projection is known, so is the true place of every vertex in
the picture, and with two frames the true optical flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from multimodal.data.people.raster import cover, shade


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along -z.

    Attributes:
        place: Where it is, dm.
        focal: Focal length, pixels.
        width, height: Size of the picture, pixels; the optical axis meets its middle.
    """

    place: tuple[float, float, float]
    focal: float
    width: int
    height: int

    def project(self, points: Float[np.ndarray, "*lead 3"]) -> Float[np.ndarray, "*lead 2"]:
        """Return where points appear in the picture: x, y in pixels, origin at the middle of the top left pixel."""
        distance = self.distance(points)
        x = (self.width - 1) / 2 + self.focal * (points[..., 0] - self.place[0]) / distance
        y = (self.height - 1) / 2 - self.focal * (points[..., 1] - self.place[1]) / distance
        return np.stack([x, y], axis=-1)

    def distance(self, points: Float[np.ndarray, "*lead 3"]) -> Float[np.ndarray, "*lead"]:
        """Return how far points lie before the camera, dm along its axis."""
        return np.asarray(self.place[2] - points[..., 2])

    def enlarged(self, factor: int) -> Camera:
        """Return the same view with ``factor`` times as many pixels each way."""
        return Camera(self.place, self.focal * factor, self.width * factor, self.height * factor)


@dataclass(frozen=True)
class Part:
    """Triangles of one mesh that share a texture.

    Attributes:
        triangles: Vertex numbers, anticlockwise seen from outside.
        uv: Texture coordinates of their corners, 0 to 1, origin at the lower left.
        texture: Linear albedo and gloss.
        surface: Softness 0 to 1, shininess exponent, redness of light that wraps round.
    """

    triangles: Int[np.ndarray, "triangles 3"]
    uv: Float[np.ndarray, "triangles 3 2"]
    texture: Float[np.ndarray, "h w 4"]
    surface: tuple[float, float, float] = (0.3, 20.0, 0.0)


@dataclass(frozen=True)
class Mesh:
    """Vertices in the world with smooth normals, and the parts that are stretched over them.

    Attributes:
        vertices: dm.
        normals: Unit length, outwards.
        open_sky: 0 hidden from all around to 1 open.
        parts: What is drawn.
    """

    vertices: Float[np.ndarray, "vertices 3"]
    normals: Float[np.ndarray, "vertices 3"]
    open_sky: Float[np.ndarray, "vertices"]
    parts: Sequence[Part]


@dataclass(frozen=True)
class Lighting:
    """Light from the sky (from all around, more from above) and from lamps.

    Attributes:
        sky: Linear colour.
        lamps: ``[lamps, 6]``: unit direction towards the lamp, linear colour.
        exposure: What linear light is multiplied by.
    """

    sky: tuple[float, float, float] = (0.45, 0.45, 0.48)
    lamps: Float[np.ndarray, "lamps 6"] = field(
        default_factory=lambda: np.array(
            [[-0.5, 0.5, 0.7, 0.9, 0.85, 0.78], [0.8, 0.1, 0.6, 0.25, 0.27, 0.3]], np.float32
        )
    )
    exposure: float = 1.0

    def table(self) -> Float[np.ndarray, "lights 6"]:
        """Return the rows that ``shade`` takes."""
        return np.concatenate([np.array([[0, 1, 0, *self.sky]], np.float32), self.lamps]).astype(np.float32)


def sample_lighting(rng: np.random.Generator) -> Lighting:
    """Draw a room's light: a key lamp from any side in front, a weaker fill, sky, exposure and warmth."""
    warm = float(rng.normal(0, 0.08))
    tint = np.array([1 + warm, 1.0, 1 - warm])
    key, fill = _direction(rng, 1.0), _direction(rng, 0.3)
    lamps = [[*key, *(tint * rng.uniform(0.4, 1.0))], [*fill, *(tint[::-1] * rng.uniform(0.05, 0.35))]]
    sky = tint[::-1] * rng.uniform(0.3, 0.65)
    return Lighting((sky[0], sky[1], sky[2]), np.array(lamps, np.float32), float(rng.uniform(0.85, 1.2)))


def render(
    meshes: Sequence[Mesh],
    camera: Camera,
    lighting: Lighting,
    background: Float[np.ndarray, "height width 3"],
    supersample: int = 1,
) -> Float[np.ndarray, "height width 3"]:
    """Draw meshes before a background.

    Args:
        meshes: What is seen; the nearest wins.
        camera, lighting: How it is seen.
        background: Linear light.
        supersample: Each pixel is the mean of this many squared; 2 makes edges smooth at four times the cost.

    Returns:
        Linear light, ``[height, width, 3]``.
    """
    view = camera.enlarged(supersample) if supersample > 1 else camera
    shape = (view.height, view.width)
    z_buffer, seen = np.zeros(shape, np.float32), np.full(shape, -1, np.int32)
    weights = np.zeros((*shape, 2), np.float32)
    offsets = _cover_all(meshes, view, z_buffer, seen, weights)
    image = cv2.resize(background, shape[::-1], interpolation=cv2.INTER_LINEAR)
    lights, place = lighting.table(), np.array(camera.place, np.float32)
    for mesh, part, first in offsets:
        surface = np.array(part.surface, np.float32)
        shade(image, seen, weights, first, part.triangles, part.uv, mesh.vertices, mesh.normals, mesh.open_sky,
              part.texture, lights, surface, place)  # fmt: skip
    if supersample > 1:
        image = cv2.resize(image, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return image * np.float32(lighting.exposure)


def develop(
    light: Float[np.ndarray, "height width 3"], rng: np.random.Generator | None = None, noise: float = 1.0
) -> UInt8[np.ndarray, "height width 3"]:
    """Turn linear light into what a camera gives: sensor noise, a soft shoulder, the sRGB curve, 8 bit.

    Args:
        light: Linear, 1 is white.
        rng: Where the noise comes from; None for none.
        noise: Its strength; 1 is an ordinary webcam in a lit room.
    """
    if rng is not None:
        grain = rng.standard_normal(light.shape, np.float32)
        light = light + np.float32(noise) * np.sqrt(np.maximum(light, 0) * 8e-5 + 4e-6) * grain
    light = np.maximum(light, 0)
    # Below .6 straight, above it bent so that highlights do not clip at once.
    light = np.where(light > 0.6, 0.6 + 0.4 * np.tanh((light - 0.6) / 0.4 * 0.9), light)
    table_place = np.clip(light * 4095, 0, 4095).astype(np.uint16)
    return _SRGB[table_place]


def sample_background(rng: np.random.Generator, width: int, height: int) -> Float[np.ndarray, "height width 3"]:
    """Draw an out-of-focus room: a wall with a gradient, and blurred upright and lying shapes. Linear light."""
    base = np.exp(rng.uniform(np.log(0.08), np.log(0.6))) * rng.uniform(0.8, 1.1, 3)
    room = np.ones((height, width, 3), np.float32) * base.astype(np.float32)
    room *= np.interp(np.arange(width), (0, width - 1), rng.uniform(0.8, 1.2, 2)).astype(np.float32)[None, :, None]
    for _ in range(int(rng.integers(2, 8))):
        x, y = rng.uniform(-0.1, 1.0, 2) * (width, height)
        w, h = rng.uniform(0.05, 0.5, 2) * (width, height)
        colour = base * np.exp(rng.normal(0, 0.5)) * rng.uniform(0.7, 1.2, 3)
        cv2.rectangle(room, (int(x), int(y)), (int(x + w), int(y + h)), colour.tolist(), -1)
    return np.clip(cv2.GaussianBlur(room, (0, 0), float(rng.uniform(0.01, 0.04)) * width), 0.01, 1.2)


def open_sky(
    vertices: Float[np.ndarray, "vertices 3"],
    normals: Float[np.ndarray, "vertices 3"],
    triangles: Int[np.ndarray, "triangles 3"],
    directions: int = 40,
) -> Float[np.ndarray, "vertices"]:
    """Return how much of the sky each vertex sees past the mesh itself (ambient occlusion), 0 to 1.

    The mesh is drawn from many directions; a vertex is open to those in whose drawing it lies in front. Weighted by
    the cosine to its normal.
    """
    lit, total = np.zeros(len(vertices)), np.full(len(vertices), 1e-6)
    for direction in _spread(directions):
        cosine = np.maximum(normals @ direction, 0)
        lit += cosine * _in_front(vertices, triangles, direction)
        total += cosine
    return (lit / total).astype(np.float32)


def _cover_all(
    meshes: Sequence[Mesh], view: Camera, z_buffer: np.ndarray, seen: np.ndarray, weights: np.ndarray
) -> list[tuple[Mesh, Part, int]]:
    first, offsets = 0, []
    for mesh in meshes:
        screen, depth = view.project(mesh.vertices), view.distance(mesh.vertices)
        for part in mesh.parts:
            cover(screen, depth, part.triangles, first, z_buffer, seen, weights)
            offsets.append((mesh, part, first))
            first += len(part.triangles)
    return offsets


def _in_front(vertices: np.ndarray, triangles: np.ndarray, direction: np.ndarray, size: int = 192) -> np.ndarray:
    side = np.cross(direction, (0.31, 0.2, 0.93) if abs(direction[1]) > 0.8 else (0, 1, 0))
    side /= np.linalg.norm(side)
    flat = vertices @ np.stack([side, -np.cross(direction, side)], axis=1)
    low, high = flat.min(axis=0), flat.max(axis=0)
    screen = (flat - low) / (high - low).max() * (size - 1)
    # Far enough away that the projection is as good as parallel and inverse distance as good as distance.
    depth = 1000.0 - vertices @ direction
    z_buffer, seen = np.zeros((size, size), np.float32), np.full((size, size), -1, np.int32)
    cover(screen, depth, triangles, 0, z_buffer, seen, np.zeros((size, size, 2), np.float32))
    nearest = 1.0 / np.maximum(z_buffer, 1e-9)
    x, y = np.round(screen).astype(int).T
    return depth - nearest[y, x] < 0.05


def _spread(count: int) -> np.ndarray:
    """Return directions spread evenly over the sphere (Fibonacci), those from far below left out."""
    k = np.arange(count) + 0.5
    height, turn = 1 - 1.6 * k / count, k * np.pi * (1 + 5**0.5)
    flat = np.sqrt(1 - height**2)
    return np.stack([flat * np.cos(turn), height, flat * np.sin(turn)], axis=1)


def _direction(rng: np.random.Generator, spread: float) -> np.ndarray:
    direction = np.array([rng.uniform(-spread, spread), rng.uniform(0.0, 0.8), rng.uniform(0.4, 1.0)])
    return np.asarray(direction / np.linalg.norm(direction))


def _srgb_table() -> np.ndarray:
    linear = np.linspace(0, 1, 4096)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(curved * 255).astype(np.uint8)


_SRGB = _srgb_table()
