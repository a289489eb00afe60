"""A synthetic person: a body of its own shape with skin, eyes, hair, clothes and perhaps a mask, ready to be posed.

Everything is prepared once; posing a frame then takes a few milliseconds.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from jaxtyping import Float, Int

from multimodal.data.people import skin
from multimodal.data.people.body import (
    SIDES,
    SKIN_VERTICES,
    data_folder,
    eye_of,
    load_body,
    sample_identity,
    vertex_normals,
)
from multimodal.data.people.raster import cover
from multimodal.data.people.render import Mesh, Part, open_sky
from multimodal.data.people.skin import Look, sample_look
from multimodal.data.people.units import action_units, gaze_units

_SKIN_SURFACE = (0.35, 18.0, 0.35)
_EYE_SURFACE = (0.15, 160.0, 0.0)
_CLOTH_SURFACE = (0.2, 8.0, 0.0)

_Move = tuple[int | str, str]

LANDMARKS: dict[str, tuple[float, float, float]] = {
    "eye_outer_left": (-0.450, 7.28, 1.30),
    "eye_inner_left": (-0.170, 7.26, 1.36),
    "eye_inner_right": (0.170, 7.26, 1.36),
    "eye_outer_right": (0.450, 7.28, 1.30),
    "brow_inner_left": (-0.15, 7.46, 1.46),
    "brow_inner_right": (0.15, 7.46, 1.46),
    "brow_outer_left": (-0.52, 7.50, 1.27),
    "brow_outer_right": (0.52, 7.50, 1.27),
    "nose_tip": (0.0, 6.95, 1.82),
    "mouth_corner_left": (-0.28, 6.60, 1.40),
    "mouth_corner_right": (0.28, 6.60, 1.40),
    "lip_upper": (0.0, 6.69, 1.60),
    "lip_lower": (0.0, 6.50, 1.57),
    "chin": (0.0, 6.25, 1.50),
}
"""Named places of the face, on the neutral mesh; each stands for the nearest skin vertex."""


@dataclass(frozen=True)
class Pose:
    """How a person holds itself in one frame.

    Attributes:
        units: Intensity of action units, 0 to 1, by unit and side of the picture.
        gaze: Where the eyes look, degrees: to the picture's right, up.
        turn: Rotation of the head, degrees: yaw (to the picture's right), pitch (down), roll (clockwise).
        shift: Movement of the whole body, dm.
        mask: None without a mask, else how far it is from its place on the face, dm (downwards and forwards).
    """

    units: Mapping[tuple[int, str], float] = field(default_factory=dict)
    gaze: tuple[float, float] = (0.0, 0.0)
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    mask: float | None = None


@dataclass(frozen=True)
class Bust:
    """The part of the body mesh that a portrait shows, cut out: head, neck, shoulders, chest.

    Attributes:
        index: Its vertices' numbers in the body mesh.
        triangles: By patch, numbered within the bust.
        uv: By patch.
        head_weight: ``[V]``, how far each vertex turns with the head, 0 to 1.
    """

    index: Int[np.ndarray, "vertices"]
    triangles: Mapping[str, Int[np.ndarray, "_ 3"]]
    uv: Mapping[str, Float[np.ndarray, "_ 3 2"]]
    head_weight: Float[np.ndarray, "vertices"]

    def all_triangles(self) -> Int[np.ndarray, "triangles 3"]:
        """Return the triangles of all patches."""
        return np.concatenate(list(self.triangles.values()))


@functools.lru_cache(maxsize=1)
def bust() -> Bust:
    """Return the bust's topology, the same for all people."""
    body = load_body()
    keep = np.zeros(len(body.vertices), bool)
    keep[:SKIN_VERTICES] = (body.vertices[:SKIN_VERTICES, 1] > 3.2) & (np.abs(body.vertices[:SKIN_VERTICES, 0]) < 2.9)
    number = np.cumsum(keep) - 1
    triangles, uv = {}, {}
    for name in ("head", "ears", "mouth", "torso"):
        patch = skin.patches()[name]
        inside = keep[patch.triangles].all(axis=1)
        triangles[name], uv[name] = number[patch.triangles[inside]], patch.uv[inside]
    return Bust(np.flatnonzero(keep), triangles, uv, _head_weight()[keep])


class Person:
    """A person who can be posed and drawn.

    Args:
        vertices: ``[V, 3]``, the shape, such as from ``sample_identity``.
        look: The colours.
    """

    def __init__(self, vertices: Float[np.ndarray, "vertices 3"], look: Look) -> None:
        self.look, self.vertices = look, vertices
        self._bust = bust()
        self._neutral = vertices[self._bust.index]
        self._pivot = vertices[load_body().groups["joint-neck"]].mean(axis=0)
        self._eyes = {side: _Eyeball(vertices, side, look) for side in SIDES}
        normals = vertex_normals(self._neutral, self._bust.all_triangles())
        self._sky = self._skin_sky(normals)
        self._textures = {name: skin.paint(name, look) for name in self._bust.triangles}
        self._hair = _Hair(self._neutral, normals, look) if look.hair_length > 0 else None
        self._mask = _Mask(self._neutral, look)
        self._moves = _bust_moves()

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Person:
        """Draw a person: shape and look."""
        return cls(sample_identity(rng), sample_look(rng))

    def landmarks(self) -> dict[str, int]:
        """Return the bust vertex of each of ``LANDMARKS``."""
        return _landmark_vertices()

    def eye_distance(self) -> float:
        """Return the distance between the eyes' centres, dm."""
        left, right = (self._eyes[side].centre for side in SIDES)
        return float(np.linalg.norm(left - right))

    def eye_middle(self) -> Float[np.ndarray, "3"]:
        """Return the place between the eyes at rest, dm."""
        return np.asarray((self._eyes["left"].centre + self._eyes["right"].centre) / 2)

    def surface(self, pose: Pose) -> Float[np.ndarray, "bust 3"]:
        """Return where the bust's vertices are in this pose, dm."""
        return self.turned(self._bend(pose), pose, self._bust.head_weight)

    @property
    def head_weight(self) -> Float[np.ndarray, "bust"]:
        """How far each vertex of the bust turns with the head, 0 to 1."""
        return self._bust.head_weight.ravel()

    def normals(self, pose: Pose) -> Float[np.ndarray, "bust 3"]:
        """Return the unit normals of the bust's vertices in this pose."""
        return vertex_normals(self.surface(pose), self._bust.all_triangles())

    def meshes(self, pose: Pose) -> list[Mesh]:
        """Return what to draw in this pose."""
        bent = self._bend(pose)
        placed = self.turned(bent, pose, self._bust.head_weight)
        normals = vertex_normals(placed, self._bust.all_triangles())
        parts = [
            Part(self._bust.triangles[name], self._bust.uv[name], texture, _SKIN_SURFACE)
            for name, texture in self._textures.items()
        ]
        meshes = [Mesh(placed, normals, self._sky, parts)]
        meshes += [self._place(eye.mesh(pose.gaze), pose) for eye in self._eyes.values()]
        if self._hair is not None:
            meshes.append(self._hair.mesh(placed, normals))
        if pose.mask is not None:
            meshes.append(self._place(self._mask.mesh(pose.mask), pose))
        return meshes

    def _bend(self, pose: Pose) -> np.ndarray:
        """Apply action units, and the lids' part in looking aside."""
        bent = self._neutral.copy()
        levels: list[tuple[_Move, float]] = [*pose.units.items(), *_lid_levels(pose.gaze)]
        for key, level in levels:
            index, offset = self._moves[key]
            bent[index] += np.float32(level) * offset
        return bent

    def turned(
        self, points: Float[np.ndarray, "points 3"], pose: Pose, weight: Float[np.ndarray, "points"]
    ) -> Float[np.ndarray, "points 3"]:
        """Turn points about the neck by ``weight`` times the head's rotation, then move all."""
        axis = _rotation_vector(pose.turn)
        away = points - self._pivot
        turned = _rotate(away, weight[:, None] * axis[None])
        return np.asarray(turned + self._pivot + np.array(pose.shift), np.float32)

    def _place(self, mesh: Mesh, pose: Pose) -> Mesh:
        """Move a mesh that is fixed to the skull."""
        ones = np.ones(len(mesh.vertices), np.float32)
        normals = _rotate(mesh.normals, ones[:, None] * _rotation_vector(pose.turn)[None]).astype(np.float32)
        return Mesh(self.turned(mesh.vertices, pose, ones), normals, mesh.open_sky, mesh.parts)

    def _skin_sky(self, normals: np.ndarray) -> np.ndarray:
        """Find how open each place is, the eyeballs standing in the way too."""
        balls = [eye.mesh((0.0, 0.0)) for eye in self._eyes.values()]
        vertices = np.concatenate([self._neutral, *(ball.vertices for ball in balls)])
        all_normals = np.concatenate([normals, *(ball.normals for ball in balls)])
        count, triangles = len(self._neutral), [self._bust.all_triangles()]
        for ball in balls:
            triangles.append(ball.parts[0].triangles + count)
            count += len(ball.vertices)
        sky = open_sky(vertices, all_normals, np.concatenate(triangles))
        start = len(self._neutral)
        for eye in self._eyes.values():
            eye.sky = 0.25 + 0.75 * sky[start : start + eye.count]
            start += eye.count
        return sky[: len(self._neutral)]


class _Eyeball:
    """A sphere that turns in its socket; its texture is laid on from ahead."""

    def __init__(self, vertices: np.ndarray, side: str, look: Look, rings: int = 20, spokes: int = 32) -> None:
        eye = eye_of(vertices, side)
        self.centre, self.radius = eye.centre, eye.radius * 0.985
        polar = np.linspace(0, np.pi * 0.62, rings)
        turn = np.arange(spokes) / spokes * 2 * np.pi
        p, t = (grid.ravel() for grid in np.meshgrid(polar, turn, indexing="ij"))
        self._directions = np.stack([np.sin(p) * np.cos(t), np.sin(p) * np.sin(t), np.cos(p)], axis=1)
        self.count = len(p)
        self.sky = np.ones(self.count, np.float32)
        flat = np.stack([np.cos(t), np.sin(t)], axis=1) * (p / (np.pi / 2))[:, None] * 0.5 + 0.5
        quads = [(r * spokes + s, r * spokes + (s + 1) % spokes) for r in range(rings - 1) for s in range(spokes)]
        a, b = np.array(quads).T
        triangles = np.concatenate([np.stack([a, a + spokes, b], 1), np.stack([b, a + spokes, b + spokes], 1)])
        self._part = Part(triangles, flat[triangles].astype(np.float32), skin.paint_eye(look), _EYE_SURFACE)

    def mesh(self, gaze: tuple[float, float]) -> Mesh:
        right, up = np.radians(gaze)
        directions = _rotate(self._directions, np.array([[-up, right, 0.0]]))
        place = (self.centre + self.radius * directions).astype(np.float32)
        return Mesh(place, directions.astype(np.float32), self.sky, [self._part])


class _Hair:
    """A shell that stands off the scalp."""

    def __init__(self, neutral: np.ndarray, normals: np.ndarray, look: Look) -> None:
        rest = load_body().vertices[bust().index]
        depth = skin.scalp(rest, look)
        triangles = bust().triangles["head"]
        inside = (depth[triangles] > 0.0).all(axis=1)
        self._triangles = triangles[inside]
        rng = np.random.default_rng(look.seed + 3)
        waves = np.sin(rest @ rng.normal(0, 4, (3, 3)) + rng.uniform(0, 6, 3)).mean(axis=1)
        # Short at the hairline, the sides and the nape, full on top: off the sides the shell would show its rim.
        rise = np.clip(depth / 0.4, 0, 1) * np.clip((rest[:, 1] - 7.2) / 0.9, 0.1, 1)
        self._lift = (0.012 + look.hair_length * rise * (1 + 0.15 * waves)).astype(np.float32)[:, None]
        around = np.arctan2(rest[:, 0], rest[:, 2] + 0.2) / (2 * np.pi) + 0.5
        uv = np.stack([around, np.clip((rest[:, 1] - 6.3) / 2.4, 0, 1)], axis=1)[self._triangles]
        # The seam at the nape: a triangle across it would run through the whole texture.
        uv[..., 0] += (np.ptp(uv[..., 0], axis=1) > 0.5)[:, None] * (uv[..., 0] < 0.5)
        # Drawn from both sides, so that no gap opens between the shell's rim and the head.
        both, uv = np.concatenate([self._triangles, self._triangles[:, ::-1]]), np.concatenate([uv, uv[:, ::-1]])
        self._part = Part(both, uv.astype(np.float32), skin.paint_hair(look), (0.3, 12.0, 0.0))
        self._sky = np.clip(0.55 + 0.9 * rise, 0, 1).astype(np.float32)

    def mesh(self, placed: np.ndarray, normals: np.ndarray) -> Mesh:
        lifted = placed + normals * self._lift
        return Mesh(lifted, vertex_normals(lifted, self._triangles), self._sky, [self._part])


class _Mask:
    """A cloth mask over nose, mouth and chin: a grid draped over the face, stiff, fixed to the skull."""

    def __init__(self, neutral: np.ndarray, look: Look, columns: int = 41, rows: int = 29) -> None:
        spots = {name: neutral[vertex] for name, vertex in _landmark_vertices().items()}
        u, v = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(0, 1, rows))
        x, y = _mask_outline(u, v, spots)
        z = _drape(neutral, bust().triangles["head"], x, y)
        self._shape = np.stack([x, y, z], axis=-1).reshape(-1, 3).astype(np.float32)
        k = np.arange((rows - 1) * columns).reshape(rows - 1, columns)[:, :-1].ravel()
        self._triangles = np.concatenate(
            [np.stack([k, k + columns, k + 1], 1), np.stack([k + 1, k + columns, k + columns + 1], 1)]
        )
        self._normals = vertex_normals(self._shape, self._triangles)
        self._shape += 0.03 * self._normals
        uv = np.stack([u / 2 + 0.5, 1 - v], axis=-1).reshape(-1, 2)[self._triangles]
        self._part = Part(self._triangles, uv.astype(np.float32), skin.paint_mask(look), _CLOTH_SURFACE)
        self._sky = np.full(rows * columns, 0.9, np.float32)

    def mesh(self, away: float) -> Mesh:
        # Held off the face on its way, or the nose would come through.
        forwards = 0.35 * away + 0.3 * min(2.5 * away, 1.0)
        shape = (self._shape + np.array((0, -away, forwards))).astype(np.float32)
        return Mesh(shape, self._normals, self._sky, [self._part])


def _mask_outline(u: np.ndarray, v: np.ndarray, spots: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the mask's grid: from the bridge of the nose to under the chin, from cheek to cheek."""
    eye_y, chin_y = spots["eye_inner_left"][1], spots["chin"][1]
    nose_y = spots["nose_tip"][1]
    half = 1.45 * abs(spots["eye_outer_right"][0])
    top = np.interp(np.abs(u), [0, 0.15, 0.5, 1], [0.35, 0.42, 0.78, 1.0]) * (nose_y - eye_y) + eye_y
    bottom = np.interp(np.abs(u), [0, 0.4, 1], [0.0, 0.06, 0.45]) * (nose_y - chin_y) + chin_y - 0.06
    narrowing = 1 - 0.12 * np.abs(2 * v - 0.7) ** 2
    return u * half * narrowing, top + (bottom - top) * v


def _drape(vertices: np.ndarray, triangles: np.ndarray, x: np.ndarray, y: np.ndarray, cells: int = 96) -> np.ndarray:
    """Return the height z at which a stretched cloth rests on a surface seen from ahead, at the places x, y."""
    low, high = np.array([x.min(), y.min()]) - 0.15, np.array([x.max(), y.max()]) + 0.15
    step = (high - low).max() / cells
    screen = (vertices[:, :2] - low) / step
    inverse, seen = np.zeros((cells, cells), np.float32), np.full((cells, cells), -1, np.int32)
    # Upside down, so that outside runs clockwise; far away, so that inverse distance is as good as distance.
    flipped = screen * (1, -1) + (0, cells - 1)
    cover(flipped, 100.0 - vertices[:, 2], triangles, 0, inverse, seen, np.zeros((cells, cells, 2), np.float32))
    height = np.where(inverse > 0, 100.0 - 1.0 / np.maximum(inverse, 1e-9), 0.2).astype(np.float32)
    cloth = height.copy()
    for _ in range(40):
        cloth = np.maximum(cv2.GaussianBlur(cloth, (0, 0), 3.0), height)
    cloth = cv2.GaussianBlur(cloth, (0, 0), 1.5)
    place = np.stack([(x - low[0]) / step, cells - 1 - (y - low[1]) / step]).astype(np.float32)
    return cv2.remap(cloth, place[0], place[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


@functools.lru_cache(maxsize=1)
def _landmark_vertices() -> dict[str, int]:
    rest = load_body().vertices[bust().index]
    return {name: int(np.linalg.norm(rest - place, axis=1).argmin()) for name, place in LANDMARKS.items()}


@functools.lru_cache(maxsize=1)
def _bust_moves() -> dict[_Move, tuple[np.ndarray, np.ndarray]]:
    """Return action units and gaze lids as the bust's vertices that move and how."""
    moves: dict[_Move, tuple[np.ndarray, np.ndarray]] = {}
    whole: list[tuple[_Move, np.ndarray]] = [*action_units().items(), *gaze_units().items()]
    for key, full in whole:
        part = full[bust().index]
        index = np.flatnonzero(np.abs(part).max(axis=1) > 1e-5)
        moves[key] = (index, part[index])
    return moves


def _lid_levels(gaze: tuple[float, float]) -> list[tuple[tuple[str, str], float]]:
    """Return the lids' levels for a gaze; the face units are made for about 30 degrees."""
    right, up = gaze[0] / 30.0, gaze[1] / 30.0
    pairs = (("right", right), ("left", -right), ("up", up), ("down", -up))
    return [((name, side), level) for name, level in pairs if level > 0 for side in SIDES]


@functools.lru_cache(maxsize=1)
def _head_weight() -> np.ndarray:
    """How far each body vertex turns with the head: the rig's weights, the neck's bones sharing the turn out."""
    folder = data_folder() / "mpfb2" / "rigs" / "standard"
    parents = {name: bone["parent"] for name, bone in json.loads((folder / "rig.default.json").read_text()).items()}
    weights = json.loads((folder / "weights.default.json").read_text())["weights"]
    total = np.zeros(len(load_body().vertices), np.float32)
    for bone, rows in weights.items():
        share = (
            1.0 if _descends(bone, "head", parents) else {"neck01": 0.25, "neck02": 0.5, "neck03": 0.75}.get(bone, 0)
        )
        for vertex, weight in rows if share else ():
            total[vertex] += share * weight
    return np.clip(total, 0, 1)


def _descends(bone: str, ancestor: str, parents: Mapping[str, str]) -> bool:
    while bone and bone != ancestor:
        bone = parents.get(bone) or ""
    return bone == ancestor


def _rotation_vector(turn: tuple[float, float, float]) -> np.ndarray:
    """Return the rotation as axis times angle, radians; exact enough for the small angles of a portrait."""
    yaw, pitch, roll = np.radians(turn)
    return np.array([pitch, yaw, -roll])


def _rotate(points: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Rotate each point by its own rotation vector (Rodrigues)."""
    angle = np.linalg.norm(vectors, axis=1, keepdims=True)
    axis = vectors / np.maximum(angle, 1e-12)
    along = (points * axis).sum(axis=1, keepdims=True)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(
        points * cosine + np.cross(np.broadcast_to(axis, points.shape), points) * sine + axis * along * (1 - cosine)
    )
