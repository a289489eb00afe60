"""Fusion with trained weights: a hand and an expression in, their joint meaning out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from multimodal.errors import MissingError
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
        from safetensors.torch import load_file

        from multimodal.fusion.head import FusionHead

        torch.set_num_threads(1)
        self._head = FusionHead(width=int(card.architecture.get("width", 32)))
        try:
            self._head.load_state_dict(load_file(path))
        except Exception as error:  # safetensors raises its own type, torch a RuntimeError: both end here
            first = " ".join(str(error).split())[:160]
            raise MissingError(f"{path} does not fit the fusion head ({first}): reinstall veilspeak") from error
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


def pair_input(hands: list[Hand | None], expressions: list[ExpressionResult | None]) -> FusionInput:
    """Stack pairs into a batch for the fusion head; None on either side is an absent channel.

    Args:
        hands, expressions: As many of each.
    """
    import torch

    from multimodal.fusion.head import FusionInput

    gesture = np.stack([_gesture_row(hand) for hand in hands])
    face = np.stack([_expression_row(expression) for expression in expressions])
    present = [[hand is not None, face is not None] for hand, face in zip(hands, expressions, strict=True)]
    g, e = torch.from_numpy(gesture), torch.from_numpy(face)
    return FusionInput(
        gesture_embedding=g[:, :64],
        gesture_log_posterior=g[:, 64:83],
        gesture_quality=g[:, 83:],
        expression_embedding=e[:, :64],
        expression_log_posterior=e[:, 64:67],
        expression_quality=e[:, 67:],
        present=torch.tensor(present),
    )


def _gesture_row(hand: Hand | None) -> np.ndarray:
    if hand is None:
        return np.zeros(64 + len(GESTURES) + 2, np.float32)
    quality = [hand.confidence, float(hand.landmarks is not None)]
    return np.concatenate([hand.embedding, _log(hand.probabilities), quality]).astype(np.float32)


def _expression_row(expression: ExpressionResult | None) -> np.ndarray:
    if expression is None:
        return np.zeros(64 + len(EXPRESSIONS) + 2, np.float32)
    quality = [expression.visibility.mean(), expression.visibility.min()]
    return np.concatenate([expression.embedding, _log(expression.probabilities), quality]).astype(np.float32)


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, 1e-6))
