"""What lies in a source, and where its copy goes: jobs, one a clip, that can be done in any order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from multimodal.data.occlude.scene import is_one_scene
from multimodal.data.occlude.suffixes import picture_suffix, video_suffix
from multimodal.data.occlude.writer import TRUTHS
from multimodal.errors import UsageError
from multimodal.media.batch import VIDEOS
from multimodal.media.images import SUFFIXES as PICTURES
from multimodal.media.images import natural_key

Layout = Literal["auto", "folder", "photos", "yolo", "flow"]
Shape = Literal["video", "frames", "picture", "flow"]

NOTES = frozenset(f".{ending}" for ending in "csv tsv txt md yaml yml json jsonl xlsx xls xml".split())  # noqa: SIM905
"""What is copied as it is: labels, index and coding sheets."""

OURS = ("manifest.jsonl", "occlude.json")
"""Files of an earlier run at the top of a folder; they are written anew and never copied, nor is ``TRUTHS`` there."""


@dataclass(frozen=True)
class Job:
    """One clip.

    Attributes:
        path: Relative to the source, with ``/``: the file, or the folder of frames. It names the clip.
        shape: What it is.
        sources: Its files, in the order of time.
        targets: For each source file where it goes, relative to the copy; one for a video.
    """

    path: str
    shape: Shape
    sources: tuple[Path, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A source.

    Attributes:
        layout: ``picture``, ``video``, ``folder``, ``photos``, ``yolo`` or ``flow``.
        root: The folder that paths are relative to.
        jobs: Its clips, by path.
        notes: Files that are copied as they are, relative to ``root``.
        left_out: How many other files there are.
    """

    layout: str
    root: Path
    jobs: tuple[Job, ...]
    notes: tuple[str, ...] = ()
    left_out: int = 0


def read_plan(source: Path, layout: Layout = "auto") -> Plan:
    """Find the clips of a source.

    Args:
        source: A picture, a video, or a folder of any of the layouts; a ``data.yaml`` stands for its folder.
        layout: ``auto`` tells a flow-map folder and a YOLO folder by their files, and in any other folder takes
            numbered frames of one scene for a clip. ``folder`` is the latter; with ``photos`` and ``yolo`` every
            picture is a scene of its own.

    Raises:
        UsageError: There is no such source, or nothing in it to cover.
    """
    if source.is_file() and source.name == "data.yaml":
        source = source.parent
    if source.is_file():
        return _single(source)
    if not source.is_dir():
        raise UsageError(f"no file or folder {source}: name a picture, a video, or a folder with some")
    plan = _folder(source, _told(source) if layout == "auto" else layout)
    if not plan.jobs:
        raise UsageError(f"no picture or video in {source}: nothing to do; name a folder that holds some")
    return plan


def _told(source: Path) -> str:
    if next(source.glob("*/u_test/*/*.png"), None):
        return "flow"
    return "yolo" if (source / "data.yaml").is_file() else "folder"


def _single(source: Path) -> Plan:
    if source.suffix.lower() in PICTURES:
        job = _picture(source, source.name)
        return Plan("picture", source.parent, (job,))
    return Plan("video", source.parent, (_video(source, source.name),))


def _folder(source: Path, layout: str) -> Plan:
    jobs: list[Job] = []
    notes: list[str] = []
    left_out = 0
    for folder, names in _walk(source):
        files = [folder / name for name in names]
        pictures = [path for path in files if path.suffix.lower() in PICTURES]
        videos = [path for path in files if path.suffix.lower() in VIDEOS]
        jobs += [_video(path, _relative(path, source)) for path in videos]
        jobs += _of_pictures(pictures, source, layout)
        found = [_relative(path, source) for path in files if path.suffix.lower() in NOTES]
        notes += [name for name in found if name not in OURS]
        left_out += len(files) - len(pictures) - len(videos) - len(found)
    return Plan(layout, source, tuple(sorted(jobs, key=lambda job: job.path)), tuple(sorted(notes)), left_out)


def _walk(source: Path) -> Iterable[tuple[Path, list[str]]]:
    ours = source / TRUTHS if (source / OURS[-1]).is_file() else None
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and Path(folder, name) != ours)
        yield Path(folder), sorted(name for name in names if not name.startswith("."))


def _of_pictures(pictures: Sequence[Path], source: Path, layout: str) -> list[Job]:
    """Return a folder's pictures as one clip, or as a clip each."""
    if layout == "flow":
        maps = [path for path in pictures if path.parts[-3:-2] == ("u_test",) and path.suffix.lower() == ".png"]
        return [Job(name, "flow", (path,), (name,)) for path in maps for name in [_relative(path, source)]]
    ordered = sorted(pictures, key=natural_key)
    if layout == "folder" and is_one_scene(ordered):
        return [_frames(ordered, source)]
    return [_picture(path, _relative(path, source)) for path in ordered]


def _frames(pictures: Sequence[Path], source: Path) -> Job:
    folder = _relative(pictures[0].parent, source)
    targets = tuple(_moved(path, _relative(path, source), picture_suffix(path)) for path in pictures)
    return Job(folder, "frames", tuple(pictures), targets)


def _picture(path: Path, name: str) -> Job:
    return Job(name, "picture", (path,), (_moved(path, name, picture_suffix(path)),))


def _video(path: Path, name: str) -> Job:
    return Job(name, "video", (path,), (_moved(path, name, video_suffix(path)),))


def _moved(path: Path, name: str, suffix: str) -> str:
    """Return where a file goes; copies of ``a.webm`` and ``a.mp4`` stay apart."""
    if path.suffix == suffix:
        return name
    alike = (other for other in path.parent.iterdir() if other.stem == path.stem and other != path)
    taken = any(other.suffix.lower() in PICTURES | VIDEOS for other in alike)
    return name + suffix if taken else Path(name).with_suffix(suffix).as_posix()


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
