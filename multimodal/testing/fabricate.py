"""Fabricated data sets: takes are given the names, folders and sheets of an official layout."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import cv2
import numpy as np

from multimodal.data.layouts.sheets import Cell
from multimodal.testing.faults import apply_faults
from multimodal.testing.guises import GUISES, Guise
from multimodal.testing.pictures import draw
from multimodal.testing.takes import LENGTH, Take, sample_takes

FAKES: tuple[str, ...] = tuple(sorted(GUISES))
"""What can be fabricated: layouts, and their variants, such as ``casme2-2019``."""


def fabricate(
    name: str,
    root: Path,
    faults: Collection[str] = (),
    people: int = 3,
    takes: int = 5,
    faces: bool = False,
    side: int = 0,
    seed: int = 0,
) -> Path:
    """Write a small data set in an official layout: folders of frames and the coding sheet.

    Args:
        name: One of ``FAKES``; its layout is the part before ``-``.
        root: Folder; made if need be.
        faults: Names out of ``FAULTS``, ``subject without folder`` or ``missing column``; each hits a take of its own.
        people: How many people.
        takes: How many takes of each; an onset is 20 frames after the last.
        faces: Rendered people, whom the face tracker finds, instead of textures.
        side: Of the pictures, pixels; 0 takes 24, or 160 for faces.
        seed: Of what the pictures show.

    Returns:
        The folder to open, ``root``.

    Raises:
        ValueError: There is nothing of that name, or too many faults.
    """
    if name not in GUISES:
        raise ValueError(f"expected one of {', '.join(FAKES)}, given {name!r}")
    guise, shown = GUISES[name], sample_takes(people, takes)
    apply_faults(shown, [fault for fault in faults if fault != "missing column"])
    _write_sheet(guise, root, shown, "missing column" in faults)
    for take in shown:
        for frame in _frames(guise, take):
            image = draw(take, frame, side or (160 if faces else 24), faces, seed)
            write_picture(root / guise.folder(take) / guise.frame(take, frame), image)
    return root


def write_picture(path: Path, image: np.ndarray) -> Path:
    """Write an RGB picture; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), np.ascontiguousarray(image[:, :, ::-1])):
        raise OSError(f"{path} cannot be written")
    return path


def write_sheet(path: Path, sheets: Sequence[Sequence[Sequence[Cell]]]) -> Path:
    """Write an Excel file, a worksheet for each table of cells; its folder is made if need be."""
    import openpyxl

    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.worksheets[0] if number == 0 else book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def _write_sheet(guise: Guise, root: Path, takes: Sequence[Take], spoilt: bool) -> None:
    if not guise.sheet:
        return
    header = ["Unheard of" if spoilt and name == guise.needed else name for name in guise.header]
    rows = [guise.row(take) for take in takes for _ in range(take.rows)]
    first = [*guise.preamble, *([header] if header else []), *rows]
    write_sheet(root / guise.sheet, [first, *guise.more(takes)])


def _frames(guise: Guise, take: Take) -> list[int]:
    """Return the frames to write; a long video goes on before and after the take."""
    if not guise.whole_video or not take.frames:
        return take.frames
    missing = set(range(take.begin, take.begin + LENGTH)) - set(take.frames)
    return [frame for frame in range(take.begin - 4, take.begin + LENGTH + 4) if frame not in missing]
