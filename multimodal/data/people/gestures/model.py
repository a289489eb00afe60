"""One person of the rendered photos: body, head, hands, clothes, ready to be posed and drawn.

Preparing takes some tenths of a second, posing some tens of milliseconds.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from multimodal.data.people import skin
from multimodal.data.people.body import identity_morph, load_body, sample_identity, vertex_normals
from multimodal.data.people.gestures import clothes
from multimodal.data.people.gestures.clothes import Outfit
from multimodal.data.people.gestures.figure import ArmPose, Figure, hand_weight
from multimodal.data.people.gestures.hair import LongHair
from multimodal.data.people.gestures.hand_texture import Adornment, HandPaint
from multimodal.data.people.gestures.light import Layer
from multimodal.data.people.person import Person, Pose, bust
from multimodal.data.people.render import Mesh, open_sky
from multimodal.data.people.skin import sample_look

_SKIN = (0.35, 18.0, 0.35)
_WAIST = 1.0
_LONG = 0.45


@dataclass(frozen=True)
class Body:
    """A mesh to be drawn.

    Attributes:
        vertices: Of each vertex place (3), normal (3), open sky, depth inside the clothes, place on the cloth (2).
        layers: What is stretched over it, and of each the stuff of which the clothes over it are made.
    """

    vertices: Float[np.ndarray, "vertices 10"]
    layers: Sequence[tuple[Layer, clothes.Stuff]]

    def moved(self, turn: Float[np.ndarray, "3 3"], shift: Float[np.ndarray, "3"]) -> Body:
        """Return it turned about the origin, then shifted."""
        vertices = self.vertices.copy()
        vertices[:, :3] = vertices[:, :3] @ turn.T + shift
        vertices[:, 3:6] = vertices[:, 3:6] @ turn.T
        return Body(vertices, self.layers)

    def mirrored(self) -> Body:
        """Return its mirror in x."""
        vertices = self.vertices * np.array([-1, 1, 1, -1, 1, 1, 1, 1, 1, 1], np.float32)
        order = [0, 2, 1]
        layers = [(replace(layer, triangles=layer.triangles[:, order], uv=layer.uv[:, order]), stuff)
                  for layer, stuff in self.layers]  # fmt: skip
        return Body(vertices, layers)


class Model:
    """A person.

    Args:
        rng: Who it is depends on nothing else.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        vertices = _smoothed(_own_hands(sample_identity(rng), rng))
        self.look = sample_look(rng)
        self.person = Person(vertices, self.look)
        self.figure = Figure(vertices)
        head = self.person.meshes(Pose())[0]
        self._head = {name: part.texture for name, part in zip(bust().triangles, head.parts, strict=True)}
        long = self.look.hair_length > 0 and rng.random() < _LONG
        self._hair = LongHair(self.person, rng) if long else None
        self._hands = HandPaint(self.look)
        self._skin = _plain_skin(self.look, rng)
        self._sky = open_sky(vertices, vertex_normals(vertices, load_body().triangles), load_body().triangles, 24)
        self._sky[bust().index] = np.where(bust().head_weight.ravel() > 0.5, head.open_sky, self._sky[bust().index])

    def posed(self, pose: Pose, arms: dict[str, ArmPose], outfit: Outfit, worn: Adornment) -> list[Body]:
        """Return what is to be drawn: the body, and what is fixed to the head."""
        unposed = self.person.vertices.astype(np.float64)
        unposed[bust().index] = self.person.surface(pose)
        body = load_body()
        vertices = self.figure.posed(unposed, arms)
        depth = clothes.inside(outfit)
        normals = vertex_normals(vertices, body.triangles)
        vertices = clothes.lifted(outfit, depth, vertices, normals)
        normals = vertex_normals(vertices, body.triangles)
        sky = self._sky.copy()
        for side in arms:
            _hand_sky(sky, side, vertices, normals)
        table = np.column_stack([vertices, normals, sky, depth, clothes.on_cloth(outfit)]).astype(np.float32)
        layers = [(layer, outfit.top) for layer in self._layers(worn)]
        layers.append((Layer(*_legs(), self._skin, _SKIN), outfit.trousers))
        rest = self.person.meshes(pose)[1:]
        if self._hair is not None:
            rest.append(self._hair.mesh(pose))
        return [Body(table, layers), *(_bare(mesh) for mesh in rest)]

    def _layers(self, worn: Adornment) -> list[Layer]:
        painted = self._head | {"torso": self._skin, "hands": self._hands.texture(worn)}
        return [Layer(*_upper(name), texture, _SKIN) for name, texture in painted.items()]


def hand_triangles(side: str) -> Int[np.ndarray, "triangles 3"]:
    """Return the triangles of one hand, a little of the forearm included."""
    return _hand_triangles()[side]


@functools.lru_cache(maxsize=1)
def _hand_triangles() -> dict[str, np.ndarray]:
    triangles = load_body().triangles
    return {side: triangles[(hand_weight(side)[triangles] > 0.1).all(axis=1)] for side in ("r", "l")}


def _hand_sky(sky: np.ndarray, side: str, vertices: np.ndarray, normals: np.ndarray) -> None:
    """Find anew how open the places of a posed hand are."""
    triangles = hand_triangles(side)
    mine, local = np.unique(triangles, return_inverse=True)
    found = open_sky(vertices[mine].astype(np.float32), normals[mine], local.reshape(-1, 3), directions=20)
    sky[mine] = found


def _own_hands(vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Vary the hands: both alike in length, breadth and size."""
    for name in ("fingers-diameter", "fingers-length", "scale"):
        strength = float(np.clip(rng.normal(0, 0.45), -1, 1))
        for side in ("r", "l"):
            morph = identity_morph(f"hands/{side}-hand-{name}-{'incr' if strength > 0 else 'decr'}")
            vertices[morph.index] += np.float32(abs(strength)) * morph.offset
    return vertices


def _smoothed(vertices: np.ndarray, times: int = 8) -> np.ndarray:
    """Smooth the chest, over which clothes lie."""
    rest, body = load_body().vertices, vertices.copy()
    chest = (np.abs(rest[:, 0]) < 1.6) & (rest[:, 1] > 1.0) & (rest[:, 1] < 5.0) & (rest[:, 2] > 0.3)
    chest &= (hand_weight("r") + hand_weight("l")) < 0.01
    edges, count = _edges(), np.bincount(_edges()[:, 0], minlength=len(rest))
    chest &= count > 0
    for _ in range(times):
        mean = np.stack([np.bincount(edges[:, 0], body[edges[:, 1], k], len(rest)) for k in range(3)], axis=1)
        body[chest] = (mean[chest] / count[chest, None]).astype(np.float32)
    return body


@functools.lru_cache(maxsize=1)
def _edges() -> np.ndarray:
    triangles = load_body().triangles
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.asarray(np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0))


def _plain_skin(look: skin.Look, rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """Paint the skin of arms, chest and neck."""
    mottle = rng.normal(0, 0.03, (size, size, 1)) + rng.normal(0, 0.01, (size, size, 3))
    return np.dstack([look.tone * np.exp(mottle), np.full((size, size), 0.07)]).astype(np.float32)


@functools.lru_cache(maxsize=8)
def _upper(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a patch's triangles above the waist, and their texture coordinates."""
    patch = skin.patches()[name]
    keep = (load_body().vertices[patch.triangles][..., 1].min(axis=1) >= _WAIST) | (name != "torso")
    return patch.triangles[keep], patch.uv[keep]


@functools.lru_cache(maxsize=1)
def _legs() -> tuple[np.ndarray, np.ndarray]:
    body = load_body()
    triangles = body.triangles[body.vertices[body.triangles][..., 1].min(axis=1) < _WAIST]
    off_arms = (hand_weight("r") + hand_weight("l"))[triangles].max(axis=1) < 0.01
    triangles = triangles[off_arms]
    return triangles, np.full((len(triangles), 3, 2), 0.5, np.float32)


def _bare(mesh: Mesh) -> Body:
    """Return a mesh that wears no clothes."""
    count = len(mesh.vertices)
    table = np.column_stack([mesh.vertices, mesh.normals, mesh.open_sky, np.full((count, 3), -1.0)]).astype(np.float32)
    nothing = np.zeros((1, 1, 3), np.float32)
    layers = [(Layer(part.triangles, part.uv, part.texture, part.surface), nothing) for part in mesh.parts]
    return Body(table, layers)
