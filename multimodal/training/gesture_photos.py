"""Prepares the detector's training folder: labels checked by the skeleton, green screens put on other backgrounds.

Data sets name hands loosely (any open hand ``palm``, any two fingers ``peace``). What the skeleton classifier is sure
of is taken; a photo with a hand that stays unclear is left out, since its box cannot be taught without a class.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import yaml
from jaxtyping import Float, UInt8

from multimodal.data.yolo_folder import Label, Sample, boxes_of, read_rgb
from multimodal.gesture.boxes import iou
from multimodal.results import GESTURES
from multimodal.training.gesture_skeleton import LabelledHands

_TRIES = 20


@dataclass(frozen=True)
class Checked:
    """What became of loosely labelled photos: the kept ones, and how many boxes were confirmed, renamed or unclear."""

    samples: list[Sample]
    confirmed: int
    renamed: int
    unclear: int


def check_labels(
    samples: Sequence[Sample],
    hands: LabelledHands,
    opinions: Float[np.ndarray, "boxes 19"],
    alike: Mapping[str, Sequence[str]],
    keep_at: float,
    rename_at: float,
) -> Checked:
    """Keep, rename or leave out loosely labelled photos.

    Args:
        samples: The photos.
        hands: Their hands, one row a labelled box.
        opinions: Log-probabilities of the skeleton classifier, one row a labelled box.
        alike: Label -> the names that may hide behind it.
        keep_at: Least probability for a name that the label allows.
        rename_at: Least probability for a name that it does not allow.
    """
    new: list[list[str | None]] = [[] for _ in samples]
    for found, number, image, row in zip(hands.found, hands.labels, hands.images, opinions, strict=True):
        label, best = GESTURES[number], GESTURES[int(row.argmax())]
        needed = keep_at if best == label or best in alike.get(label, ()) else rename_at
        new[image].append(best if found and np.exp(row.max()) >= needed else None)
    kept, confirmed, renamed, unclear = [], 0, 0, 0
    for sample, names in zip(samples, new, strict=True):
        unclear += names.count(None)
        if None in names:
            continue
        same = sum(label.name == name for label, name in zip(sample.labels, names, strict=True))
        confirmed, renamed = confirmed + same, renamed + len(names) - same
        labels = tuple(replace(label, name=str(name)) for label, name in zip(sample.labels, names, strict=True))
        kept.append(Sample(sample.image, labels))
    return Checked(kept, confirmed, renamed, unclear)


def cut_out(image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "height width"]:
    """Return how far each pixel belongs to what stands before a green screen, 0 to 1.

    Green is what is greener than red and blue; black corners of turned pictures count as background too.
    """
    red, green, blue = (image[..., channel].astype(np.int32) for channel in range(3))
    solid = ((green - np.maximum(red, blue) < 8) & (image.max(axis=2) > 24)).astype(np.uint8)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count > 1:
        solid = (parts == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).astype(np.uint8)
    solid = cv2.erode(cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)), np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(solid.astype(np.float32), (5, 5), 0)


def composite(
    hand: Sample, background: Sample, rng: np.random.Generator
) -> tuple[UInt8[np.ndarray, "height width 3"], tuple[Label, ...]] | None:
    """Put a green-screen hand on another photo, whose own labels stay.

    Returns:
        The picture and its labels; None where no place was found that leaves the photo's own hands free.
    """
    image, scene = read_rgb(hand.image), read_rgb(background.image).copy()
    height, width = scene.shape[:2]
    x0, y0, x1, y1 = (round(value) for value in hand.labels[0].pixels(image.shape[1], image.shape[0]))
    x0, y0 = max(x0, 0), max(y0, 0)
    cut, alpha = image[y0:y1, x0:x1], cut_out(image)[y0:y1, x0:x1]
    others = boxes_of(background, width, height)
    for _ in range(_TRIES):
        scale = rng.uniform(0.2, 0.6) * height / cut.shape[0]
        size = (max(8, round(cut.shape[1] * scale)), max(8, round(cut.shape[0] * scale)))
        if size[0] >= width or size[1] >= height:
            continue
        x, y = int(rng.integers(0, width - size[0])), int(rng.integers(0, height - size[1]))
        box = np.array([[x, y, x + size[0], y + size[1]]], dtype=np.float64)
        if others.size and iou(box, others).max() > 0.02:
            continue
        _paste(scene, cut, alpha, x, y, size, rng.uniform(0.6, 1.4))
        label = Label(hand.labels[0].name, _fractions(box[0], width, height))
        return scene, (*background.labels, label)
    return None


def _paste(
    scene: UInt8[np.ndarray, "height width 3"],
    cut: UInt8[np.ndarray, "h w 3"],
    alpha: Float[np.ndarray, "h w"],
    x: int,
    y: int,
    size: tuple[int, int],
    light: float,
) -> None:
    """Blend the cut-out into the scene, in place."""
    hand = cv2.resize(cut, size, interpolation=cv2.INTER_AREA).astype(np.float32) * light
    share = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)[..., None]
    place = scene[y : y + size[1], x : x + size[0]]
    place[:] = np.clip(hand * share + place * (1 - share), 0, 255).astype(np.uint8)


def _fractions(box: Float[np.ndarray, "4"], width: int, height: int) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(value) for value in box)
    return (x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height


class TrainingFolder:
    """Writes a data set in the YOLO layout whose pictures are links to the originals.

    Args:
        root: Where it goes; what was there is replaced.
    """

    def __init__(self, root: Path) -> None:
        shutil.rmtree(root, ignore_errors=True)
        self.root = root.absolute()
        self._lists: dict[str, list[Path]] = {}

    def link(self, split: str, sample: Sample, repeat: int = 1) -> None:
        """Add a photo to a split, ``repeat`` times an epoch."""
        path = self._place(split, f"{len(self._lists.get(split, []))}_{sample.image.name}")
        try:
            path.symlink_to(sample.image.resolve())
        except OSError:
            shutil.copyfile(sample.image, path)
        self._note(split, path, sample.labels, repeat)

    def write(self, split: str, image: UInt8[np.ndarray, "height width 3"], labels: Sequence[Label]) -> None:
        """Add a picture that was made here."""
        path = self._place(split, f"{len(self._lists.get(split, []))}_made.jpg")
        cv2.imwrite(str(path), np.ascontiguousarray(image[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 92])
        self._note(split, path, labels, 1)

    def finish(self) -> Path:
        """Write the lists and the ``data.yaml``, and return its path."""
        content: dict[str, object] = {"path": str(self.root), "names": dict(enumerate(GESTURES))}
        for split, paths in self._lists.items():
            listing = self.root / f"{split}.txt"
            listing.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
            content[split] = listing.name
        path = self.root / "data.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return path

    def _place(self, split: str, name: str) -> Path:
        path = self.root / "images" / split / name
        path.parent.mkdir(parents=True, exist_ok=True)
        (self.root / "labels" / split).mkdir(parents=True, exist_ok=True)
        return path

    def _note(self, split: str, path: Path, labels: Sequence[Label], repeat: int) -> None:
        lines = (" ".join([str(GESTURES.index(x.name)), *(f"{v:.6f}" for v in x.box)]) for x in labels)
        text = "".join(f"{line}\n" for line in lines)
        (self.root / "labels" / split / f"{path.stem}.txt").write_text(text, encoding="utf-8")
        self._lists.setdefault(split, []).extend([path] * repeat)
