"""Long hair: a curtain that hangs from the scalp about the back of the head, before or behind the shoulders.

The scalp itself is covered by the shell of ``person``; the curtain begins inside it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from multimodal.data.people import skin
from multimodal.data.people.body import load_body, vertex_normals
from multimodal.data.people.person import Person, Pose, bust
from multimodal.data.people.render import Mesh, Part

_SURFACE = (0.3, 12.0, 0.0)
_COLUMNS, _ROWS = 64, 14
_ROOT = 7.75


class LongHair:
    """The long hair of one person.

    Args:
        person: Whose.
        rng: Gives length, parting, waves, and on which side of the shoulders it falls.
    """

    def __init__(self, person: Person, rng: np.random.Generator) -> None:
        along = np.linspace(0, 1, _ROWS)[:, None]
        opening = float(rng.uniform(38, 62))
        angle = np.radians(np.linspace(opening, 360 - opening, _COLUMNS))[None]
        self._along = np.broadcast_to(along, (_ROWS, _COLUMNS)).ravel()
        self._person = person
        self._shape = _fitted(_curtain(rng, along, angle).reshape(-1, 3), person)
        k = np.arange((_ROWS - 1) * _COLUMNS).reshape(_ROWS - 1, _COLUMNS)[:, :-1].ravel()
        right, below = k + 1, k + _COLUMNS
        one_side = np.concatenate([np.stack([k, below, right], 1), np.stack([right, below, below + 1], 1)])
        self._triangles = one_side
        across = np.broadcast_to(np.linspace(0, 1, _COLUMNS)[None], (_ROWS, _COLUMNS)).ravel()
        uv = np.stack([across, 1 - self._along], axis=1)
        both = np.concatenate([one_side, one_side[:, ::-1]])
        self._part = Part(both, uv[both].astype(np.float32), skin.paint_hair(person.look), _SURFACE)
        self._sky = (0.45 + 0.4 * self._along).astype(np.float32)

    def mesh(self, pose: Pose) -> Mesh:
        """Return the hair when the head is turned: its roots turn with it, its ends less."""
        placed = self._person.turned(self._shape.astype(np.float32), pose, (1 - 0.7 * self._along).astype(np.float32))
        normals = vertex_normals(placed, self._triangles)
        outwards = normals * np.sign((normals * (placed - (0.0, 7.0, 0.2))).sum(axis=1, keepdims=True) + 1e-9)
        return Mesh(placed, outwards.astype(np.float32), self._sky, [self._part])


def _curtain(
    rng: np.random.Generator, along: Float[np.ndarray, "rows 1"], angle: Float[np.ndarray, "1 columns"]
) -> Float[np.ndarray, "rows columns 3"]:
    """Return where the hair hangs; ``angle`` runs from the face's side round the back to its other side."""
    length = float(np.exp(rng.uniform(np.log(1.0), np.log(4.0))))
    ragged = 0.06 * np.cumsum(rng.normal(0, 1, angle.shape), axis=1) * length / 4
    height = _ROOT - along * (length + 0.4 + ragged - ragged.mean())
    beside = np.abs(np.sin(angle))
    wide = np.interp(height, (4.0, 5.6, 6.4, 7.2, 7.5, 7.8), (1.05, 1.0, 0.82, 0.86, 0.80, 0.45))
    # Behind the shoulders at the back, before them at the sides.
    front = float(rng.uniform(0.1, 0.9)) * beside**4 * np.clip((6.2 - height) / 0.8, 0, 1)
    deep = np.interp(height, (5.0, 6.4, 7.2, 7.5, 7.8), (1.0, 0.95, 1.12, 1.05, 0.6))
    waves = float(rng.uniform(0, 0.05)) * np.sin(height * float(rng.uniform(3, 7)) + angle * 9)
    x = (wide + waves) * np.sin(angle) * float(rng.uniform(0.98, 1.12))
    z = 0.22 + (deep + waves) * np.cos(angle) + front
    return np.stack(np.broadcast_arrays(x, height, z), axis=-1)


def _fitted(shape: Float[np.ndarray, "points 3"], person: Person) -> Float[np.ndarray, "points 3"]:
    """Return the curtain, made for the neutral head, on a person's own."""
    rest = load_body().vertices[bust().index]
    own = person.vertices[bust().index]
    skull = (rest[:, 1] > 7.0) & (rest[:, 2] < 0.6)
    wide = float(np.abs(own[skull, 0]).max() / np.abs(rest[skull, 0]).max())
    away = own[skull].mean(axis=0) - rest[skull].mean(axis=0)
    return np.asarray(shape * (wide, 1.0, 1.0) + away)
