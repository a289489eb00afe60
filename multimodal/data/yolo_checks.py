"""What a YOLO folder must hold before anything is trained or measured on it: known classes, pictures that open."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from multimodal.data.yolo_folder import Sample, YoloFolder, read_rgb
from multimodal.errors import DecodeError, UsageError

BROKEN = "picture that cannot be decoded"


def check_pictures(folder: YoloFolder) -> YoloFolder:
    """Open every picture; what cannot be decoded is left out and counted.

    A picture of about 400 pixels a side takes 2 ms, which is little beside what training does with it.
    """
    opened = [_opens(sample) for sample in folder.samples]
    broken = [sample.image.name for sample, fine in zip(folder.samples, opened, strict=True) if not fine]
    if not broken:
        return folder
    sound = tuple(sample for sample, fine in zip(folder.samples, opened, strict=True) if fine)
    return replace(folder, samples=sound, problems={**folder.problems, BROKEN: broken})


def require_classes(folder: YoloFolder, known: Collection[str]) -> None:
    """Raise where the folder's classes are not all known.

    Raises:
        UsageError: Some are not; each is named with the number of its boxes.
    """
    counts = folder.counts()
    unknown = [f"{name!r} ({counts[name]} boxes)" for name in folder.names if name not in known]
    if unknown:
        raise UsageError(f"{folder.root}: unknown gestures {', '.join(unknown)}: use HaGRID's names, or leave them out")


def require_samples(folder: YoloFolder) -> None:
    """Raise where nothing sound is left.

    Raises:
        UsageError: No picture is sound; what is wrong with them is counted.
    """
    if not folder.samples:
        raise UsageError(f"{folder.told()}: no picture is left: correct these files")


def require_all_sound(folders: Sequence[YoloFolder]) -> None:
    """Raise if anything was left out of any of several folders, so that all is told at once.

    Raises:
        UsageError: Folders, kinds and counts are named in one line.
    """
    told = [folder.told() for folder in folders if folder.report()]
    if told:
        raise UsageError(f"{'. '.join(told)}: correct or remove these files")


def _opens(sample: Sample) -> bool:
    try:
        read_rgb(sample.image)
    except DecodeError:
        return False
    return True
