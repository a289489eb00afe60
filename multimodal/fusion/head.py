"""The fusion head: attention over the gesture and the expression channel, with a presence mask and a stated prior.

After the gesture and micro-expression system of Li and Jettanasen (Computation 2025, 13(12):277), reconstructed: the
channel weights are ``a = softmax(l)``, ``l = W2 tanh(W1 [g; m])``, by which their fused vector is weighed. Ours differs
in four points. A mask on the channel logits gives a missing channel the weight 0. The vectors ``g`` and ``m`` are made
of what each channel says and how far it can be trusted (``FusionInput``), not of its inner features, which were no
better on people held out. ``exp(l)`` are the exponents of a product of experts (Hinton 1999), so that attention is what
it says: how far a channel is listened to. And the product has a third factor, the stated prior
P(affect | sign), which is handed in and not learned::

    log p(sign, affect) ~ exp(l_g) log p_g(sign) + exp(l_m) log p_m(affect) + log P(affect | sign)

So at a coupling of 0 it names what the product of posteriors names, whatever was learned; an untrained head is that
product.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from multimodal.results import EXPRESSIONS, GESTURES, REGIONS

GESTURE_QUALITY = 4
"""Score of the hand; 1 if a skeleton was found; 1 if the detector saw it too; sharpness of the picture of the hand."""

EXPRESSION_QUALITY = len(REGIONS)
"""How far each region of the face can be seen."""


@dataclass(frozen=True)
class FusionInput:
    """A batch of both channels.

    Attributes:
        gesture_log_posterior: ``[batch, 19]``; gesture_quality: ``[batch, 4]``, see ``GESTURE_QUALITY``, each 0 to 1.
        expression_log_posterior: ``[batch, 3]``; expression_quality: ``[batch, 12]``, each 0 to 1.
        present: ``[batch, 2]``, whether there is a gesture, whether there is an expression. What the absent channel's
            other fields hold is not looked at.
        log_prior: ``[19, 3]``, log P(affect | sign) of the whole batch, finite (``Prior.log_table``).
    """

    gesture_log_posterior: Float[Tensor, "batch 19"]
    gesture_quality: Float[Tensor, "batch 4"]
    expression_log_posterior: Float[Tensor, "batch 3"]
    expression_quality: Float[Tensor, "batch 12"]
    present: Bool[Tensor, "batch 2"]
    log_prior: Float[Tensor, "19 3"]


@dataclass(frozen=True)
class FusionOutput:
    """What the head says.

    Attributes:
        joint: ``[batch, 19, 3]``, log-probability of each pair of sign and affect.
        gesture: ``[batch, 19]``, log-probabilities of the signs: ``joint`` summed over affects.
        expression: ``[batch, 3]``, log-probabilities of the affects: ``joint`` summed over signs.
        weights: ``[batch, 2]``, how far gesture and expression were listened to; sums to 1, 0 for an absent channel
            (both 0 if both are absent).
        channel_logits: ``[batch, 2]``, what the weights are the softmax of.
    """

    joint: Float[Tensor, "batch 19 3"]
    gesture: Float[Tensor, "batch 19"]
    expression: Float[Tensor, "batch 3"]
    weights: Float[Tensor, "batch 2"]
    channel_logits: Float[Tensor, "batch 2"]


class FusionHead(nn.Module):
    """Attention fusion of two channels and a prior into the probability of each pair.

    Args:
        width: Length of the channel vectors inside.
        dropout: On the channel vectors, in training.
    """

    def __init__(self, width: int = 32, dropout: float = 0.2) -> None:
        super().__init__()
        self.width = width
        self.gesture = _encoder(len(GESTURES) + GESTURE_QUALITY, width, dropout)
        self.expression = _encoder(len(EXPRESSIONS) + EXPRESSION_QUALITY, width, dropout)
        self.attend = nn.Sequential(nn.Linear(2 * width, width), nn.Tanh(), _zeros(nn.Linear(width, 2)))

    def forward(self, batch: FusionInput) -> FusionOutput:
        """Fuse a batch; shapes as in ``FusionInput`` and ``FusionOutput``."""
        has_gesture, has_expression = batch.present[:, :1].float(), batch.present[:, 1:].float()
        said_g, said_e = (
            _keep(batch.gesture_log_posterior, has_gesture),
            _keep(batch.expression_log_posterior, has_expression),
        )
        g = _encode(self.gesture, said_g, batch.gesture_quality, has_gesture)
        e = _encode(self.expression, said_e, batch.expression_quality, has_expression)
        logits = self.attend(torch.cat([g, e], 1))
        weights = _masked_softmax(logits, batch.present)
        trust = logits.exp()
        sign = trust[:, :1] * said_g
        affect = trust[:, 1:] * said_e
        joint = _normalised(sign[:, :, None] + affect[:, None, :] + batch.log_prior)
        return FusionOutput(joint, joint.logsumexp(2), joint.logsumexp(1), weights, logits)


def _encode(encoder: nn.Module, said: Tensor, quality: Tensor, present: Tensor) -> Tensor:
    # Posteriors enter as exp(log p): bounded, where log p of an impossible class is not.
    vector: Tensor = encoder(_keep(torch.cat([said.exp(), quality], 1), present)) * present
    return vector


def _encoder(inputs: int, width: int, dropout: float) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Dropout(dropout))


def _zeros(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _keep(values: Tensor, present: Tensor) -> Tensor:
    # where, not a product: an absent channel may hold NaN.
    return torch.where(present.bool(), values, torch.zeros_like(values))


def _normalised(logits: Float[Tensor, "batch 19 3"]) -> Float[Tensor, "batch 19 3"]:
    return logits - logits.logsumexp((1, 2), keepdim=True)


def _masked_softmax(logits: Float[Tensor, "batch 2"], present: Bool[Tensor, "batch 2"]) -> Float[Tensor, "batch 2"]:
    masked = logits.masked_fill(~present, -torch.inf)
    return torch.nan_to_num(torch.softmax(masked, 1), nan=0.0)
