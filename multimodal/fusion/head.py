"""The fusion head: attention over the gesture and the expression channel, with a presence mask.

After the gesture and micro-expression system of Li and Jettanasen (Computation 2025, 13(12):277), reconstructed: the
channel weights are ``a = softmax(W2 tanh(W1 [g; m]))``, the fused vector is ``h = a_g g + a_m m``, and the head reads
``[g, m, h]``. Ours adds a mask to the channel logits, so that a missing channel has weight 0, and returns corrections
to the two channels' own log-posteriors: an untrained head is the product of posteriors.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from multimodal.results import EXPRESSIONS, GESTURES

EMBEDDING = 64
"""Length of each channel's embedding."""

QUALITY = 2
"""Numbers that tell how far a channel can be trusted (see ``FusionInput``)."""


@dataclass(frozen=True)
class FusionInput:
    """A batch of both channels.

    Attributes:
        gesture_embedding, expression_embedding: ``[batch, 64]``.
        gesture_log_posterior: ``[batch, 19]``; expression_log_posterior: ``[batch, 3]``.
        gesture_quality: ``[batch, 2]``: score of the best hand, 1 if a skeleton was found; expression_quality:
            ``[batch, 2]``: mean and least region visibility.
        present: ``[batch, 2]``, whether there is a gesture, whether there is an expression. What the absent channel's
            other fields hold is not looked at.
    """

    gesture_embedding: Float[Tensor, "batch 64"]
    gesture_log_posterior: Float[Tensor, "batch 19"]
    gesture_quality: Float[Tensor, "batch 2"]
    expression_embedding: Float[Tensor, "batch 64"]
    expression_log_posterior: Float[Tensor, "batch 3"]
    expression_quality: Float[Tensor, "batch 2"]
    present: Bool[Tensor, "batch 2"]


@dataclass(frozen=True)
class FusionOutput:
    """What the head says.

    Attributes:
        gesture: ``[batch, 19]`` logits.
        expression: ``[batch, 3]`` logits.
        weights: ``[batch, 2]``, how far gesture and expression were listened to; sums to 1, 0 for an absent channel
            (both 0 if both are absent).
        channel_logits: ``[batch, 2]``, what the weights are the softmax of.
    """

    gesture: Float[Tensor, "batch 19"]
    expression: Float[Tensor, "batch 3"]
    weights: Float[Tensor, "batch 2"]
    channel_logits: Float[Tensor, "batch 2"]


class FusionHead(nn.Module):
    """Attention fusion of two channels into corrected posteriors.

    Args:
        width: Length of the channel vectors inside.
        dropout: On the channel vectors, in training.
    """

    def __init__(self, width: int = 32, dropout: float = 0.2) -> None:
        super().__init__()
        self.width = width
        self.gesture = _encoder(EMBEDDING + len(GESTURES) + QUALITY, width, dropout)
        self.expression = _encoder(EMBEDDING + len(EXPRESSIONS) + QUALITY, width, dropout)
        self.attend = nn.Sequential(nn.Linear(2 * width, width), nn.Tanh(), nn.Linear(width, 2))
        self.correct_gesture = _zero_linear(3 * width, len(GESTURES))
        self.correct_expression = _zero_linear(3 * width, len(EXPRESSIONS))
        self.log_temperature = nn.Parameter(torch.zeros(2))

    def forward(self, batch: FusionInput) -> FusionOutput:
        """Fuse a batch; shapes as in ``FusionInput`` and ``FusionOutput``."""
        has_gesture, has_expression = batch.present[:, :1].float(), batch.present[:, 1:].float()
        gesture_prior = _keep(batch.gesture_log_posterior, has_gesture)
        expression_prior = _keep(batch.expression_log_posterior, has_expression)
        g = self._encode(self.gesture, batch.gesture_embedding, gesture_prior, batch.gesture_quality, has_gesture)
        e = self._encode(
            self.expression, batch.expression_embedding, expression_prior, batch.expression_quality, has_expression
        )
        logits = self.attend(torch.cat([g, e], 1))
        weights = _masked_softmax(logits, batch.present)
        fused = weights[:, :1] * g + weights[:, 1:] * e
        context = torch.cat([g, e, fused], 1)
        scale = torch.exp(-self.log_temperature)
        return FusionOutput(
            gesture=scale[0] * (gesture_prior + self.correct_gesture(context)),
            expression=scale[1] * (expression_prior + self.correct_expression(context)),
            weights=weights,
            channel_logits=logits,
        )

    @staticmethod
    def _encode(encoder: nn.Module, embedding: Tensor, prior: Tensor, quality: Tensor, present: Tensor) -> Tensor:
        # Posteriors enter as exp(log p): bounded, where log p of an impossible class is not.
        return encoder(_keep(torch.cat([embedding, prior.exp(), quality], 1), present)) * present


def _encoder(inputs: int, width: int, dropout: float) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Dropout(dropout))


def _zero_linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _keep(values: Tensor, present: Tensor) -> Tensor:
    # where, not a product: an absent channel may hold NaN.
    return torch.where(present.bool(), values, torch.zeros_like(values))


def _masked_softmax(logits: Float[Tensor, "batch 2"], present: Bool[Tensor, "batch 2"]) -> Float[Tensor, "batch 2"]:
    masked = logits.masked_fill(~present, -torch.inf)
    return torch.nan_to_num(torch.softmax(masked, 1), nan=0.0)
