"""HaGRID to a YOLO folder: ``python -m multimodal.data.hagrid ANNOTATIONS --images DIR --out DIR``.

HaGRID (Kapitanov et al. 2024; v1 with 18 signs, v2 with 33, and ``no_gesture``) has a JSON file a sign: ``{image:
{"bboxes": [[x, y, width, height], ...], "labels": [...], "user_id": ...}}``, x and y of the top left corner, all as
fractions of the picture. The files lie in one folder, or in ``train``, ``val`` and ``test``; pictures in
``SIGN/IMAGE.jpg`` or ``train_val_SIGN/IMAGE.jpg``. Where no split is given, people are dealt out by a hash of their id,
so that nobody is on two sides.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from multimodal.data.hagrid_labels import Fault, labels_of
from multimodal.data.index import Problem
from multimodal.data.yolo_folder import IMAGE_SUFFIXES
from multimodal.errors import DecodeError, MissingError, UsageError, VeilspeakError
from multimodal.results import GESTURES

V2_SIGNS: tuple[str, ...] = (
    *("grabbing", "grip", "hand_heart", "hand_heart2", "holy", "little_finger", "middle_finger", "point"),
    *("take_picture", "three3", "three_gun", "thumb_index", "thumb_index2", "timeout", "xsign"),
)
"""Signs that HaGRID v2 adds."""

NAMES: dict[str, tuple[str, ...]] = {"v1": GESTURES, "v2": (*GESTURES, *V2_SIGNS)}
"""Class names by label number; v2 goes on where v1 ends, so that v1's numbers hold in both."""

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Photo:
    """One annotated picture.

    Attributes:
        name: Without ending.
        sign: The file that it is annotated in.
        person: Who is on it.
        split: ``train``, ``val`` or ``test``.
        lines: One YOLO label a hand.
    """

    name: str
    sign: str
    person: str
    split: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Converted:
    """What was written.

    Attributes:
        photos: How many pictures of each split.
        problems: What was left out, and why.
    """

    photos: Mapping[str, int]
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types: pictures by split, problems by kind with the first case of each."""
        first = {problem.kind: f"{problem.where}: {problem.what}" for problem in reversed(self.problems)}
        counts = Counter(problem.kind for problem in self.problems)
        told = {kind: {"count": count, "first": first[kind]} for kind, count in counts.most_common()}
        return {"photos": dict(self.photos), "problems": told}


def convert(
    annotations: Path, images: Path, out: Path, version: str = "v1", shares: tuple[float, float] = (0.1, 0.1)
) -> Converted:
    """Write a YOLO folder: ``data.yaml``, ``images/SPLIT``, ``labels/SPLIT``.

    A picture with any unsound hand is left out whole. Pictures are linked where the disk allows it, else copied.

    Args:
        annotations: Folder of the JSON files, or of folders ``train``, ``val``, ``test`` with them.
        images: Folder of the pictures.
        out: Folder to write; must be new or empty.
        version: ``v1`` or ``v2``: which signs there are.
        shares: Of the people, for ``val`` and ``test``, where no split is given.

    Raises:
        MissingError: There are no annotations, or no picture that they name.
        UsageError: ``out`` is not empty, the version is unknown, or the shares leave nothing to train on.
        DecodeError: A file is not HaGRID's JSON.
    """
    if version not in NAMES:
        raise UsageError(f"unknown version {version!r}: choose one of {', '.join(NAMES)}")
    if min(shares) < 0 or sum(shares) >= 1:
        raise UsageError(f"shares {shares[0]:g} and {shares[1]:g} leave nothing to train on: choose smaller ones")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not empty: choose a new folder")
    problems: list[Problem] = []
    photos = list(_photos(annotations, NAMES[version], shares, problems))
    written = _write(photos, images, out, problems)
    if not any(written.values()):
        raise MissingError(f"no annotated picture lies in {images}: name the folder that holds SIGN/IMAGE.jpg")
    _two_sides(photos, problems)
    used = {split: f"images/{split}" for split in SPLITS if written[split]}
    content = {"path": ".", **used, "names": dict(enumerate(NAMES[version]))}
    (out / "data.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return Converted(written, tuple(problems))


def split_of(person: str, shares: tuple[float, float] = (0.1, 0.1)) -> str:
    """Deal a person out: always to the same split, whatever else is in the data.

    Args:
        person: Id.
        shares: Of the people, for ``val`` and ``test``.
    """
    place = int.from_bytes(hashlib.sha256(person.encode()).digest()[:8], "big") / 2**64
    return "val" if place < shares[0] else "test" if place < sum(shares) else "train"


def _photos(
    annotations: Path, names: Sequence[str], shares: tuple[float, float], problems: list[Problem]
) -> Iterator[Photo]:
    files = [(split, path) for split in SPLITS for path in sorted((annotations / split).glob("*.json"))]
    files = files or [("", path) for path in sorted(annotations.glob("*.json"))]
    if not files:
        raise MissingError(f"no JSON files in {annotations}, nor in train, val or test under it: name their folder")
    for given, path in files:
        for name, entry in _entries(path):
            where = f"{path.name} {name}"
            found = labels_of(name, entry, names)
            person = str(entry.get("user_id") or "")
            if isinstance(found, tuple) and not (person or given):
                found = Fault("no user", "nobody knows whose hand it is: it cannot be dealt out")
            if isinstance(found, Fault):
                problems.append(Problem(found.kind, where, found.what, dropped=True))
            else:
                yield Photo(name, path.stem, person, given or split_of(person, shares), found)


def _entries(path: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"{path} is not JSON ({error}): fetch it anew") from error
    if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
        raise DecodeError(f"{path} is not a table of pictures: name the folder of HaGRID's annotations")
    return sorted(content.items())


def _write(photos: Sequence[Photo], images: Path, out: Path, problems: list[Problem]) -> dict[str, int]:
    written = dict.fromkeys(SPLITS, 0)
    for photo in photos:
        source = _picture(images, photo)
        if source is None:
            problems.append(Problem("missing image", f"{photo.sign} {photo.name}", f"not in {images.name}", True))
            continue
        target = out / "images" / photo.split / f"{photo.name}{source.suffix.lower()}"
        if target.exists():
            problems.append(Problem("duplicate image", f"{photo.sign} {photo.name}", "the first is kept", True))
            continue
        label = out / "labels" / photo.split / f"{photo.name}.txt"
        for path in (target, label):
            path.parent.mkdir(parents=True, exist_ok=True)
        _link(source, target)
        label.write_text("\n".join(photo.lines) + "\n", encoding="utf-8")
        written[photo.split] += 1
    return written


def _picture(images: Path, photo: Photo) -> Path | None:
    folders = (photo.sign, f"train_val_{photo.sign}", f"test_{photo.sign}", f"{photo.split}/{photo.sign}", ".")
    paths = (images / folder / f"{photo.name}{suffix}" for folder in folders for suffix in IMAGE_SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _two_sides(photos: Sequence[Photo], problems: list[Problem]) -> None:
    """Note people whom the given split puts on two sides."""
    sides: dict[str, set[str]] = {}
    for photo in photos:
        if photo.person:
            sides.setdefault(photo.person, set()).add(photo.split)
    for person, splits in sorted(sides.items()):
        if len(splits) > 1:
            what = f"is in {' and '.join(sorted(splits))}: figures on the one say less about the other"
            problems.append(Problem("person on two sides", person, what))


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert, and print one JSON object: pictures by split, problems by kind. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m multimodal.data.hagrid", description="HaGRID to a YOLO folder.")
    parser.add_argument("annotations", type=Path, help="folder of the JSON files, or of train, val and test")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--signs", choices=tuple(NAMES), default="v1", help="v1: 18 signs; v2: 33; and no_gesture")
    given = parser.parse_args(arguments)
    try:
        print(json.dumps(convert(given.annotations, given.images, given.out, given.signs).to_dict()))
    except VeilspeakError as error:
        parser.exit(error.exit_code, f"veilspeak: {error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
