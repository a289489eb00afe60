"""A data set of rendered photos of hand signs in the YOLO layout, the same from a seed whatever the workers.

Each photo is drawn from the seed and its own number alone. Twenty photos in turn show the same person: one for each of
the nineteen names, and one without hands.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from jaxtyping import Float

from multimodal.data.people.dataset import Rows, Task, keep, run_people, same_settings, write_rows
from multimodal.data.people.gestures.model import Model
from multimodal.data.people.gestures.rooms import photo_room, photos, sample_room
from multimodal.data.people.gestures.shot import Hand, Shot, take
from multimodal.errors import UsageError
from multimodal.results import GESTURES

SHOWN: tuple[str | None, ...] = (*GESTURES, None)
"""What a person shows in turn; None is a photo without hands."""

COLUMNS: tuple[str, ...] = (
    "picture", "sign", "side", "person", "melanin", "glove", "sleeve", "light", "level", "yaw", "pitch", "roll",
    "style", "visible", "x", "y", "width", "height",
)  # fmt: skip
"""Columns of ``index.csv``: a row for each labelled hand, and one without a sign for each photo that has none.

``side`` is the person's; ``melanin`` 0 lightest to 1 darkest; ``level`` the mean brightness of the hand in the photo, 0
to 1; ``yaw``, ``pitch`` and ``roll`` degrees from the sign's usual way; ``style`` how a hand without a sign rests;
``visible`` the share of the hand that is seen; the box as its label has it."""

_Room = Float[np.ndarray, "size size 3"]
_MakeRoom = Callable[[np.random.Generator, int], _Room]


def synth_gestures(
    out: Path, n: int, seed: int = 0, *, workers: int = 2, size: int = 320, backgrounds: Path | None = None
) -> Path:
    """Render ``n`` photos of people who show hand signs (about .15 s each and worker at 320 pixels).

    Writes ``images/train/NNNNNN.jpg``, ``labels/train/NNNNNN.txt``, ``data.yaml``, ``index.csv`` and
    ``settings.json``. What an earlier, interrupted run with the same settings left is kept and not rendered again.

    Args:
        out: Folder; made if need be.
        n: How many photos.
        seed: Gives the whole set; a longer set begins with the shorter one.
        workers: Processes.
        size: Width and height of the photos.
        backgrounds: Folder of photos to use instead of rooms that are drawn.

    Returns:
        The path of ``data.yaml``.

    Raises:
        MissingError: There is no photo in ``backgrounds``.
        DecodeError: A background cannot be decoded.
        UsageError: A number makes no sense, or ``out`` holds photos of other settings.
    """
    if n < 1 or workers < 1 or not 64 <= size <= 1024:
        raise UsageError("synth gestures: n and workers from 1, size 64 to 1024")
    settings = {"seed": seed, "size": size, "backgrounds": _fingerprint(backgrounds)}
    for folder in ("images/train", "labels/train", "people"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    same_settings(out, settings)
    place = {"folder": str(backgrounds) if backgrounds is not None else ""}
    step = len(SHOWN)
    tasks: list[Task] = [(str(out), settings | place, first, min(first + step, n)) for first in range(0, n, step)]
    rows = [row for batch in run_people(_render_person, tasks, workers) for row in batch]
    write_rows(out, rows, COLUMNS)
    return _write_yaml(out)


def person_of(seed: int, number: int) -> Model:
    """Return the person of that number; a seed has the same people in every set."""
    return Model(np.random.default_rng([seed, 0, number]))


def photo_of(
    seed: int, number: int, size: int, model: Model, make_room: _MakeRoom = sample_room
) -> tuple[Shot, np.random.Generator]:
    """Return the photo of that number, of the person that ``person_of`` gives, and what chance is left for its file."""
    rng = np.random.default_rng([seed, 1, number])
    return take(model, SHOWN[number % len(SHOWN)], size, rng, make_room), rng


def _fingerprint(backgrounds: Path | None) -> str:
    """Return what tells one folder of backgrounds from another: their names and sizes."""
    if backgrounds is None:
        return "drawn"
    rows = [f"{path.relative_to(backgrounds)} {path.stat().st_size}" for path in photos(backgrounds)]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _render_person(task: Task) -> Rows:
    """Render the photos of one person unless they are there, and return the rows of all."""
    folder, settings, first, last = task
    number = first // len(SHOWN)
    note = Path(folder) / "people" / f"{number:05d}.json"
    rows: Rows = json.loads(note.read_text(encoding="utf-8"))["rows"] if note.is_file() else []
    done = {int(row["picture"]) for row in rows}
    missing = [k for k in range(first, last) if k not in done]
    if missing:
        model = person_of(settings["seed"], number)
        for k in missing:
            rows += _render_photo(Path(folder), settings, k, model)
        keep(note, {"rows": rows})
    return [row for row in rows if int(row["picture"]) < last]


def _render_photo(out: Path, settings: dict[str, Any], number: int, model: Model) -> Rows:
    size = settings["size"]
    shot, rng = photo_of(settings["seed"], number, size, model, _rooms(settings["folder"]))
    name, quality = f"{number:06d}", [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 96))]
    cv2.imwrite(str(out / "images" / "train" / f"{name}.jpg"), shot.image[..., ::-1], quality)
    rows = [_row(name, model, shot, hand, size) for hand in shot.hands]
    lines = [" ".join([str(GESTURES.index(row["sign"])), *(row[key] for key in COLUMNS[-4:])]) for row in rows]
    text = "".join(f"{line}\n" for line in lines)
    (out / "labels" / "train" / f"{name}.txt").write_text(text, encoding="utf-8")
    return rows or [_about(name, model, shot)]


def _rooms(folder: str) -> _MakeRoom:
    """Return what gives the room behind: drawn, or cut out of the photos of a folder."""
    return functools.partial(_photo_behind, Path(folder)) if folder else sample_room


def _photo_behind(folder: Path, rng: np.random.Generator, size: int) -> _Room:
    found = photos(folder)
    return photo_room(found[int(rng.integers(len(found)))], rng, size)


def _about(name: str, model: Model, shot: Shot) -> dict[str, str]:
    """Return what a row says of the photo whatever is labelled."""
    row = dict.fromkeys(COLUMNS, "")
    row |= {"picture": name, "person": f"{int(name) // len(SHOWN):05d}", "melanin": f"{model.look.melanin:.3f}"}
    glove = "none" if shot.worn.glove is None else "knitted" if shot.worn.knitted else "smooth"
    return row | {"glove": glove, "sleeve": shot.outfit.sleeve, "light": shot.mood.kind}


def _row(name: str, model: Model, shot: Shot, hand: Hand, size: int) -> dict[str, str]:
    x0, y0, x1, y1 = (value / size for value in hand.box)
    numbers = {"yaw": hand.held.angles[0], "pitch": hand.held.angles[1], "roll": hand.held.angles[2]}
    box = {"x": (x0 + x1) / 2, "y": (y0 + y1) / 2, "width": x1 - x0, "height": y1 - y0}
    row = _about(name, model, shot) | {"sign": hand.sign, "side": hand.side, "style": hand.held.style}
    row |= {"level": f"{_level(shot, hand):.3f}", "visible": f"{hand.visible:.3f}"}
    return row | {key: f"{v:.1f}" for key, v in numbers.items()} | {key: f"{v:.6f}" for key, v in box.items()}


def _level(shot: Shot, hand: Hand) -> float:
    x0, y0, x1, y1 = (int(np.floor(hand.box[0])), int(np.floor(hand.box[1])), int(np.ceil(hand.box[2])),
                      int(np.ceil(hand.box[3])))  # fmt: skip
    weight = shot.mask[y0:y1, x0:x1, None]
    return float((shot.image[y0:y1, x0:x1] / 255 * weight).sum() / max(3 * float(weight.sum()), 1e-6))


def _write_yaml(out: Path) -> Path:
    content = {"path": ".", "train": "images/train", "names": dict(enumerate(GESTURES))}
    path = out / "data.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
