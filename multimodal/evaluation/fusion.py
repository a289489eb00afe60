"""``veilspeak evaluate fusion``: every sign with every expression: free, behind things, and with one of them missing.

No public data hold signs and fleeting expressions of the same moment, so pairs are made, and how far sign and affect go
together in them is stated: the figures are those of a world in which it is so. In a protocol that trains, a head learns
from pairs of the photos' ``train`` part and of the subjects of the other folds, the photos read by the shipped weights,
the faces by shipped weights, which were trained on none of them, or by a classifier that is trained in the folds, see
``fusion_faces``. The shipped head, which has seen no real face at all, stands beside.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int
from pydantic import Field

from multimodal.config import Config, validate
from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError
from multimodal.evaluation import fusion_pairs as pairs_of
from multimodal.evaluation.clips import open_samples
from multimodal.evaluation.conditions import parse
from multimodal.evaluation.fusion_faces import FREE, ReadFaces, read_in_folds, read_ready
from multimodal.evaluation.fusion_pairs import AFFECTS, SIGNS, Answers, Joint
from multimodal.evaluation.intervals import draws_of, interval, ratio_draws
from multimodal.evaluation.protocols import Fold, folds_of
from multimodal.fusion.prior import Prior, affect_given_gesture, load_prior
from multimodal.results import EXPRESSIONS
from multimodal.training.fusion_head import HeadTraining, read_pairs, train_head
from multimodal.training.pairs import Channel, draw_pairs

if TYPE_CHECKING:
    from multimodal.fusion.head import FusionHead

CLEAN, NO_SIGN, NO_FACE = "clean", "gesture missing", "face missing"
COVERED = ("mask", "block:0.5", "hand")
"""The occluded conditions, over which the gain is averaged."""

_CONCATENATED = 6000
"""Pairs that the concatenation learns from in each fold."""


class FusionEvaluation(Config):
    """What is measured.

    Attributes:
        protocol: ``none``: the shipped head; or a protocol that trains one in every fold, see ``protocols``.
        folds: Of ``kfold``.
        coupling: How far sign and affect go together; None: as in ``configs/fusion/prior.yaml``. Independent pairs are
            measured besides.
        occlude: What stands before the faces, see ``conditions``.
        abstained: Share of the pairs that is not answered, the least sure ones.
        model: A classifier that reads the faces and is trained in every fold; None: the shipped weights.
        inner: In so many parts by subject each training side is read, where a classifier is trained.
        copies: Each training clip is read free, and in so many copies behind something, where none is.
        head: How a head learns.
        seed: Of what stands before the faces, and of the classifier.
    """

    protocol: str = "none"
    folds: int = Field(default=10, ge=2)
    coupling: float | None = Field(default=None, ge=0, le=1)
    occlude: tuple[str, ...] = COVERED
    abstained: float = Field(default=0.1, gt=0, lt=1)
    model: str | None = None
    inner: int = Field(default=3, ge=2)
    copies: int = Field(default=3, ge=1)
    head: HeadTraining = HeadTraining()
    seed: int = 0


@dataclass(frozen=True)
class Condition:
    """A condition: its name, the faces as they are read in it, and which channels are there."""

    name: str
    faces: Channel
    present: tuple[bool, bool] = (True, True)


@dataclass
class _Named:
    """What was made of the pairs of one condition and prior, filled fold by fold; rules by name."""

    signs: int
    faces: int
    answers: dict[str, Answers] = field(default_factory=dict)

    def put(self, rule: str, columns: Int[np.ndarray, "some"], joint: Joint) -> None:
        """Enter what a rule makes of all signs with some faces."""
        if rule not in self.answers:
            shape = (self.signs, self.faces)
            self.answers[rule] = Answers(np.full(shape, -1), np.full(shape, -1), np.zeros(shape))
        given, kept = pairs_of.answers_of(joint), self.answers[rule]
        for name in ("sign", "affect", "confidence"):
            getattr(kept, name)[:, columns] = getattr(given, name)


def config_of(
    protocol: str, folds: int, coupling: float | None, model: str | None, occlude: str, unused: Mapping[str, bool]
) -> FusionEvaluation:
    """Return the config that the command line's options make.

    Args:
        protocol, folds, coupling, model: See ``FusionEvaluation``.
        occlude: Conditions, comma-separated; ``none``, the command line's default, takes those of ``COVERED``.
        unused: Options that fusion does not take, and whether they were given.

    Raises:
        UsageError: One of them was given, or a condition is unknown.
    """
    given = [name for name, was in unused.items() if was]
    if given:
        raise UsageError(f"evaluate fusion does not take {', '.join(given)}: leave that out")
    named = tuple(name.strip() for name in occlude.split(",") if name.strip() != "none")
    for name in named:
        parse(name)
    chosen = {"protocol": protocol, "folds": folds, "coupling": coupling, "model": model}
    return validate(FusionEvaluation, chosen | ({"occlude": named} if named else {}), "evaluate fusion")


def evaluate_fusion(
    data: Sequence[Path], config: FusionEvaluation | None = None, out: Path | None = None, workers: int | None = None
) -> dict[str, Any]:
    """Measure fusion on all pairs of photos and clips.

    Args:
        data: Photos of signs (a YOLO ``data.yaml`` or its folder; its ``val`` part is measured, from ``train`` is
            learned) and expressions (a flow-map folder, data sets, or an index), in any order.
        config: What is measured.
        out: ``fusion.json`` goes here, and finished folds of a classifier; None writes nothing.
        workers: How many processes draw covers and train.

    Returns:
        ``pairs, signs, faces, subjects, protocol, faces_read_by, folds, coupling``; ``conditions``: a row for every
        condition at the coupling and at 0: ``name, coupling, joint, gesture, affect`` (accuracies),
        ``late_fusion_joint`` (product of posteriors; where a channel is missing it guesses), ``gain`` over it in
        accuracy with ``gain_ci95`` over subjects, ``abstained``, ``joint_answered`` and ``error_drop`` (share by which
        the joint error falls when the least sure are not answered), ``ece``, ``baselines`` (joint accuracy of
        ``averaging``, ``bayes``, ``concatenation``, ``shipped``; accuracy of ``gesture_alone`` and ``affect_alone``)
        and ``misled`` (joint, where pairs are of this coupling, and the head is told the other one); ``occluded_gain``
        by coupling: the mean gain over what stands before the faces; ``wall_s``.

    Raises:
        UsageError: Not both kinds of data are given, a condition is unknown, or the protocol does not fit.
        MissingError: Data or weights are missing.
    """
    from multimodal.training.fusion_signs import STATES, read_signs

    began = time.perf_counter()
    config = config or FusionEvaluation()
    photos, clips = _sorted(data)
    samples, problems = open_samples(clips, "megc2019", (), None, workers, "auto")
    if samples.classes != EXPRESSIONS:
        raise UsageError(f"fusion knows {', '.join(EXPRESSIONS)}: give expressions of these classes")
    folds = _folds(config, samples)
    signs, faces = read_signs(photos, "val"), _read_faces(samples, folds, config, out, workers)
    conditions = _conditions(faces.tested)
    stated = load_prior(config.coupling)
    priors = [stated, stated.at(0.0)] if stated.coupling else [stated]
    taught = read_signs(photos, "train", STATES, config.head.seed) if faces.learned else None
    named = _answer(taught, signs, faces.learned, folds, conditions, priors, config)
    rows = [
        _row(named, condition, signs, samples, prior, priors, config) for prior in priors for condition in conditions
    ]
    summary = {
        "pairs": len(signs) * len(samples),
        "signs": len(signs),
        "faces": len(samples),
        "subjects": len(set(samples.subjects)),
        "protocol": config.protocol,
        "faces_read_by": config.model or "regional-synthetic",
        "folds": len(folds),
        "coupling": priors[0].coupling,
        "conditions": rows,
        "occluded_gain": {str(prior.coupling): _mean_gain(rows, prior, config) for prior in priors},
        "problems": problems,
        "wall_s": round(time.perf_counter() - began, 1),
    }
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "fusion.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return summary


def _sorted(data: Sequence[Path]) -> tuple[Path, list[Path]]:
    """Tell photos of signs from expressions."""
    photos = [path for path in data if path.name == "data.yaml" or (path / "data.yaml").is_file()]
    clips = [path for path in data if path not in photos]
    if len(photos) != 1 or not clips:
        raise UsageError(
            "evaluate fusion takes --data twice: photos of signs (a folder with data.yaml) and expressions (flow maps)"
        )
    return photos[0], clips


def _folds(config: FusionEvaluation, samples: FlowSamples) -> list[Fold]:
    if config.protocol == "none":
        if config.model is not None:
            raise UsageError(f"{config.model} is trained in folds: give --protocol kfold or loso, or leave --model out")
        return [Fold("all", np.arange(0), np.arange(len(samples)))]
    return folds_of(config.protocol, samples, config.folds)


def _read_faces(
    samples: FlowSamples, folds: Sequence[Fold], config: FusionEvaluation, out: Path | None, workers: int | None
) -> ReadFaces:
    if config.model is None:
        return read_ready(samples, folds, config.occlude, config.copies, config.seed, workers)
    state = None if out is None else out / "folds"
    return read_in_folds(config.model, samples, folds, config.occlude, config.inner, config.seed, workers, state)


def _conditions(tested: Mapping[str, Channel]) -> list[Condition]:
    free = tested[FREE]
    covered = [Condition(name, faces) for name, faces in tested.items() if name != FREE]
    missing = [Condition(NO_SIGN, free, (False, True)), Condition(NO_FACE, free, (True, False))]
    return [Condition(CLEAN, free), *covered, *missing]


def _answer(
    taught: Channel | None,
    signs: Channel,
    learned: Sequence[Channel],
    folds: Sequence[Fold],
    conditions: Sequence[Condition],
    priors: Sequence[Prior],
    config: FusionEvaluation,
) -> Mapping[tuple[str, float], _Named]:
    """Let every rule answer all pairs, fold by fold; keys are a condition's name and the coupling that is told."""
    from multimodal.fusion.reader import FusionReader

    shipped, count = FusionReader().head, sum(len(fold.test) for fold in folds)
    named = {
        (condition.name, prior.coupling): _Named(len(signs), count) for condition in conditions for prior in priors
    }
    for number, fold in enumerate(folds):
        heads = {"shipped": shipped, "head": shipped}
        side_by_side: dict[float, _Concatenation] = {}
        if taught is not None:
            heads["head"] = train_head(taught, learned[number], priors[0], config.head)
            side_by_side = {prior.coupling: _Concatenation(taught, learned[number], prior, config) for prior in priors}
        for condition in conditions:
            faces = condition.faces.pick(fold.test)
            for prior in priors:
                joints = _joints(heads, side_by_side.get(prior.coupling), signs, faces, condition, prior)
                for rule, joint in joints.items():
                    named[condition.name, prior.coupling].put(rule, fold.test, joint)
    return named


def _joints(
    heads: Mapping[str, FusionHead],
    concatenation: _Concatenation | None,
    signs: Channel,
    faces: Channel,
    condition: Condition,
    prior: Prior,
) -> dict[str, Joint]:
    """Return what each rule makes of all signs with these faces."""
    shape = (len(signs), len(faces), SIGNS, AFFECTS)
    pairs = pairs_of.all_pairs(signs, faces, condition.present)
    p, q = pairs_of.posteriors(signs, faces, condition.present)
    joints = {rule: read_pairs(head, signs, faces, pairs, prior).reshape(shape) for rule, head in heads.items()}
    joints["bayes"] = pairs_of.with_prior(pairs_of.product(p, q), prior)
    joints["averaging"] = pairs_of.averaged(p, q, prior)
    if concatenation is not None:
        joints["concatenation"] = concatenation.joint(signs, faces, pairs.present).reshape(shape)
    return joints


class _Concatenation:
    """Both channels' rows side by side, and a logistic regression for the sign and for the affect on all of it."""

    def __init__(self, signs: Channel, faces: Channel, prior: Prior, config: FusionEvaluation) -> None:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        rng = np.random.default_rng(config.head.seed)
        table = affect_given_gesture(prior.coupling, prior.affinity)
        pairs = draw_pairs(signs, faces, table, _CONCATENATED, config.head.missing, rng)
        rows = _side_by_side(signs.rows[pairs.gesture], faces.rows[pairs.expression], pairs.present)
        truths = (signs.labels[pairs.gesture], faces.labels[pairs.expression])
        self._models = [
            make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300)).fit(rows, truth)
            for truth in truths
        ]

    def joint(self, signs: Channel, faces: Channel, present: np.ndarray) -> np.ndarray:
        """Return the probability of every sign with every affect, all pairs of signs and faces in a row."""
        first = np.repeat(signs.rows, len(faces), axis=0)
        rows = _side_by_side(first, np.tile(faces.rows, (len(signs), 1)), present)
        sizes = (SIGNS, AFFECTS)
        p, q = (_spread(model, rows, size) for model, size in zip(self._models, sizes, strict=True))
        return p[:, :, None] * q[:, None, :]


def _spread(model: Any, rows: np.ndarray, classes: int) -> np.ndarray:
    spread = np.zeros((len(rows), classes))
    spread[:, model.classes_] = model.predict_proba(rows)
    return spread


def _side_by_side(signs: np.ndarray, faces: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return posteriors and qualities in a row, zeros where a channel is absent, and which are present."""
    first = np.concatenate([np.exp(signs[:, :SIGNS]), signs[:, SIGNS:]], 1) * present[:, :1]
    second = np.concatenate([np.exp(faces[:, :AFFECTS]), faces[:, AFFECTS:]], 1) * present[:, 1:]
    return np.concatenate([first, second, present], 1)


def _row(
    named: Mapping[tuple[str, float], _Named],
    condition: Condition,
    signs: Channel,
    samples: FlowSamples,
    prior: Prior,
    priors: Sequence[Prior],
    config: FusionEvaluation,
) -> dict[str, Any]:
    faces = condition.faces
    weights = pairs_of.weights_of(signs, faces, prior)
    answers = named[condition.name, prior.coupling].answers
    right = _right(answers["head"], signs, faces)
    p, q = pairs_of.posteriors(signs, faces, condition.present)
    by_sign, by_affect = pairs_of.credit(p, signs.labels)[:, None], pairs_of.credit(q, faces.labels)[None]
    late = by_sign * by_affect
    joint, late_joint = float((weights * right).sum()), float((weights * late).sum())
    answered = pairs_of.abstaining(answers["head"].confidence, right, weights, config.abstained)
    other = next((rest for rest in priors if rest is not prior), prior)
    misled = named[condition.name, other.coupling].answers["head"]
    figures = {
        **pairs_of.accuracies(answers["head"], signs, faces, weights),
        "late_fusion_joint": late_joint,
        "gain": joint - late_joint,
        "abstained": config.abstained,
        "joint_answered": answered,
        "error_drop": 1 - (1 - answered) / (1 - joint) if joint < 1 else 0.0,
        "ece": pairs_of.calibration_error(answers["head"].confidence, right, weights),
        "misled": float((weights * _right(misled, signs, faces)).sum()),
    }
    rules = {name: given for name, given in answers.items() if name != "head"}
    alone = {"gesture_alone": float((weights * by_sign).sum()), "affect_alone": float((weights * by_affect).sum())}
    baselines = {name: float((weights * _right(given, signs, faces)).sum()) for name, given in rules.items()}
    return {
        "name": condition.name,
        "coupling": prior.coupling,
        **_rounded(figures),
        "gain_ci95": _gain_interval(weights, right - late, samples),
        "baselines": _rounded({**alone, **baselines}),
    }


def _right(answers: Answers, signs: Channel, faces: Channel) -> np.ndarray:
    sign, affect = pairs_of.hits(answers, signs, faces)
    return sign & affect


def _gain_interval(weights: np.ndarray, gains: np.ndarray, samples: FlowSamples) -> list[float]:
    """Return the middle 95 % of gains when whole subjects are drawn anew."""
    names, owner = np.unique(np.asarray(samples.subjects), return_inverse=True)
    above, below = (np.bincount(owner, column, len(names)) for column in ((weights * gains).sum(0), weights.sum(0)))
    low, high = interval(ratio_draws(above[None], below[None], draws_of(len(names))))
    return [round(low, 4), round(high, 4)]


def _mean_gain(rows: Sequence[Mapping[str, Any]], prior: Prior, config: FusionEvaluation) -> float | None:
    gains = [row["gain"] for row in rows if row["coupling"] == prior.coupling and row["name"] in config.occlude]
    return round(float(np.mean(gains)), 4) if gains else None


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items()}
