"""Folders in the YOLO layout: a ``data.yaml``, pictures under ``images/SPLIT``, labels under ``labels/SPLIT``.

A label file has one line a box: ``class x y width height``, centre and size as fractions of the picture. Every folder
is checked when it is read, so that training or evaluation starts only on what can be trusted; ``yolo_checks`` holds
what asks for more than the files' own words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from multimodal.config import read_yaml
from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.media.images import read_image

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_TOLERANCE = 1e-3
_NO_LABELS = ("classes.txt", "README.txt", "README.roboflow.txt", "README.dataset.txt")
"""Text files that labelling tools leave beside the labels."""


@dataclass(frozen=True)
class Label:
    """One labelled box.

    Attributes:
        name: The class's name.
        box: Centre x, centre y, width, height as fractions of the picture, 0 to 1.
    """

    name: str
    box: tuple[float, float, float, float]

    def pixels(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return x0, y0, x1, y1 in pixels of a picture of that size."""
        x, y, w, h = self.box
        return (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height


@dataclass(frozen=True)
class Sample:
    """One picture and its boxes."""

    image: Path
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class YoloFolder:
    """One split of a data set in the YOLO layout.

    Attributes:
        root: The folder of the ``data.yaml``.
        split: ``train``, ``val`` or ``test``.
        names: Class names by their label number.
        samples: The pictures whose labels are sound, by name.
        problems: What was left out: kind -> ``file: what is wrong`` for each case.
    """

    root: Path
    split: str
    names: tuple[str, ...]
    samples: tuple[Sample, ...]
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return how many sound boxes each class has."""
        found = Counter(label.name for sample in self.samples for label in sample.labels)
        return {name: found[name] for name in self.names}

    def report(self) -> list[str]:
        """Return one line a kind of problem, with its count and its first case; empty if there is none."""
        return [f"{kind}: {len(cases)} (first: {cases[0]})" for kind, cases in self.problems.items() if cases]

    def require_sound(self) -> None:
        """Raise if anything was left out.

        Raises:
            UsageError: Some labels or pictures are unsound; kinds and counts are named in one line.
        """
        if self.report():
            raise UsageError(f"{self.told()}: correct or remove these files")

    def told(self) -> str:
        """Return the report as one line with the folder's name."""
        return f"{self.root} [{self.split}]: {'; '.join(self.report())}"


def read_yolo_folder(data_yaml: Path, split: str) -> YoloFolder:
    """Read and check one split.

    Args:
        data_yaml: The data set's ``data.yaml``, or the folder that it lies in.
        split: ``train``, ``val`` or ``test``: a key of the YAML whose value is a folder of pictures, a text file that
            lists them (one a line, relative to the folder; one that is listed often counts once), or several of both.

    Returns:
        The sound samples, and what was left out and why. A picture with any unsound label is left out whole.

    Raises:
        MissingError: The YAML, the split or all its pictures are missing.
        UsageError: The YAML has no usable ``names``.
    """
    path = data_yaml / "data.yaml" if data_yaml.is_dir() else data_yaml
    content = read_yaml(path)
    names = _class_names(content.get("names"), path)
    root = path.parent / str(content.get("path", "."))
    if split not in content:
        raise MissingError(f"{path} names no split {split!r}: add the line '{split}: images/{split}'")
    value = content[split]
    places = [root / str(place) for place in (value if isinstance(value, list) else [value])]
    return _read_split(root, places, split, names)


def read_rgb(path: Path) -> UInt8[np.ndarray, "height width 3"]:
    """Read a picture upright as RGB, 8 bit; grey, RGBA, 16-bit and palette files are converted, alpha is dropped.

    Raises:
        DecodeError: It cannot be decoded as a whole.
    """
    try:
        return read_image(path)
    except DecodeError as error:
        raise DecodeError(f"{error}, or remove it") from error


def label_path(image: Path) -> Path:
    """Return the label file of a picture: the last ``images`` in its path becomes ``labels``, the suffix ``.txt``.

    Where there is no ``images`` in its path, labels lie beside the pictures.
    """
    parts = list(image.parts)
    if "images" in parts[:-1]:
        last = len(parts) - 1 - parts[::-1].index("images", 1)
        parts[last] = "labels"
    return Path(*parts).with_suffix(".txt")


def _class_names(names: object, path: Path) -> tuple[str, ...]:
    if isinstance(names, list):
        return tuple(str(name) for name in names)
    if isinstance(names, dict) and sorted(names) == list(range(len(names))):
        return tuple(str(names[number]) for number in range(len(names)))
    raise UsageError(f"{path}: 'names' must list the classes, by number from 0: correct it")


def _read_split(root: Path, places: Sequence[Path], split: str, names: tuple[str, ...]) -> YoloFolder:
    problems: dict[str, list[str]] = {}
    pictures = _pictures(root, places, problems)
    if not pictures:
        named = ", ".join(map(str, places))
        raise MissingError(f"no pictures in {named}: correct the split's folder or list in data.yaml")
    samples = []
    for picture in pictures:
        labels, wrong = read_labels(label_path(picture), names)
        for kind, case in wrong:
            problems.setdefault(kind, []).append(case)
        if not wrong:
            samples.append(Sample(picture, labels))
    for place in places:
        if place.is_dir():
            _note_orphans(place, pictures, problems)
    return YoloFolder(root, split, names, tuple(samples), problems)


def _pictures(root: Path, places: Sequence[Path], problems: dict[str, list[str]]) -> list[Path]:
    """Return the pictures of folders and lists, each once, by name; those that a list names in vain are noted."""
    found: set[Path] = set()
    for place in places:
        if place.is_dir():
            found.update(path for path in place.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
        elif place.suffix == ".txt" and place.is_file():
            listed = {root / line.strip() for line in place.read_text(encoding="utf-8").splitlines() if line.strip()}
            missing = sorted(path.name for path in listed if not path.is_file())
            if missing:
                problems.setdefault("missing image", []).extend(missing)
            found.update(path for path in listed if path.is_file())
    return sorted(found)


def _note_orphans(images: Path, pictures: Sequence[Path], problems: dict[str, list[str]]) -> None:
    """Note label files whose picture is missing."""
    known = {label_path(picture) for picture in pictures}
    folder = label_path(images / "x.jpg").parent
    for path in sorted(folder.rglob("*.txt")):
        if path not in known and path.name not in _NO_LABELS:
            problems.setdefault("missing image", []).append(path.name)


def read_labels(path: Path, names: Sequence[str]) -> tuple[tuple[Label, ...], list[tuple[str, str]]]:
    """Read one label file; an empty file is a picture without hands.

    Returns:
        The sound labels, and ``(kind, case)`` for each unsound line, or for a file that is missing or is no text.
    """
    if not path.is_file():
        return (), [("missing label file", path.name)]
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return (), [("unreadable label file", path.name)]
    labels, wrong = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = _parse_line(line, names)
        if isinstance(found, str):
            wrong.append((found, f"{path.name} line {number}"))
        else:
            labels.append(found)
    return tuple(labels), wrong


def _parse_line(line: str, names: Sequence[str]) -> Label | str:
    """Return the line's label, or the kind of problem it has."""
    try:
        number, *values = (float(part) for part in line.split())
    except ValueError:
        return "unreadable line"
    if len(values) != 4 or not np.isfinite([number, *values]).all():
        return "unreadable line"
    if number != int(number) or not 0 <= number < len(names):
        return "unknown class"
    x, y, w, h = values
    edges = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
    if w <= 0 or h <= 0 or edges.min() < -_TOLERANCE or edges.max() > 1 + _TOLERANCE:
        return "label outside the picture"
    return Label(names[int(number)], (x, y, w, h))


def boxes_of(sample: Sample, width: int, height: int) -> Float[np.ndarray, "boxes 4"]:
    """Return a sample's boxes as x0, y0, x1, y1 in pixels of a picture of that size."""
    return np.array([label.pixels(width, height) for label in sample.labels], dtype=np.float64).reshape(-1, 4)
