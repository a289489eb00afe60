"""Fusion with trained weights: a hand and an expression in, their joint meaning out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from multimodal.fusion.decide import Meaning
from multimodal.results import EXPRESSIONS, GESTURES, ExpressionResult, Hand
from multimodal.weights import find

if TYPE_CHECKING:
    from multimodal.fusion.head import FusionInput

DEFAULT_WEIGHTS = "fusion-head"


class FusionReader:
    """Loads the fusion head and applies it to one pair at a time.

    Args:
        weights: A shipped name, or a path.

    Raises:
        MissingError: The weights are missing, damaged or not those of a fusion head.
    """

    def __init__(self, weights: str = DEFAULT_WEIGHTS) -> None:
        path, card = find(weights)
        import torch

        from multimodal.fusion.head import FusionHead
        from multimodal.weights.tensors import read_weights

        torch.set_num_threads(1)
        self._head = FusionHead(width=int(card.architecture.get("width", 32)))
        read_weights(self._head, path)
        self._head.eval()

    def __call__(self, hand: Hand, expression: ExpressionResult | None) -> Meaning:
        """Return what the hand and the expression (None: none was seen) mean together."""
        import torch

        with torch.inference_mode():
            output = self._head(pair_input([hand], [expression]))
        gesture = torch.softmax(output.gesture, 1)[0].numpy()
        affect = torch.softmax(output.expression, 1)[0].numpy()
        weights = dict(zip(("gesture", "expression"), output.weights[0].tolist(), strict=True))
        best = int(gesture.argmax())
        if expression is None:
            return Meaning(GESTURES[best], float(gesture[best]), "none", 1.0, weights)
        felt = int(affect.argmax())
        return Meaning(GESTURES[best], float(gesture[best]), EXPRESSIONS[felt], float(affect[felt]), weights)


GESTURE_ROW = 64 + len(GESTURES) + 2
EXPRESSION_ROW = 64 + len(EXPRESSIONS) + 2


def pair_input(hands: list[Hand | None], expressions: list[ExpressionResult | None]) -> FusionInput:
    """Stack pairs into a batch for the fusion head; None on either side is an absent channel."""
    gesture = np.stack([np.zeros(GESTURE_ROW, np.float32) if hand is None else gesture_row(hand) for hand in hands])
    face = np.stack(
        [np.zeros(EXPRESSION_ROW, np.float32) if felt is None else expression_row(felt) for felt in expressions]
    )
    present = [[hand is not None, felt is not None] for hand, felt in zip(hands, expressions, strict=True)]
    return from_rows(gesture, face, np.array(present))


def gesture_row(hand: Hand) -> Float[np.ndarray, "85"]:
    """Lay a hand out for the fusion head: 64 of embedding, 19 of log-posterior, 2 of quality."""
    quality = [hand.confidence, float(hand.landmarks is not None)]
    return np.concatenate([hand.embedding, _log(hand.probabilities), quality]).astype(np.float32)


def expression_row(expression: ExpressionResult) -> Float[np.ndarray, "69"]:
    """Lay an expression out for the fusion head: 64 of embedding, 3 of log-posterior, 2 of quality."""
    quality = [expression.visibility.mean(), expression.visibility.min()]
    return np.concatenate([expression.embedding, _log(expression.probabilities), quality]).astype(np.float32)


def from_rows(
    gesture: Float[np.ndarray, "n 85"], expression: Float[np.ndarray, "n 69"], present: Bool[np.ndarray, "n 2"]
) -> FusionInput:
    """Turn laid-out rows into a batch for the fusion head; what an absent channel's row holds is not looked at."""
    import torch

    from multimodal.fusion.head import FusionInput

    g, e = torch.from_numpy(gesture), torch.from_numpy(expression)
    return FusionInput(
        gesture_embedding=g[:, :64],
        gesture_log_posterior=g[:, 64:83],
        gesture_quality=g[:, 83:],
        expression_embedding=e[:, :64],
        expression_log_posterior=e[:, 64:67],
        expression_quality=e[:, 67:],
        present=torch.from_numpy(present),
    )


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, 1e-6))
