"""Fusion with trained weights: a hand and an expression in, their joint meaning out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from multimodal.errors import UsageError
from multimodal.fusion.decide import Meaning
from multimodal.fusion.prior import Prior, load_prior
from multimodal.results import EXPRESSIONS, GESTURES, REGIONS, ExpressionResult, Hand
from multimodal.weights import find

if TYPE_CHECKING:
    from multimodal.fusion.head import FusionInput

DEFAULT_WEIGHTS = "fusion-head"
SIGNS, AFFECTS_AT = slice(0, len(GESTURES)), slice(0, len(EXPRESSIONS))
"""Where the log-probabilities stand in the rows of a hand and of an expression; the quality follows."""

GESTURE_ROW = len(GESTURES) + 4
EXPRESSION_ROW = len(EXPRESSIONS) + len(REGIONS)


class FusionReader:
    """Loads the fusion head and applies it to one pair at a time.

    Args:
        weights: A shipped name, or a path.
        prior: How signs and affects are taken to go together; None: as shipped.

    Raises:
        MissingError: The weights are missing, damaged or not those of a fusion head.
    """

    def __init__(self, weights: str = DEFAULT_WEIGHTS, prior: Prior | None = None) -> None:
        path, self.card = find(weights)
        import torch

        from multimodal.fusion.head import FusionHead
        from multimodal.weights.tensors import read_weights

        torch.set_num_threads(1)
        self.head = FusionHead(width=int(self.card.architecture.get("width", 32)))
        read_weights(self.head, path)
        self.head.eval()
        self._log_prior = (prior or load_prior()).log_table()

    def __call__(self, hand: Hand, expression: ExpressionResult | None) -> Meaning:
        """Return what the hand and the expression (None: none was seen) mean together: the most probable pair.

        The affect's probability is that with the sign that is named, so that the product of both is that of the pair.
        """
        import torch

        with torch.inference_mode():
            output = self.head(pair_input([hand], [expression], self._log_prior))
        weights = dict(zip(("gesture", "expression"), output.weights[0].tolist(), strict=True))
        if expression is None:
            signs = output.gesture[0].exp().numpy()
            best = int(signs.argmax())
            return Meaning(GESTURES[best], float(signs[best]), "none", 1.0, weights)
        pairs = output.joint[0].exp().numpy()
        best, felt = (int(place) for place in np.unravel_index(pairs.argmax(), pairs.shape))
        sign = float(pairs[best].sum())
        return Meaning(GESTURES[best], sign, EXPRESSIONS[felt], float(pairs[best, felt]) / sign, weights)

    def least_confidence(self, risk: float) -> float:
        """Return the confidence under which nothing is answered, so that at most a share ``risk`` of answers is wrong.

        As measured on pairs that the head was trained for and had not seen, at the shipped coupling; see the card.

        Raises:
            UsageError: The card tells of no such risk.
        """
        rules: Sequence[dict[str, float]] = self.card.meta.get("abstain", [])
        fitting = [rule for rule in rules if rule["risk"] <= risk]
        if not fitting:
            known = ", ".join(str(rule["risk"]) for rule in rules) or "none"
            raise UsageError(f"no rule keeps the risk under {risk}: state one of {known}, or more")
        return float(max(fitting, key=lambda rule: rule["risk"])["least_confidence"])


def pair_input(
    hands: Sequence[Hand | None], expressions: Sequence[ExpressionResult | None], log_prior: Float[np.ndarray, "19 3"]
) -> FusionInput:
    """Stack pairs into a batch for the fusion head; None on either side is an absent channel."""
    gesture = np.stack([np.zeros(GESTURE_ROW, np.float32) if hand is None else gesture_row(hand) for hand in hands])
    face = np.stack(
        [np.zeros(EXPRESSION_ROW, np.float32) if felt is None else expression_row(felt) for felt in expressions]
    )
    present = [[hand is not None, felt is not None] for hand, felt in zip(hands, expressions, strict=True)]
    return from_rows(gesture, face, np.array(present), log_prior)


def gesture_row(hand: Hand) -> Float[np.ndarray, "23"]:
    """Lay a hand out for the fusion head: 19 of log-posterior, 4 of quality."""
    seen = [float(hand.landmarks is not None), float(hand.origin != "skeleton")]
    return np.concatenate([_log(hand.probabilities), [hand.confidence, *seen, hand.sharpness]]).astype(np.float32)


def expression_row(expression: ExpressionResult) -> Float[np.ndarray, "15"]:
    """Lay an expression out for the fusion head: 3 of log-posterior, 12 of quality."""
    return expression_rows(expression.probabilities[None], expression.visibility[None])[0]


def expression_rows(
    probabilities: Float[np.ndarray, "n 3"], visibility: Float[np.ndarray, "n 12"]
) -> Float[np.ndarray, "n 15"]:
    """Lay expressions out; see ``expression_row``."""
    return np.concatenate([_log(probabilities), visibility], axis=1).astype(np.float32)


def from_rows(
    gesture: Float[np.ndarray, "n 23"],
    expression: Float[np.ndarray, "n 15"],
    present: Bool[np.ndarray, "n 2"],
    log_prior: Float[np.ndarray, "19 3"],
) -> FusionInput:
    """Turn laid-out rows into a batch for the fusion head; what an absent channel's row holds is not looked at."""
    import torch

    from multimodal.fusion.head import FusionInput

    g, e = torch.from_numpy(gesture), torch.from_numpy(expression)
    return FusionInput(
        gesture_log_posterior=g[:, SIGNS],
        gesture_quality=g[:, len(GESTURES) :],
        expression_log_posterior=e[:, AFFECTS_AT],
        expression_quality=e[:, len(EXPRESSIONS) :],
        present=torch.from_numpy(present),
        log_prior=torch.from_numpy(log_prior),
    )


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, 1e-6))
