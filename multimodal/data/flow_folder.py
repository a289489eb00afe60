"""Folders of onset-apex flow maps as STSTNet published them: ``SUBJECT/u_test/LABEL/*.png``.

Each PNG is 28 x 28, 8 bit: red is u, green is v, blue is strain, each channel min-max scaled per image. Signs as the
field's tools give them: u grows to the right, v grows downwards. Labels are those of MEGC 2019: 0 negative, 1 positive,
2 surprise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int

from multimodal.errors import DecodeError, MissingError
from multimodal.face.canonical import GRID
from multimodal.results import EXPRESSIONS


@dataclass(frozen=True)
class FlowFolder:
    """The clips of such a folder, sorted by path.

    Attributes:
        flow: ``[clips, 3, 28, 28]``: u, v, strain, 0 to 255.
        labels: ``[clips]``, indices into ``EXPRESSIONS``.
        subjects: Whose clip each is.
        datasets: ``casme2``, ``smic``, ``samm`` or ``other``, told from the subject's name.
        names: File names without ending.
    """

    flow: Float[np.ndarray, "clips 3 28 28"]
    labels: Int[np.ndarray, "clips"]
    subjects: tuple[str, ...]
    datasets: tuple[str, ...]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.subjects)


def read_flow_folder(folder: Path) -> FlowFolder:
    """Read all maps of a folder in that layout.

    Raises:
        MissingError: There is no such folder, or no map in it.
        DecodeError: A file is not a 28 x 28 colour PNG, or lies under a label that is not 0, 1 or 2.
    """
    paths = sorted(folder.glob("*/u_test/*/*.png"))
    if not paths:
        raise MissingError(f"no flow maps in {folder}: expected SUBJECT/u_test/LABEL/*.png under it")
    subjects = tuple(path.parts[-4] for path in paths)
    return FlowFolder(
        flow=np.stack([read_map(path) for path in paths]),
        labels=np.asarray([_label(path) for path in paths], dtype=np.int64),
        subjects=subjects,
        datasets=tuple(dataset_of(subject) for subject in subjects),
        names=tuple(path.stem.strip() for path in paths),
    )


def dataset_of(subject: str) -> str:
    """Tell the data set from a subject's name in the MEGC 2019 composite (``sub01``, ``s01``, ``006``)."""
    if subject.startswith("sub") and subject[3:].isdigit():
        return "casme2"
    if subject.startswith("s") and subject[1:].isdigit():
        return "smic"
    return "samm" if subject.isdigit() else "other"


def read_map(path: Path) -> Float[np.ndarray, "3 28 28"]:
    """Read one map: u, v, strain, 0 to 255.

    Raises:
        DecodeError: It is not a 28 x 28 colour PNG.
    """
    raw = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    image = cv2.imdecode(raw, cv2.IMREAD_COLOR) if raw.size else None
    if image is None or image.shape[:2] != (GRID, GRID):
        given = "no picture" if image is None else f"{image.shape[1]} x {image.shape[0]}"
        raise DecodeError(f"{path}: expected a {GRID} x {GRID} PNG, given {given}: remove it or export it anew")
    return np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1)).astype(np.float32)


def _label(path: Path) -> int:
    name = path.parts[-2]
    if name not in {str(label) for label in range(len(EXPRESSIONS))}:
        raise DecodeError(f"{path}: expected a folder 0, 1 or 2 as label, given {name!r}: move the file")
    return int(name)
