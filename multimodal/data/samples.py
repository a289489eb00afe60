"""Flow samples: what classifiers learn from and are measured on, wherever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.data.flow_folder import FlowFolder
from multimodal.results import EXPRESSIONS, REGIONS

UNITS = "units"
"""Name of the feature that holds coded action units, ``[n, 12]`` over ``ACTION_UNITS``: 1 shown, 0 not, NaN unknown."""

LABELS = (UNITS,)
"""Features that are labels: the side to be named goes without them."""


@dataclass(frozen=True)
class FlowSamples:
    """Onset-apex motion of clips, one map each.

    Attributes:
        flow: ``[n, 3, 28, 28]`` float32: u, v, strain on the canonical face, any unit.
        visibility: ``[n, 12]`` float32, of each region of ``REGIONS``, 0 hidden to 1 free, as far as it is told.
        labels: ``[n]``, indices into ``classes``.
        subjects: Whose clip each is; unique over all data sets.
        datasets: Which data set each is from.
        names: Of the clips; unique within a subject.
        classes: Names of the classes, fixed by the protocol; some may have no clip.
        features: Further arrays by name, a row a clip, that some classifiers ask for, such as ``lbp_top``; those named
            in ``LABELS`` are labels.
    """

    flow: Float[np.ndarray, "n 3 28 28"]
    visibility: Float[np.ndarray, "n 12"]
    labels: Int[np.ndarray, "n"]
    subjects: tuple[str, ...]
    datasets: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...] = EXPRESSIONS
    features: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.subjects)

    def pick(self, rows: Bool[np.ndarray, "n"] | Int[np.ndarray, "some"]) -> FlowSamples:
        """Return the chosen samples, by a mask or by numbers."""
        numbers = np.arange(len(self))[rows]
        subjects, datasets, names = (
            tuple(column[number] for number in numbers) for column in (self.subjects, self.datasets, self.names)
        )
        chosen = (self.flow[numbers], self.visibility[numbers], self.labels[numbers])
        features = {name: rows[numbers] for name, rows in self.features.items()}
        return FlowSamples(*chosen, subjects, datasets, names, self.classes, features)

    def with_flow(self, flow: Float[np.ndarray, "n 3 28 28"], visibility: Float[np.ndarray, "n 12"]) -> FlowSamples:
        """Return the same clips with other motion, such as behind an occluder."""
        return replace(self, flow=flow, visibility=visibility)

    def sealed(self) -> TestClips:
        """Return the same clips without their labels, action units included."""
        features = {name: rows for name, rows in self.features.items() if name not in LABELS}
        return TestClips(self.flow, self.visibility, self.subjects, self.names, self.classes, features)


class LabelLeakError(RuntimeError):
    """A test label was asked for before the predictions were in."""


@dataclass(frozen=True)
class TestClips:
    """Clips to be named, without their labels; the attributes are those of ``FlowSamples``."""

    __test__ = False  # it is no test case, whatever pytest makes of its name

    flow: Float[np.ndarray, "n 3 28 28"]
    visibility: Float[np.ndarray, "n 12"]
    subjects: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...] = EXPRESSIONS
    features: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.subjects)

    @property
    def labels(self) -> NoReturn:
        """Raises LabelLeakError: test labels are read once, when all predictions are in."""
        raise LabelLeakError("test labels are sealed until the predictions are in: learn from the training side alone")


def of_folder(folder: FlowFolder) -> FlowSamples:
    """Return the samples of a flow-map folder; all regions count as free.

    Subjects are named ``dataset/subject``, so that equal names in two data sets stay two people.
    """
    return FlowSamples(
        folder.flow.astype(np.float32),
        np.ones((len(folder), len(REGIONS)), np.float32),
        folder.labels,
        tuple(f"{dataset}/{subject}" for dataset, subject in zip(folder.datasets, folder.subjects, strict=True)),
        folder.datasets,
        folder.names,
    )
