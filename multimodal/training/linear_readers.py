"""The linear part of the regional classifier: logistic regression on centred maps, for free faces and for covered ones.

Its errors are unlike those of the networks, so that both together are better than either. One linear reader cannot
serve both kinds of faces: what a covered cell shows pulls on its weights, and a free face then pays for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from multimodal.data.samples import TestClips
from multimodal.training import flow_batches, flow_features
from multimodal.training.classifiers.base import FoldTask, Scores
from multimodal.training.fold_nets import chance_of, threads
from multimodal.training.regional_config import RegionalFoldConfig
from multimodal.training.regional_lessons import Lesson, lesson_of

STRENGTH = 1e-3
"""C of ``flow-logreg``; for free faces it is parted among the copies of a clip, which are nearly the same."""

COVERED_COPIES = 5

Reader = Callable[[Float[np.ndarray, "n 3 28 28"]], Scores]


def read_linearly(config: RegionalFoldConfig, task: FoldTask) -> list[np.ndarray]:
    """Learn from a fold's training side; return the probabilities of each of its tests, ``[n, classes]``.

    Clips of which all can be seen are read by the reader for free faces, others by the one for covered faces.
    """
    lesson = lesson_of(config, task)
    free, covered = _for_free_faces(lesson), _for_covered_faces(lesson, chance_of(task.seed, task.name, "linear"))
    return [_read(free, covered, test) for test in task.tests]


def moved(maps: Float[Tensor, "n 3 28 28"], across: int, down: int) -> Float[Tensor, "n 3 28 28"]:
    """Move maps by at most a cell, to the right and down or (negative) to the left and up; the rim is repeated."""
    wide = functional.pad(maps, (1, 1, 1, 1), mode="replicate")
    height, width = maps.shape[-2:]
    return wide[..., 1 - down : 1 - down + height, 1 - across : 1 - across + width]


def _read(free: Reader, covered: Reader, test: TestClips) -> Scores:
    scores = np.zeros((len(test), len(test.classes)))
    clear = (test.visibility >= 1).all(axis=1)
    for reader, rows in ((free, clear), (covered, ~clear)):
        if rows.any():
            scores[rows] = _read_with_mirror(reader, test.flow[rows])
    return scores


def _read_with_mirror(reader: Reader, flow: Float[np.ndarray, "n 3 28 28"]) -> Scores:
    """Return the geometric mean of what is read in a clip and in its mirror image."""
    turned = flow_batches.mirrored(torch.from_numpy(flow), torch.ones(len(flow), dtype=torch.bool)).numpy()
    mean = np.sqrt(reader(flow) * reader(turned))
    return np.asarray(mean / mean.sum(axis=1, keepdims=True))


def _for_free_faces(lesson: Lesson) -> Reader:
    """Learn from free clips, their mirror images, and both moved by one cell."""
    clear = (lesson.visibility >= 1).all(dim=1)
    rows = clear if clear.any() else ~clear
    maps = lesson.maps[rows]
    both = [maps, flow_batches.mirrored(maps, torch.ones(len(maps), dtype=torch.bool))]
    copies = [moved(one, *step) for one in both for step in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]
    return _learned(copies, lesson.targets[rows], STRENGTH / len(copies))


def _for_covered_faces(lesson: Lesson, seed: int) -> Reader:
    """Learn from the clips as they are and from covered copies, every other one mirrored."""
    source = torch.Generator().manual_seed(seed)
    count = len(lesson)
    copies = [lesson.maps]
    for number in range(1, COVERED_COPIES + 1):
        turned = flow_batches.mirrored(lesson.maps, torch.full((count,), number % 2 == 1))
        hidden = lesson.bank[torch.randint(len(lesson.bank), (count,), generator=source)]
        copies.append(flow_batches.covered(turned, hidden, lesson.fill))
    return _learned(copies, lesson.targets, STRENGTH)


def _learned(copies: Sequence[Tensor], targets: Float[Tensor, "n classes"], strength: float) -> Reader:
    """Fit a logistic regression to copies of the same clips; a clip counts as much as its row of targets sums to."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    labels, weights = targets.argmax(dim=1).numpy(), targets.sum(dim=1).numpy()
    present, classes = np.unique(labels), targets.shape[1]
    if len(present) == 1:
        return lambda flow: np.tile(np.eye(classes)[present[0]], (len(flow), 1))
    rows = np.concatenate([flow_features.centred(copy.numpy()) for copy in copies])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
    with threadpool_limits(1), threads(1):
        model.fit(rows, np.tile(labels, len(copies)), logisticregression__sample_weight=np.tile(weights, len(copies)))

    def read(flow: Float[np.ndarray, "n 3 28 28"]) -> Scores:
        scores = np.zeros((len(flow), classes))
        scores[:, present] = model.predict_proba(flow_features.centred(flow))
        return scores

    return read
