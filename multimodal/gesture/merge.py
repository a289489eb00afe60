"""Two opinions of one hand -> one: a weighted product of experts.

``p(sign) ~ p_skeleton(sign)^a * p_detector(sign)^b``, and ``p^c``, ``p^d`` where only one of them found the hand. The
four exponents are fitted by likelihood on training photos that neither part had seen (out-of-fold for the skeleton,
held out for the detector); they are kept in the detector's card under ``merge``. An exponent under 1 makes an opinion
softer than its part gave it. Hinton 1999, "Products of experts".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float

from multimodal.errors import MissingError
from multimodal.gesture.boxes import iou
from multimodal.gesture.detector import Detection
from multimodal.gesture.hands import Skeleton
from multimodal.results import GESTURES, Hand

LogProbabilities = Float[np.ndarray, "19"]


@dataclass(frozen=True)
class Merge:
    """The exponents.

    Attributes:
        skeleton, detector: Where both found the hand.
        skeleton_alone, detector_alone: Where one did.
    """

    skeleton: float = 1.0
    detector: float = 1.0
    skeleton_alone: float = 1.0
    detector_alone: float = 1.0

    def __call__(self, skeleton: LogProbabilities | None, detector: LogProbabilities | None) -> LogProbabilities:
        """Return log-probabilities, normalised, from one or both opinions (log-probabilities too).

        Raises:
            ValueError: Both are None.
        """
        if skeleton is None and detector is None:
            raise ValueError("merge needs at least one opinion")
        if skeleton is None:
            logs = self.detector_alone * np.asarray(detector)
        elif detector is None:
            logs = self.skeleton_alone * skeleton
        else:
            logs = self.skeleton * skeleton + self.detector * detector
        return logs - np.logaddexp.reduce(logs)

    def to_dict(self) -> dict[str, float]:
        """Return the exponents by name."""
        return asdict(self)

    @classmethod
    def from_card(cls, meta: object) -> Merge:
        """Return the merge that a card's ``meta`` describes.

        Raises:
            MissingError: It describes none.
        """
        values = meta.get("merge") if isinstance(meta, dict) else None
        try:
            return cls(**values)  # type: ignore[arg-type]
        except TypeError as error:
            raise MissingError(f"the detector's card holds no usable merge ({error}): reinstall veilspeak") from error


@dataclass(frozen=True)
class Opinion:
    """A skeleton with what the classifier makes of it.

    Attributes:
        skeleton: The points.
        log_probabilities: ``[19]``.
        embedding: ``[64]``.
        box: x0, y0, x1, y1 in pixels of the picture.
    """

    skeleton: Skeleton
    log_probabilities: LogProbabilities
    embedding: Float[np.ndarray, "64"]
    box: tuple[float, float, float, float]


def match(
    detections: Sequence[Detection], opinions: Sequence[Opinion], overlap: float
) -> list[tuple[Detection | None, Opinion | None]]:
    """Pair detections with skeletons, the best overlap first; each is in exactly one pair, alone if need be.

    Args:
        detections: From the detector.
        opinions: From the skeleton.
        overlap: Least IoU of a pair.
    """
    shared = iou(_boxes(detections), _boxes(opinions))
    pairs: list[tuple[Detection | None, Opinion | None]] = []
    taken_d: set[int] = set()
    taken_s: set[int] = set()
    for flat in np.argsort(-shared, axis=None, kind="stable"):
        d, s = divmod(int(flat), len(opinions))
        if shared[d, s] >= overlap and d not in taken_d and s not in taken_s:
            pairs.append((detections[d], opinions[s]))
            taken_d.add(d)
            taken_s.add(s)
    pairs += [(detection, None) for d, detection in enumerate(detections) if d not in taken_d]
    return pairs + [(None, opinion) for s, opinion in enumerate(opinions) if s not in taken_s]


def combine(
    detections: Sequence[Detection], opinions: Sequence[Opinion], merge: Merge, overlap: float = 0.3
) -> tuple[Hand, ...]:
    """Return the hands of a picture, the surest first.

    The skeleton's box is taken where there is one, since it ends where the fingers end. A hand that the detector alone
    found is as sure as its sign and its score together.
    """
    hands = [_hand(detection, opinion, merge) for detection, opinion in match(detections, opinions, overlap)]
    return tuple(sorted(hands, key=lambda hand: -hand.confidence))


def _hand(detection: Detection | None, opinion: Opinion | None, merge: Merge) -> Hand:
    first = opinion.log_probabilities if opinion else None
    second = detection.log_probabilities() if detection else None
    probabilities = np.exp(merge(first, second))
    best = int(probabilities.argmax())
    gesture, confidence = GESTURES[best], float(probabilities[best])
    if opinion is None:
        assert detection is not None
        return Hand(detection.box, gesture, confidence * detection.confidence, probabilities, "detector")
    origin = "skeleton" if detection is None else "both"
    points = opinion.skeleton.points[:, :2]
    return Hand(opinion.box, gesture, confidence, probabilities, origin, points, opinion.embedding)


def _boxes(items: Sequence[Detection] | Sequence[Opinion]) -> Float[np.ndarray, "n 4"]:
    return np.array([item.box for item in items], dtype=np.float64).reshape(-1, 4)
