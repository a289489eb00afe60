"""Every sign with every expression: what a head and simpler rules make of all pairs, and how probable each pair is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from multimodal.fusion.prior import Prior, affect_given_gesture
from multimodal.results import EXPRESSIONS, GESTURES
from multimodal.training.pairs import Channel, Pairs

SIGNS, AFFECTS = len(GESTURES), len(EXPRESSIONS)

Joint = Float[np.ndarray, "signs faces 19 3"]
"""The probability of every sign with every affect, for every photo with every clip."""


@dataclass(frozen=True)
class Answers:
    """What was made of every pair.

    Attributes:
        sign, affect: ``[signs, faces]``, what is named.
        confidence: ``[signs, faces]``, how probable that is, 0 to 1.
    """

    sign: Int[np.ndarray, "signs faces"]
    affect: Int[np.ndarray, "signs faces"]
    confidence: Float[np.ndarray, "signs faces"]


def weights_of(signs: Channel, faces: Channel, prior: Prior) -> Float[np.ndarray, "signs faces"]:
    """Return how probable each pair is: signs evenly over the classes that there are, affects by the prior.

    The samples of a class share what the class has. Summing over all pairs takes the place of drawing some: no figure
    hangs on a seed.

    Returns:
        Sums to 1, where every affect has a face.
    """
    by_sign = np.bincount(signs.labels, minlength=SIGNS)
    by_affect = np.bincount(faces.labels, minlength=AFFECTS)
    table = affect_given_gesture(prior.coupling, prior.affinity)
    first = 1 / (np.count_nonzero(by_sign) * by_sign[signs.labels])
    return first[:, None] * table[signs.labels][:, faces.labels] / by_affect[faces.labels][None]


def posteriors(signs: Channel, faces: Channel, present: tuple[bool, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Return what each channel says by itself, ``[signs, 19]`` and ``[faces, 3]``; all alike where it is absent."""
    p = np.exp(signs.rows[:, :SIGNS].astype(np.float64))
    q = np.exp(faces.rows[:, :AFFECTS].astype(np.float64))
    p[~(signs.found & present[0])] = 1
    q[~(faces.found & present[1])] = 1
    return p / p.sum(1, keepdims=True), q / q.sum(1, keepdims=True)


def all_pairs(signs: Channel, faces: Channel, present: tuple[bool, bool]) -> Pairs:
    """Return every sign with every face, face by face within a sign."""
    first = np.repeat(np.arange(len(signs)), len(faces))
    second = np.tile(np.arange(len(faces)), len(signs))
    seen = np.stack([signs.found[first] & present[0], faces.found[second] & present[1]], 1)
    return Pairs(first, second, seen)


def product(p: Float[np.ndarray, "signs 19"], q: Float[np.ndarray, "faces 3"]) -> Joint:
    """Return the product of the channels' posteriors: late fusion."""
    return np.asarray(p[:, None, :, None] * q[None, :, None, :])


def with_prior(joint: Joint, prior: Prior) -> Joint:
    """Return the product of posteriors and of the prior: Bayes' rule, were both channels calibrated."""
    both = joint * np.exp(prior.log_table())
    return np.asarray(both / both.sum((2, 3), keepdims=True))


def averaged(p: Float[np.ndarray, "signs 19"], q: Float[np.ndarray, "faces 3"], prior: Prior) -> Joint:
    """Return the mean of what each channel says of the pair, its missing half filled in by the prior.

    The sum rule of Kittler, Hatef, Duin and Matas (IEEE TPAMI 20(3), 1998).
    """
    table = np.exp(prior.log_table())
    from_sign = p[:, None, :, None] * table
    from_face = q[None, :, None, :] * (table / table.sum(0))
    return np.asarray((from_sign + from_face) / 2)


def answers_of(joint: Joint) -> Answers:
    """Return the most probable sign and affect of every pair."""
    flat = joint.reshape(*joint.shape[:2], -1)
    best = flat.argmax(-1)
    return Answers(best // AFFECTS, best % AFFECTS, np.take_along_axis(flat, best[..., None], -1)[..., 0])


def credit(said: Float[np.ndarray, "n classes"], labels: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Return how far a channel by itself is right: 1 or 0, and the chance of a guess where several are as probable."""
    best = said >= said.max(1, keepdims=True)
    return np.asarray(best[np.arange(len(labels)), labels] / best.sum(1))


def accuracies(
    answers: Answers, signs: Channel, faces: Channel, weights: Float[np.ndarray, "signs faces"]
) -> Mapping[str, float]:
    """Return ``joint``, ``gesture`` and ``affect``: how often both, the sign, the affect is named right."""
    sign, affect = hits(answers, signs, faces)
    return {name: float((weights * right).sum()) for name, right in _parts(sign, affect).items()}


def hits(
    answers: Answers, signs: Channel, faces: Channel
) -> tuple[Bool[np.ndarray, "signs faces"], Bool[np.ndarray, "signs faces"]]:
    """Return whether the sign and whether the affect of every pair is named right."""
    return answers.sign == signs.labels[:, None], answers.affect == faces.labels[None]


def abstaining(
    confidence: Float[np.ndarray, "signs faces"],
    right: Bool[np.ndarray, "signs faces"],
    weights: Float[np.ndarray, "signs faces"],
    share: float,
) -> float:
    """Return the accuracy of what is left when the least sure ``share`` of the pairs is not answered.

    The pair in which the share ends counts in part, and pairs that are equally sure go alike.
    """
    order = np.argsort(confidence, axis=None)
    level, mass, good = confidence.flat[order], weights.flat[order], (weights * right).flat[order]
    starts = np.flatnonzero(np.append(True, np.diff(level) > 0))
    masses, goods = np.add.reduceat(mass, starts), np.add.reduceat(good, starts)
    gone = np.clip((share * mass.sum() - (np.cumsum(masses) - masses)) / masses, 0, 1)
    return float(((1 - gone) * goods).sum() / ((1 - gone) * masses).sum())


def calibration_error(
    confidence: Float[np.ndarray, "signs faces"],
    right: Bool[np.ndarray, "signs faces"],
    weights: Float[np.ndarray, "signs faces"],
    bins: int = 15,
) -> float:
    """Return the expected calibration error: how far confidence and accuracy are apart, the mean over equal bins.

    Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    place = np.minimum((confidence * bins).astype(int), bins - 1).ravel()
    apart = np.bincount(place, (weights * (confidence - right)).ravel(), bins)
    return float(np.abs(apart).sum() / weights.sum())


def _parts(sign: np.ndarray, affect: np.ndarray) -> dict[str, np.ndarray]:
    return {"joint": sign & affect, "gesture": sign, "affect": affect}
