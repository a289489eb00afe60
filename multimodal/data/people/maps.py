"""Geometric motion maps: what each action unit of a synthetic face moves, seen on the canonical grid.

A face is turned into its pose, laid onto the canonical grid by its eyes and mouth, and rasterised once with a z-buffer.
Every action unit's displacement is then read off the same raster, so that a clip is a linear combination of maps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Float, Int

from multimodal.data.people.body import SIDES, eye_of, load_body, sample_identity
from multimodal.data.people.units import GAZES, UNITS, action_units, gaze_units
from multimodal.face.canonical import EYE_LEFT, EYE_RIGHT, GRID, MOUTH

FINE = 3
"""The raster has this many pixels a cell and axis; cells are their mean."""

Key = tuple[int | str, str]
"""An action unit and its side, or ``("gaze", direction)``."""

KEYS: tuple[Key, ...] = (*((unit, side) for unit in UNITS for side in SIDES), *(("gaze", way) for way in GAZES))
"""What the maps of a face show, in their order."""

_FAR = 1000.0
_FORM_CELLS = 3.0
_GAZE_PERCENT = 8.0
_LID_PERCENT = 10.0
_WAYS = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}


@dataclass(frozen=True)
class FaceMaps:
    """One identity in one pose.

    Attributes:
        maps: ``[keys, 2, 28, 28]``, u and v in percent of the distance between the eyes at full intensity, in the
            order of ``KEYS``.
        depth: ``[28, 28]``, towards the camera, in distances between the eyes, zero at the eyes.
        covered: ``[28, 28]``, share of each cell that shows skin.
    """

    maps: Float[np.ndarray, "keys 2 28 28"] = field(repr=False)
    depth: Float[np.ndarray, "28 28"] = field(repr=False)
    covered: Float[np.ndarray, "28 28"] = field(repr=False)


@dataclass(frozen=True)
class Pose:
    """How a head stands before the camera, degrees, and how far its alignment is off.

    Attributes:
        yaw, pitch, roll: Turned to the picture's right, looking down, turned clockwise.
        shift: Offset on the grid, cells, x and y.
        stretch: Factors along x and y, about the face's middle.
        tilt: Left-over rotation in the picture, degrees.
        reach: How far below the eyes the mouth lies, in canonical distances. Published maps were cut around the whole
            face, by other landmarks than ours, and show the mouth higher.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    stretch: tuple[float, float] = (1.0, 1.0)
    tilt: float = 0.0
    reach: float = 1.0


def sample_pose(rng: np.random.Generator) -> Pose:
    """Draw a pose as people have it who look at a screen, and an alignment that is a little off."""
    shift, stretch = rng.normal(0, 0.35, 2), np.exp(rng.normal(0, 0.035, 2))
    return Pose(
        yaw=float(rng.normal(0, 8)),
        pitch=float(rng.normal(0, 6)),
        roll=float(rng.normal(0, 3)),
        shift=(float(shift[0]), float(shift[1])),
        stretch=(float(stretch[0]), float(stretch[1])),
        tilt=float(rng.normal(0, 1.5)),
        reach=float(rng.uniform(0.78, 1.02)),
    )


def sample_face(rng: np.random.Generator, form: float = 0.0) -> FaceMaps:
    """Draw an identity and a pose, and return its maps.

    Args:
        rng: Where chance comes from.
        form: How far the face's muscles differ from the mesh's, see ``vary_form``.
    """
    return vary_form(face_maps(sample_identity(rng), sample_pose(rng)), form, rng)


def vary_form(face: FaceMaps, amount: float, rng: np.random.Generator) -> FaceMaps:
    """Give a face muscles of its own: each unit pulls some places more than others, and lies a little elsewhere.

    People's muscles differ in course, strength and even presence; the mesh's 52 units know one build.

    Args:
        face: The maps of the mesh's own units.
        amount: Standard deviation of the smooth gain (logarithmic) over the face, and of how far places shift, as a
            whole and one by one, in cells. 0 leaves the face as it is.
        rng: Where chance comes from.
    """
    if amount == 0:
        return face
    fields = smooth_fields(rng, 3 * len(face.maps), _FORM_CELLS).reshape(-1, 3, GRID, GRID)
    shift = amount * (rng.normal(size=(len(fields), 2, 1, 1)) + fields[:, 1:])
    y, x = np.mgrid[:GRID, :GRID].astype(np.float32)
    moved = [
        cv2.remap(
            np.ascontiguousarray(one.transpose(1, 2, 0)),
            x + dx.astype(np.float32),
            y + dy.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).transpose(2, 0, 1)
        for one, (dx, dy) in zip(face.maps, shift, strict=True)
    ]
    return FaceMaps(np.stack(moved) * np.exp(amount * fields[:, :1]).astype(np.float32), face.depth, face.covered)


def smooth_fields(rng: np.random.Generator, count: int, cells: float) -> Float[np.ndarray, "count 28 28"]:
    """Draw random fields of mean 0 and standard deviation 1 with Gaussian smoothness, cells."""
    rough = rng.normal(size=(GRID, GRID, count)).astype(np.float32)
    fields = np.atleast_3d(cv2.GaussianBlur(rough, (0, 0), cells, borderType=cv2.BORDER_REFLECT_101))
    return np.moveaxis(fields / (fields.std() + 1e-9), -1, 0)


def face_maps(vertices: Float[np.ndarray, "vertices 3"], pose: Pose = Pose()) -> FaceMaps:
    """Rasterise what each action unit and gaze moves.

    Args:
        vertices: An identity, see ``body.sample_identity``, decimetres.
        pose: How it stands before the camera.
    """
    turn = rotation(pose)
    eyes = [eye_of(vertices, side).centre for side in SIDES]
    unit = float(np.linalg.norm(eyes[1] - eyes[0]))
    lay = _layout(vertices, np.stack(eyes), turn, pose)
    seen = vertices @ turn.T
    index, corner = _rasterise(_points(lay(seen), seen[:, 2]), load_body().face_triangles())
    moved = _sample(_displacements() @ turn.T * (100.0 / unit), index, corner)
    flow = np.stack([moved[..., 0], -moved[..., 1]], axis=1)
    level = float(np.mean([(eye @ turn.T)[2] for eye in eyes]))
    depth = _sample(((seen[:, 2:] - level) / unit)[None], index, corner)[0, ..., 0]
    covered = _shrink((index >= 0).astype(float)[None])[0]
    return FaceMaps(flow + _eyeballs(lay(np.stack(eyes) @ turn.T)), depth.astype(np.float32), covered)


def rotation(pose: Pose) -> Float[np.ndarray, "3 3"]:
    """Return the rotation of a pose, for points with x right, y up and z towards the camera."""
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, -pose.roll])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return about_z @ about_y @ about_x


def _layout(vertices: np.ndarray, eyes: np.ndarray, turn: np.ndarray, pose: Pose) -> Callable[[np.ndarray], np.ndarray]:
    """Return the map from turned points to cells of the grid: the affine one that eyes and mouth fix, then jitter."""
    marks = np.vstack([eyes, vertices[_mouth_corners()].mean(axis=0)]) @ turn.T
    places = np.array([EYE_LEFT, EYE_RIGHT, (MOUTH[0], EYE_LEFT[1] + pose.reach * (MOUTH[1] - EYE_LEFT[1]))]) * GRID
    affine = np.linalg.solve(np.column_stack([marks[:, :2], np.ones(3)]), places)
    tilt = np.radians(pose.tilt)
    jitter = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]]) * np.array(pose.stretch)
    middle = np.array([GRID / 2, GRID / 2])

    def lay(points: np.ndarray) -> np.ndarray:
        return (points[:, :2] @ affine[:2] + affine[2] - middle) @ jitter + middle + np.array(pose.shift)

    return lay


@lru_cache(maxsize=1)
def _mouth_corners() -> Int[np.ndarray, "2"]:
    """The vertices that stretched lips (AU20) move most, one a side: the corners of the mouth."""
    return np.array([np.linalg.norm(action_units()[20, side], axis=1).argmax() for side in SIDES])


@lru_cache(maxsize=1)
def _displacements() -> Float[np.ndarray, "keys vertices 3"]:
    gazes = [gaze_units()[way, SIDES[0]] + gaze_units()[way, SIDES[1]] for way in GAZES]
    return np.stack([*(action_units()[unit, side] for unit in UNITS for side in SIDES), *gazes])


def _eyeballs(centres: np.ndarray) -> Float[np.ndarray, "keys 2 28 28"]:
    """What an eye's opening shows: the ball that turns, or the lid that comes down over it; a soft spot."""
    y, x = np.mgrid[:GRID, :GRID] + 0.5
    spots = [np.exp(-0.5 * (((x - cx) / 1.6) ** 2 + ((y - cy) / 0.8) ** 2)) for cx, cy in centres[:, :2]]
    flow = np.zeros((len(KEYS), 2, GRID, GRID), np.float32)
    for row, key in enumerate(KEYS):
        if key[0] == "gaze":
            flow[row] = _GAZE_PERCENT * np.array(_WAYS[key[1]])[:, None, None] * sum(spots)
        if key[0] == 45:
            flow[row, 1] = _LID_PERCENT * spots[SIDES.index(key[1])]
    return flow


def _points(cells: np.ndarray, depth: np.ndarray) -> Float[np.ndarray, "vertices 3"]:
    return np.column_stack([cells * FINE - 0.5, depth])


def _sample(
    values: np.ndarray, index: Int[np.ndarray, "side side"], corner: Float[np.ndarray, "side side 3"]
) -> Float[np.ndarray, "maps 28 28 channels"]:
    """Interpolate values at vertices ``[maps, vertices, channels]`` over the raster, then average a cell's pixels."""
    rows = load_body().face_triangles()[index]
    fine = sum(values[:, rows[..., k]] * corner[None, ..., k, None] for k in range(3))
    inside = (index >= 0)[None, :, :, None]
    share = _shrink(inside[..., 0].astype(float))[..., None]
    total = _shrink(np.moveaxis(fine * inside, -1, 0).reshape(-1, *index.shape))
    summed = np.moveaxis(total.reshape(values.shape[2], values.shape[0], GRID, GRID), 0, -1)
    return (summed / np.maximum(share, 1e-6) * (share > 0.3)).astype(np.float32)


def _shrink(fine: np.ndarray) -> np.ndarray:
    return fine.reshape(-1, GRID, FINE, GRID, FINE).mean(axis=(2, 4))


def _rasterise(
    points: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"]
) -> tuple[Int[np.ndarray, "side side"], Float[np.ndarray, "side side 3"]]:
    """Return each pixel's nearest triangle (-1: none) and its barycentric coordinates there."""
    from multimodal.data.people.raster import cover  # compiles with numba

    side = GRID * FINE
    seen, weights = np.full((side, side), -1, np.int64), np.zeros((side, side, 2))
    # From so far away the picture is free of perspective.
    distance = _FAR - points[:, 2].astype(np.float64)
    cover(points[:, :2].astype(np.float64), distance, triangles, 0, np.zeros((side, side)), seen, weights)
    return seen, np.concatenate([1 - weights.sum(axis=2, keepdims=True), weights], axis=2)
