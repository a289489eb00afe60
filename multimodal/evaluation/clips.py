"""Opening what is to be measured: samples with their labels, and masked versions of the same clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float

from multimodal.data.flow_folder import read_flow_folder
from multimodal.data.samples import FlowSamples, of_folder
from multimodal.errors import MissingError, UsageError
from multimodal.results import REGIONS

Problems = Mapping[str, int]
"""How often each kind of problem was met."""


@dataclass(frozen=True)
class Given:
    """A masked version of all clips that was measured on masked pictures; it goes where drawn ``Covers`` go.

    Attributes:
        flow: ``[n, 3, 28, 28]``.
        visibility: ``[n, 12]``.
        found: ``[n]``, false where no motion could be measured behind the mask.
        features: What classifiers ask for beside the flow, of the masked pictures, a row a clip.
    """

    flow: Float[np.ndarray, "n 3 28 28"]
    visibility: Float[np.ndarray, "n 12"]
    found: Bool[np.ndarray, "n"]
    features: Mapping[str, np.ndarray] = field(default_factory=dict)

    def over(
        self,
        samples: FlowSamples,
        fill: Float[np.ndarray, "3 28 28"],
        stand_ins: Mapping[str, np.ndarray] | None = None,
    ) -> FlowSamples:
        """Return the samples as they are behind the mask.

        A clip whose face was lost is not left out, which would make the rest look good: it shows the mean flow of the
        training side, all of it hidden, and the training side's mean features.

        Args:
            samples: The same clips without the mask.
            fill: The training side's mean flow.
            stand_ins: Its mean of each feature; zeros where there is none.
        """
        flow = np.where(self.found[:, None, None, None], self.flow, fill[None]).astype(np.float32)
        shown = {name: self._shown(rows, (stand_ins or {}).get(name)) for name, rows in self.features.items()}
        return replace(samples.with_flow(flow, self.visibility * self.found[:, None]), features=shown)

    def pick(self, rows: np.ndarray) -> Given:
        """Return the version of the chosen clips."""
        features = {name: column[rows] for name, column in self.features.items()}
        return Given(self.flow[rows], self.visibility[rows], self.found[rows], features)

    def _shown(self, rows: np.ndarray, stand_in: np.ndarray | None) -> np.ndarray:
        if self.found.all():
            return rows
        found = self.found.reshape(-1, *(1,) * (rows.ndim - 1))
        other = np.zeros(rows.shape[1:], rows.dtype) if stand_in is None else stand_in.astype(rows.dtype)
        return np.where(found, rows, other[None])


def open_samples(
    paths: Sequence[Path],
    labels: str,
    needs: Sequence[str],
    out: Path | None,
    workers: int | None,
    layout: str = "auto",
) -> tuple[FlowSamples, Problems]:
    """Open data, whatever its layout.

    Args:
        paths: A flow-map folder, or data sets in official layouts or as the CSV of an index.
        labels: ``megc2019`` or ``megc2018``.
        needs: Features beside the flow that the classifier asks for.
        out: Folder in which measured flow is kept; None measures anew.
        workers: For measuring.
        layout: What the data set is; ``auto`` finds out.

    Raises:
        MissingError: There is nothing there.
        UsageError: There is no clip with a label.
    """
    if len(paths) == 1 and layout in ("auto", "flow") and is_flow_folder(paths[0]):
        if labels != "megc2019":
            raise UsageError("flow-map folders carry the three MEGC 2019 labels: leave --labels out")
        return of_folder(read_flow_folder(paths[0])), {}
    if len(paths) == 1 and not paths[0].exists():
        raise MissingError(f"no data {paths[0]}: name a flow-map folder, a data set, or the CSV of an index")
    from multimodal.data.load import load_samples
    from multimodal.data.open_index import open_index

    cache = None if out is None else out / "cache"
    index = open_index(paths, layout, cache=cache)
    samples, problems = load_samples(index, labels, needs, cache=cache, workers=workers or 1)
    if not len(samples):
        raise UsageError(f"no clip with a {labels} label in {paths[0]}: veilspeak index tells what is there")
    return samples, Counter(problem.kind for problem in problems)


def open_masked(
    copies: Mapping[str, Path],
    clean: FlowSamples,
    labels: str,
    needs: Sequence[str],
    out: Path | None,
    workers: int | None,
    layout: str = "auto",
) -> dict[str, Given]:
    """Open masked copies of the same clips, matched by subject and name.

    Features, too, are those of the masked pictures.

    Raises:
        UsageError: A copy has none of the clips.
    """
    given = {}
    for name, path in copies.items():
        samples, _ = open_samples([path], labels, needs, out, workers, layout)
        given[name] = _matched(clean, samples)
        if not given[name].found.any():
            raise UsageError(f"{path} has none of the clips: name a copy that veilspeak occlude made of the same data")
    return given


def _matched(clean: FlowSamples, masked: FlowSamples) -> Given:
    places = {key: row for row, key in enumerate(zip(masked.subjects, masked.names, strict=True))}
    rows = np.array([places.get(key, -1) for key in zip(clean.subjects, clean.names, strict=True)])
    found = rows >= 0
    flow = np.where(found[:, None, None, None], masked.flow[rows], 0).astype(np.float32)
    seen = np.where(found[:, None], masked.visibility[rows], 0).astype(np.float32)
    assert seen.shape[1] == len(REGIONS)
    features = {name: column[rows] for name, column in masked.features.items()}
    return Given(flow, seen, found, features)


def is_flow_folder(path: Path) -> bool:
    """Tell whether a folder holds flow maps as STSTNet published them."""
    return path.is_dir() and next(path.glob("*/u_test/*/*.png"), None) is not None
