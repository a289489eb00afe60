"""Light on skin and cloth, pixel by pixel: as ``raster.shade``, with clothes over the skin and a cast shadow.

Compiled by numba in memory when first needed (some seconds).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int

from multimodal.data.people.raster import cover

_SHADOW_SIZE = 512
_FAR = 1000.0


@dataclass(frozen=True)
class Layer:
    """Triangles with one texture, whose vertices may lie under a cloth.

    Attributes:
        triangles: ``[T, 3]``, vertex numbers, anticlockwise seen from outside.
        uv: ``[T, 3, 2]``, texture coordinates, 0 to 1, origin at the lower left.
        texture: ``[h, w, 4]``, linear albedo and gloss.
        surface: Softness 0 to 1, shininess exponent, redness of light that wraps round.
    """

    triangles: Int[np.ndarray, "triangles 3"]
    uv: Float[np.ndarray, "triangles 3 2"]
    texture: Float[np.ndarray, "h w 4"]
    surface: tuple[float, float, float]

    def moved_by(self, count: int) -> Layer:
        """Return it for vertices that stand ``count`` places later in their table."""
        return replace(self, triangles=self.triangles + count)


@dataclass(frozen=True)
class Shadow:
    """What a far lamp sees.

    Attributes:
        nearest: Inverse distance from the lamp, 0 where it meets nothing.
        view: ``[3, 4]``: column, row and distance of a place, from its x, y, z, 1.
        soft: How far a shadow's edge spreads, dm.
    """

    nearest: Float[np.ndarray, "side side"]
    view: Float[np.ndarray, "3 4"]
    soft: float


def cast(
    vertices: Float[np.ndarray, "vertices 3"],
    triangles: Int[np.ndarray, "triangles 3"],
    lamp: Float[np.ndarray, "3"],
    middle: Float[np.ndarray, "3"],
    reach: float,
    soft: float,
) -> Shadow:
    """Draw what a lamp in the direction ``lamp`` sees within ``reach`` dm about ``middle``."""
    side = np.cross(lamp, (0.31, 0.2, 0.93) if abs(lamp[1]) > 0.8 else (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    down = np.cross(side, lamp)
    scale, half = (_SHADOW_SIZE - 1) / (2 * reach), (_SHADOW_SIZE - 1) / 2
    view = np.zeros((3, 4))
    view[0, :3], view[1, :3], view[2, :3] = side * scale, down * scale, -lamp
    view[:, 3] = (half - view[0, :3] @ middle, half - view[1, :3] @ middle, _FAR)
    seen = vertices @ view[:, :3].T + view[:, 3]
    nearest = np.zeros((_SHADOW_SIZE, _SHADOW_SIZE), np.float32)
    cover(seen[:, :2], seen[:, 2], triangles, 0, nearest, np.zeros(nearest.shape, np.int32),
          np.zeros((*nearest.shape, 2), np.float32))  # fmt: skip
    return Shadow(nearest, view.astype(np.float32), soft)


def light(
    image: Float[np.ndarray, "height width 3"],
    seen: Int[np.ndarray, "height width"],
    weights: Float[np.ndarray, "height width 2"],
    first: int,
    layer: Layer,
    vertices: Float[np.ndarray, "vertices 10"],
    cloth: Float[np.ndarray, "rows columns 3"],
    lights: Float[np.ndarray, "lights 6"],
    shadow: Shadow,
    eye: Float[np.ndarray, "3"],
) -> None:
    """Light the pixels in which a layer is seen.

    Args:
        image: Linear light; changed.
        seen, weights: As ``raster.cover`` left them; ``first`` is the number of the layer's first triangle.
        layer: What is lit.
        vertices: Of each vertex place (3), unit normal (3), open sky, how far inside the clothes (dm, negative
            outside), and where on the cloth (2, in tiles).
        cloth: Albedo of the tile of which the clothes are made.
        lights: As in ``raster.shade``; the second row, the key, casts the shadow.
        shadow: What the key lamp sees.
        eye: The camera's place.
    """
    surface = np.array(layer.surface)
    floats = (layer.uv, vertices, layer.texture, cloth, lights, surface, shadow.nearest, shadow.view, eye)
    _light(image, seen, weights, first, np.ascontiguousarray(layer.triangles, np.int64), float(shadow.soft),
           *(np.ascontiguousarray(array, np.float32) for array in floats))  # fmt: skip


@numba.njit(nogil=True, fastmath=True, inline="always")
@no_type_check  # the tests' shape checks wrap plain functions, which numba cannot compile
def _lit_share(view: np.ndarray, nearest: np.ndarray, x: float, y: float, z: float, soft: float) -> float:
    """Return how much of the key lamp a place sees: eight looks about it."""
    column = view[0, 0] * x + view[0, 1] * y + view[0, 2] * z + view[0, 3]
    row = view[1, 0] * x + view[1, 1] * y + view[1, 2] * z + view[1, 3]
    distance = view[2, 0] * x + view[2, 1] * y + view[2, 2] * z + view[2, 3]
    spread = soft * math.sqrt(view[0, 0] ** 2 + view[0, 1] ** 2 + view[0, 2] ** 2)
    lit = 0.0
    for k in range(8):
        away = spread * (0.35 + 0.65 * (k % 2))
        u = int(column + away * math.cos(0.785398 * k) + 0.5)
        v = int(row + away * math.sin(0.785398 * k) + 0.5)
        inside = u >= 0 and v >= 0 and u < nearest.shape[1] and v < nearest.shape[0]
        # A little behind what the lamp meets is still its own surface.
        if not inside or nearest[v, u] * (distance - 0.09) < 1.0:
            lit += 0.125
    return lit


@numba.njit(nogil=True, fastmath=True)
@no_type_check  # as above
def _light(
    image: np.ndarray,
    seen: np.ndarray,
    weights: np.ndarray,
    first: int,
    triangles: np.ndarray,
    soft_edge: float,
    uv: np.ndarray,
    vertices: np.ndarray,
    texture: np.ndarray,
    cloth: np.ndarray,
    lights: np.ndarray,
    surface: np.ndarray,
    nearest: np.ndarray,
    view: np.ndarray,
    eye: np.ndarray,
) -> None:
    height, width = seen.shape
    rows, columns = texture.shape[0], texture.shape[1]
    place = np.zeros(10, np.float32)
    albedo = np.zeros(4, np.float32)
    for y in range(height):
        for x in range(width):
            t = seen[y, x] - first
            if t < 0 or t >= triangles.shape[0]:
                continue
            wb, wc = weights[y, x, 0], weights[y, x, 1]
            wa = 1.0 - wb - wc
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            for k in range(10):
                place[k] = wa * vertices[a, k] + wb * vertices[b, k] + wc * vertices[c, k]
            scale = 1.0 / math.sqrt(place[3] ** 2 + place[4] ** 2 + place[5] ** 2 + 1e-12)
            nx, ny, nz = place[3] * scale, place[4] * scale, place[5] * scale
            vx, vy, vz = eye[0] - place[0], eye[1] - place[1], eye[2] - place[2]
            scale = 1.0 / math.sqrt(vx * vx + vy * vy + vz * vz + 1e-12)
            vx, vy, vz = vx * scale, vy * scale, vz * scale
            sky = place[6]
            # The texture, between its four nearest texels.
            tu = (wa * uv[t, 0, 0] + wb * uv[t, 1, 0] + wc * uv[t, 2, 0]) * columns - 0.5
            tv = (1.0 - (wa * uv[t, 0, 1] + wb * uv[t, 1, 1] + wc * uv[t, 2, 1])) * rows - 0.5
            u0, v0 = math.floor(tu), math.floor(tv)
            fu, fv = tu - u0, tv - v0
            i0, i1 = max(0, min(columns - 1, u0)), max(0, min(columns - 1, u0 + 1))
            j0, j1 = max(0, min(rows - 1, v0)), max(0, min(rows - 1, v0 + 1))
            for k in range(4):
                above = (1 - fu) * texture[j0, i0, k] + fu * texture[j0, i1, k]
                below = (1 - fu) * texture[j1, i0, k] + fu * texture[j1, i1, k]
                albedo[k] = (1 - fv) * above + fv * below
            soft, shine, redness = surface[0], surface[1], surface[2]
            inside = min(1.0, max(0.0, 0.5 + place[7] / 0.02))
            if inside > 0.0:
                cu, cv = place[8] - math.floor(place[8]), place[9] - math.floor(place[9])
                i, j = int(cu * cloth.shape[1]), int(cv * cloth.shape[0])
                # A seam near the hem.
                hem = 1.0 - 0.3 * math.exp(-(((place[7] - 0.12) / 0.015) ** 2))
                for k in range(3):
                    albedo[k] += inside * (hem * cloth[j, i, k] - albedo[k])
                albedo[3] *= 1.0 - 0.9 * inside
                redness *= 1.0 - inside
            up = 0.5 + 0.5 * (nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2])
            ambient = sky * (0.35 + 0.65 * up)
            red, green, blue = ambient * lights[0, 3], ambient * lights[0, 4], ambient * lights[0, 5]
            white = 0.0
            for k in range(1, lights.shape[0]):
                lx, ly, lz = lights[k, 0], lights[k, 1], lights[k, 2]
                cosine = nx * lx + ny * ly + nz * lz
                lit = 0.4 + 0.6 * sky
                if k == 1 and cosine > -soft:
                    push = 0.05
                    lit *= _lit_share(view, nearest, place[0] + push * nx, place[1] + push * ny,
                                      place[2] + push * nz, soft_edge)  # fmt: skip
                # Light wraps round soft surfaces; what came through the skin is redder.
                wrapped = max(0.0, (cosine + soft) / (1.0 + soft)) * lit
                plain = max(0.0, cosine) * lit
                red += (wrapped + redness * (wrapped - plain)) * lights[k, 3]
                green += wrapped * lights[k, 4]
                blue += (wrapped - 0.5 * redness * (wrapped - plain)) * lights[k, 5]
                hx, hy, hz = lx + vx, ly + vy, lz + vz
                scale = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-12)
                half = max(0.0, (nx * hx + ny * hy + nz * hz) * scale)
                if cosine > 0.0:
                    white += half**shine * lights[k, 4] * lit
            facing = max(0.0, nx * vx + ny * vy + nz * vz)
            rim = (1.0 - facing) ** 4
            white = albedo[3] * (white + 0.25 * rim * ambient * lights[0, 4])
            image[y, x, 0] = albedo[0] * red + white
            image[y, x, 1] = albedo[1] * green + white
            image[y, x, 2] = albedo[2] * blue + white
