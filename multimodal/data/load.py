"""From an index to what classifiers learn from: labels by rule, motion and features by measuring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from multimodal.data.features import FEATURES, clip_feature
from multimodal.data.flow_cache import Motion, clip_motion
from multimodal.data.flow_folder import read_map
from multimodal.data.index import Clip, ClipIndex, Problem
from multimodal.data.labels import LabelRule, label_rule
from multimodal.data.samples import FlowSamples
from multimodal.data.units import UNITS, unit_row
from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.executors import run_all
from multimodal.face.canonical import GRID
from multimodal.results import ACTION_UNITS, REGIONS


@dataclass(frozen=True)
class _Piece:
    """What a worker is given."""

    number: int
    clip: Clip
    root: Path
    needs: tuple[str, ...]
    cache: Path | None


@dataclass(frozen=True)
class _Loaded:
    """What it gives back: the clip's motion and features, or why it has none."""

    number: int
    motion: Motion | None = None
    features: Mapping[str, np.ndarray] = field(default_factory=dict)
    problem: Problem | None = None


def load_samples(
    index: ClipIndex,
    rule: str | LabelRule,
    needs: Sequence[str] = (),
    cache: Path | None = None,
    workers: int = 1,
) -> tuple[FlowSamples, tuple[Problem, ...]]:
    """Load the clips that a rule gives a label.

    Args:
        index: Checked clips.
        rule: Label rule, or its name, such as ``megc2019``.
        needs: Names of features beside the flow, such as ``lbp_top``; or ``units``, the coded action units.
        cache: Folder in which measured motion and features are kept; None keeps nothing.
        workers: Clips at a time.

    Returns:
        The samples, in the order of the index, and all problems: those of the index, and clips that were left out
            because they have no apex, because a frame cannot be read, or because no face was found in onset or apex
            frame, or in another one that a feature takes. Subjects are named ``dataset/subject``. Published flow maps
            keep their values of 0 to 255, and all of their regions count as free.

    Raises:
        UsageError: There is no such rule or feature; flow maps and frames are mixed; or a feature is asked of flow
            maps.
    """
    chosen = label_rule(rule) if isinstance(rule, str) else rule
    measured = tuple(name for name in needs if name != UNITS)
    for name in measured:
        FEATURES.get(name)
    labelled = [(clip, label) for clip in index if (label := chosen.label(clip)) is not None]
    _refuse_mixture([clip for clip, _ in labelled], measured)
    pieces = [_Piece(n, clip, index.roots[clip.dataset], measured, cache) for n, (clip, _) in enumerate(labelled)]
    loaded = sorted(run_all(_load, pieces, workers=workers), key=lambda one: one.number)
    problems = tuple(one.problem for one in loaded if one.problem is not None)
    kept = [(one, *labelled[one.number]) for one in loaded if one.problem is None]
    samples = _samples(kept, chosen.classes, measured)
    if UNITS in needs:
        rows = [unit_row(clip) for _, clip, _ in kept]
        told = np.stack(rows) if rows else np.zeros((0, len(ACTION_UNITS)), np.float32)
        samples = replace(samples, features={**samples.features, UNITS: told})
    return samples, (*index.problems, *problems)


def is_flow_map(clip: Clip) -> bool:
    """Tell whether a clip is a published flow map, not frames or a video."""
    return not clip.frames and clip.onset is None and clip.path.lower().endswith(".png")


def _refuse_mixture(clips: Sequence[Clip], needs: Sequence[str]) -> None:
    kinds = {is_flow_map(clip) for clip in clips}
    if len(kinds) > 1:
        raise UsageError("flow maps and frames have different units: open flow maps and recordings one at a time")
    if needs and True in kinds:
        raise UsageError(
            f"flow maps have no {', '.join(needs)}, which takes frames: name a data set with frames, "
            "or make one with veilspeak synth expressions"
        )


def _load(piece: _Piece) -> _Loaded:
    """Measure one clip, in whatever process."""
    where, clip = "/".join(piece.clip.key), piece.clip
    try:
        motion = _motion(piece)
        if motion.flow is None:
            what = f"no face was found in its {motion.lost} frame"
            return _Loaded(piece.number, problem=Problem("no face", where, what, dropped=True))
        features = {name: clip_feature(clip, piece.root, name, piece.cache) for name in piece.needs}
    except DecodeError as error:
        return _Loaded(piece.number, problem=Problem("unreadable frame", where, str(error), dropped=True))
    except MissingError as error:
        kind = "no motion" if clip.apex is None or clip.apex == clip.onset else "missing frame"
        return _Loaded(piece.number, problem=Problem(kind, where, str(error), dropped=True))
    told = {name: feature for name, feature in features.items() if feature is not None}
    if len(told) < len(features):
        what = f"no face was found in a frame that {', '.join(sorted(features.keys() - told.keys()))} takes"
        return _Loaded(piece.number, problem=Problem("no face", where, what, dropped=True))
    return _Loaded(piece.number, motion, told)


def _motion(piece: _Piece) -> Motion:
    if is_flow_map(piece.clip):
        path = piece.root / piece.clip.path
        if not path.is_file():
            raise MissingError(f"{path} is not there: index the data set anew")
        return Motion(read_map(path), np.ones(len(REGIONS), np.float32))
    return clip_motion(piece.clip, piece.root, piece.cache)


def _samples(kept: Sequence[tuple[_Loaded, Clip, int]], classes: tuple[str, ...], needs: Sequence[str]) -> FlowSamples:
    flow = np.zeros((len(kept), 3, GRID, GRID), np.float32)
    visibility = np.zeros((len(kept), len(REGIONS)), np.float32)
    for row, (one, _, _) in enumerate(kept):
        assert one.motion is not None
        flow[row], visibility[row] = one.motion.flow, one.motion.visibility
    clips = [clip for _, clip, _ in kept]
    features = {name: np.stack([one.features[name] for one, _, _ in kept]) for name in needs if kept}
    return FlowSamples(
        flow,
        visibility,
        np.array([label for _, _, label in kept], np.int64),
        tuple(f"{clip.dataset}/{clip.subject}" for clip in clips),
        tuple(clip.dataset for clip in clips),
        tuple(clip.clip for clip in clips),
        classes,
        features,
    )
