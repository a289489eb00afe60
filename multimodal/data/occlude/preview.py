"""Contact sheets: every kind and style on one face, and every kind on a face that is turned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from multimodal.data.occlude.clip import first_face
from multimodal.data.occlude.faces import OpenFinder, mediapipe_finder
from multimodal.data.occlude.layouts import read_plan
from multimodal.data.occlude.settings import clip_seed
from multimodal.errors import UsageError, VeilspeakError
from multimodal.media.fonts import font_for
from occlusion.drawing import draw, kinds, styles
from occlusion.placement import eye_distance

POSES: Mapping[str, tuple[float, float, float]] = {
    "front": (0.0, 0.0, 0.0),
    "yaw -30": (-30.0, 0.0, 0.0),
    "yaw +30": (30.0, 0.0, 0.0),
    "roll -20": (0.0, 0.0, -20.0),
    "roll +20": (0.0, 0.0, 20.0),
    "pitch +15": (0.0, 15.0, 0.0),
}
"""How the rendered person of the second sheet holds the head: yaw (to the picture's right), pitch (down), roll."""

_TILE, _COLUMNS, _TEXT = 176, 10, 13
_AROUND = 2.1
"""How far a tile reaches from between the eyes, in eye distances."""


@dataclass(frozen=True)
class Face:
    """A picture of a face.

    Attributes:
        image: RGB.
        landmarks: MediaPipe's points in it, pixels.
    """

    image: UInt8[np.ndarray, "height width 3"]
    landmarks: Float[np.ndarray, "468 3"]


def preview(
    source: Path | None, out: Path, seed: int = 0, only: str | None = None, finder: OpenFinder = mediapipe_finder
) -> list[Path]:
    """Write contact sheets.

    Args:
        source: A picture or video, or a folder of some, whose first face is shown; None renders a person, who is also
            shown turned.
        out: Folder for ``styles.jpg`` and ``poses.jpg``; made if need be.
        seed: What chance decides of each occluder.
        only: One kind; None shows all.
        finder: Opens what finds the landmarks.

    Returns:
        The files.

    Raises:
        UsageError: There is no face in the source.
        DecodeError: It cannot be decoded.
        VeilspeakError: It cannot be written to ``out``.
    """
    shown = kinds() if only is None else [only]
    faces = _rendered(finder) if source is None else {"front": _found(source, finder)}
    pages = {"styles.jpg": _page(shown, lambda kind: _styles(kind, faces["front"], seed), _COLUMNS)}
    if len(faces) > 1:
        pages["poses.jpg"] = _page(shown, lambda kind: _poses(kind, faces, seed), len(POSES))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, page in pages.items():
            Image.fromarray(page).save(out / name, quality=85)
    except OSError as error:
        raise VeilspeakError(f"cannot write to {out} ({error.strerror or error}): choose another folder") from error
    return [out / name for name in pages]


def sheet(tiles: Sequence[UInt8[np.ndarray, "side side 3"]], columns: int) -> UInt8[np.ndarray, "height width 3"]:
    """Lay tiles of equal size out in rows, the last one filled up with white."""
    white = np.full_like(tiles[0], 255)
    rows = [[*tiles[begin : begin + columns]] for begin in range(0, len(tiles), columns)]
    rows[-1] += [white] * (columns - len(rows[-1]))
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def _page(
    shown: Sequence[str], tiles_of: Callable[[str], list[np.ndarray]], columns: int
) -> UInt8[np.ndarray, "height width 3"]:
    """Lay out a part a kind, each under its name."""
    parts = [part for kind in shown for part in (_heading(kind, columns * _TILE), sheet(tiles_of(kind), columns))]
    return np.concatenate(parts)


def _heading(kind: str, width: int) -> np.ndarray:
    picture = Image.new("RGB", (width, 2 * _TEXT + 4), (255, 255, 255))
    text = f"{kind}  ({len(styles(kind))} styles)"
    ImageDraw.Draw(picture).text((4, 4), text, fill=(20, 20, 20), font=font_for(text, _TEXT + 4))
    return np.asarray(picture)


def _styles(kind: str, face: Face, seed: int) -> list[np.ndarray]:
    return [_tile(face, kind, style, clip_seed(seed, style), style) for style in styles(kind)]


def _poses(kind: str, faces: Mapping[str, Face], seed: int) -> list[np.ndarray]:
    """Return the first style in every pose, drawn alike."""
    style = styles(kind)[0]
    return [_tile(face, kind, style, clip_seed(seed, kind), f"{style}, {pose}") for pose, face in faces.items()]


def _tile(face: Face, kind: str, style: str, seed: int, label: str) -> np.ndarray:
    covered = draw(kind, seed, face.landmarks, face.image.shape, style=style).apply(face.image, face.landmarks).image
    unit = eye_distance(face.landmarks)
    x, y = face.landmarks[[33, 133, 362, 263], :2].mean(axis=0)
    scale = _TILE / (2 * _AROUND * unit)
    matrix = np.array([[scale, 0, _TILE / 2 - scale * x], [0, scale, 0.42 * _TILE - scale * y]])
    if scale < 1:  # average, lest fine patterns flicker
        covered = cv2.GaussianBlur(covered, (0, 0), 0.4 / scale)
    tile = cv2.warpAffine(covered, matrix, (_TILE, _TILE), borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255))
    return _labelled(tile, label)


def _labelled(tile: np.ndarray, label: str) -> np.ndarray:
    picture = Image.fromarray(tile)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, _TILE - _TEXT - 5, _TILE, _TILE), fill=(255, 255, 255))
    pen.text((3, _TILE - _TEXT - 4), label, fill=(20, 20, 20), font=font_for(label, _TEXT - 2))
    return np.asarray(picture)


def _found(source: Path, finder: OpenFinder) -> Face:
    for job in read_plan(source).jobs:
        found = first_face(job, finder) if job.shape != "flow" else None
        if found is not None:
            return Face(*found)
    raise UsageError(f"no face in {source}: name a picture or a video that shows one, or none at all")


def _rendered(finder: OpenFinder) -> dict[str, Face]:
    """Return a rendered person in every pose in which the mesh finds the face."""
    with finder(True) as find:
        shot = {name: (image, find(image)) for name, image in _shots()}
    return {name: Face(image, landmarks) for name, (image, landmarks) in shot.items() if landmarks is not None}


def _shots(seed: int = 11) -> Iterator[tuple[str, UInt8[np.ndarray, "height width 3"]]]:
    from multimodal.data.people.person import Person, Pose
    from multimodal.data.people.render import Camera, develop, render, sample_background, sample_lighting

    rng = np.random.default_rng(seed)
    person, light, background = Person.sample(rng), sample_lighting(rng), sample_background(rng, 640, 480)
    x, y, z = person.eye_middle()
    camera = Camera((float(x), float(y) - 0.3, float(z) + 10), 1000 / person.eye_distance(), 640, 480)
    for name, turn in POSES.items():
        yield name, develop(render(person.meshes(Pose(turn=turn)), camera, light, background), rng, 0.6)
