"""A small triangle rasteriser: which triangle is seen in each pixel, and how it is lit.

Two kernels, compiled by numba in memory when first needed (about five seconds; no file is written): ``cover`` fills a
depth buffer, ``shade`` lights the pixels of one mesh. Light is linear; ``render`` turns it into camera values.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numba
import numpy as np
from jaxtyping import Float, Int


def cover(
    screen: Float[np.ndarray, "vertices 2"],
    depth: Float[np.ndarray, "vertices"],
    triangles: Int[np.ndarray, "triangles 3"],
    first: int,
    z_buffer: Float[np.ndarray, "height width"],
    seen: Int[np.ndarray, "height width"],
    weights: Float[np.ndarray, "height width 2"],
) -> None:
    """Draw triangles into the buffers, the nearest winning; those that show their back are left out.

    Args:
        screen: ``[V, 2]``, pixel positions of the vertices.
        depth: ``[V]``, distance from the camera; positive in front of it.
        triangles: ``[T, 3]``, anticlockwise seen from outside.
        first: Number of the first triangle in ``seen``.
        z_buffer: ``[height, width]`` float32, inverse distance, 0 where empty; changed.
        seen: ``[height, width]`` int32, number of the triangle seen, -1 for none; changed.
        weights: ``[height, width, 2]`` float32, its weights of the second and third corner; changed.
    """
    _cover(_wide(screen), _wide(depth), _whole(triangles), first, z_buffer, seen, weights)


def shade(
    image: Float[np.ndarray, "height width 3"],
    seen: Int[np.ndarray, "height width"],
    weights: Float[np.ndarray, "height width 2"],
    first: int,
    triangles: Int[np.ndarray, "triangles 3"],
    uv: Float[np.ndarray, "triangles 3 2"],
    vertices: Float[np.ndarray, "vertices 3"],
    normals: Float[np.ndarray, "vertices 3"],
    open_sky: Float[np.ndarray, "vertices"],
    texture: Float[np.ndarray, "h w 4"],
    lights: Float[np.ndarray, "lights 6"],
    surface: Float[np.ndarray, "3"],
    eye: Float[np.ndarray, "3"],
) -> None:
    """Light the pixels in which one mesh is seen.

    Args:
        image: ``[height, width, 3]`` float32, linear light; changed.
        seen, weights: As ``cover`` left them.
        first: Number of the mesh's first triangle in ``seen``.
        triangles: ``[T, 3]``; ``uv`` ``[T, 3, 2]``, texture coordinates, origin at the lower left.
        vertices: ``[V, 3]``; ``normals`` ``[V, 3]``; ``open_sky`` ``[V]``, 0 hidden from all around to 1 open.
        texture: ``[h, w, 4]``, linear albedo, and gloss in the fourth channel.
        lights: ``[L, 6]``: direction towards the light, then its colour. The first row is the sky: its direction is up.
        surface: Softness (how far light wraps round, 0 to 1), shininess exponent, redness of the wrapped light.
        eye: ``[3]``, the camera's place.
    """
    floats = (uv, vertices, normals, open_sky, texture, lights, surface, eye)
    _shade(image, seen, weights, first, _whole(triangles), *(_narrow(array) for array in floats))


# One layout and one type each, so that a kernel is compiled once only.
def _wide(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float64)


def _narrow(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)


def _whole(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.int64)


@numba.njit(nogil=True, fastmath=True)
@no_type_check  # the tests' shape checks wrap plain functions, which numba cannot compile
def _cover(
    screen: np.ndarray,
    depth: np.ndarray,
    triangles: np.ndarray,
    first: int,
    z_buffer: np.ndarray,
    seen: np.ndarray,
    weights: np.ndarray,
) -> None:
    height, width = z_buffer.shape
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        if depth[a] <= 0.1 or depth[b] <= 0.1 or depth[c] <= 0.1:
            continue
        ax, ay = screen[a, 0], screen[a, 1]
        bx, by = screen[b, 0] - ax, screen[b, 1] - ay
        cx, cy = screen[c, 0] - ax, screen[c, 1] - ay
        area = bx * cy - by * cx
        if area >= -1e-9:  # y points down, so a front side runs clockwise on the screen
            continue
        x0 = max(0, math.ceil(ax + min(0.0, bx, cx)))
        x1 = min(width - 1, math.floor(ax + max(0.0, bx, cx)))
        y0 = max(0, math.ceil(ay + min(0.0, by, cy)))
        y1 = min(height - 1, math.floor(ay + max(0.0, by, cy)))
        ia, ib, ic = 1.0 / depth[a], 1.0 / depth[b], 1.0 / depth[c]
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                px, py = x - ax, y - ay
                wb = (px * cy - py * cx) / area
                wc = (bx * py - by * px) / area
                if wb < 0.0 or wc < 0.0 or wb + wc > 1.0:
                    continue
                z = ia + wb * (ib - ia) + wc * (ic - ia)
                if z > z_buffer[y, x]:
                    z_buffer[y, x] = z
                    seen[y, x] = first + t
                    weights[y, x, 0] = wb * ib / z
                    weights[y, x, 1] = wc * ic / z


@numba.njit(nogil=True, fastmath=True)
@no_type_check  # the tests' shape checks wrap plain functions, which numba cannot compile
def _shade(
    image: np.ndarray,
    seen: np.ndarray,
    weights: np.ndarray,
    first: int,
    triangles: np.ndarray,
    uv: np.ndarray,
    vertices: np.ndarray,
    normals: np.ndarray,
    open_sky: np.ndarray,
    texture: np.ndarray,
    lights: np.ndarray,
    surface: np.ndarray,
    eye: np.ndarray,
) -> None:
    height, width = seen.shape
    rows, columns = texture.shape[0], texture.shape[1]
    soft, shine, redness = surface[0], surface[1], surface[2]
    for y in range(height):
        for x in range(width):
            t = seen[y, x] - first
            if t < 0 or t >= triangles.shape[0]:
                continue
            wb, wc = weights[y, x, 0], weights[y, x, 1]
            wa = 1.0 - wb - wc
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
            ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
            nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
            scale = 1.0 / math.sqrt(nx * nx + ny * ny + nz * nz + 1e-12)
            nx, ny, nz = nx * scale, ny * scale, nz * scale
            vx = eye[0] - (wa * vertices[a, 0] + wb * vertices[b, 0] + wc * vertices[c, 0])
            vy = eye[1] - (wa * vertices[a, 1] + wb * vertices[b, 1] + wc * vertices[c, 1])
            vz = eye[2] - (wa * vertices[a, 2] + wb * vertices[b, 2] + wc * vertices[c, 2])
            scale = 1.0 / math.sqrt(vx * vx + vy * vy + vz * vz + 1e-12)
            vx, vy, vz = vx * scale, vy * scale, vz * scale
            sky = wa * open_sky[a] + wb * open_sky[b] + wc * open_sky[c]
            # The texture, between its four nearest texels.
            tu = (wa * uv[t, 0, 0] + wb * uv[t, 1, 0] + wc * uv[t, 2, 0]) * columns - 0.5
            tv = (1.0 - (wa * uv[t, 0, 1] + wb * uv[t, 1, 1] + wc * uv[t, 2, 1])) * rows - 0.5
            u0, v0 = math.floor(tu), math.floor(tv)
            fu, fv = tu - u0, tv - v0
            i0, i1 = max(0, min(columns - 1, u0)), max(0, min(columns - 1, u0 + 1))
            j0, j1 = max(0, min(rows - 1, v0)), max(0, min(rows - 1, v0 + 1))
            w00, w01, w10, w11 = (1 - fu) * (1 - fv), fu * (1 - fv), (1 - fu) * fv, fu * fv
            gloss = (
                w00 * texture[j0, i0, 3]
                + w01 * texture[j0, i1, 3]
                + w10 * texture[j1, i0, 3]
                + w11 * texture[j1, i1, 3]
            )
            up = 0.5 + 0.5 * (nx * lights[0, 0] + ny * lights[0, 1] + nz * lights[0, 2])
            ambient = sky * (0.35 + 0.65 * up)
            red, green, blue = ambient * lights[0, 3], ambient * lights[0, 4], ambient * lights[0, 5]
            white = 0.0
            for k in range(1, lights.shape[0]):
                lx, ly, lz = lights[k, 0], lights[k, 1], lights[k, 2]
                cosine = nx * lx + ny * ly + nz * lz
                # Light wraps round soft surfaces; what came through the skin is redder.
                wrapped = max(0.0, (cosine + soft) / (1.0 + soft)) * (0.4 + 0.6 * sky)
                plain = max(0.0, cosine) * (0.4 + 0.6 * sky)
                red += (wrapped + redness * (wrapped - plain)) * lights[k, 3]
                green += wrapped * lights[k, 4]
                blue += (wrapped - 0.5 * redness * (wrapped - plain)) * lights[k, 5]
                hx, hy, hz = lx + vx, ly + vy, lz + vz
                scale = 1.0 / math.sqrt(hx * hx + hy * hy + hz * hz + 1e-12)
                half = max(0.0, (nx * hx + ny * hy + nz * hz) * scale)
                if cosine > 0.0:
                    white += half**shine * lights[k, 4] * sky
            facing = max(0.0, nx * vx + ny * vy + nz * vz)
            rim = (1.0 - facing) ** 4
            white = gloss * (white + 0.25 * rim * ambient * lights[0, 4])
            for k in range(3):
                albedo = (
                    w00 * texture[j0, i0, k]
                    + w01 * texture[j0, i1, k]
                    + w10 * texture[j1, i0, k]
                    + w11 * texture[j1, i1, k]
                )
                light = red if k == 0 else (green if k == 1 else blue)
                image[y, x, k] = albedo * light + white
