"""What every network of the zoo has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional


class ZooNetwork(nn.Module):
    """Takes one tensor for each of its system's inputs, in their order, and returns logits ``[batch, classes]``.

    Attributes:
        aligns: Whether its loss also looks at unlabelled clips of the side to be named (domain alignment).
    """

    aligns = False

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Float[Tensor, ""]:
        """Return what training makes small: the cross entropy, where a system's own loss is no other.

        Args:
            inputs: As for ``forward``.
            labels: Class of each clip.
            weights: Of the classes in the mean.
            smoothing: Share of the label that is spread over all classes.
            target: Unlabelled clips, the same inputs; given where ``aligns`` says so.
        """
        return functional.cross_entropy(self(*inputs), labels, weights, label_smoothing=smoothing)


class UnitNetwork(ZooNetwork, ABC):
    """A network with a head an action unit, which also learns from coded units where clips carry them."""

    @abstractmethod
    def unit_logits(self, *inputs: Tensor) -> Float[Tensor, "batch 12"]:
        """Return a logit for each unit of ``ACTION_UNITS``, each on its own."""

    @abstractmethod
    def unit_loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float,
        units: Float[Tensor, "batch 12"],
        positive: Float[Tensor, "12"],
    ) -> Float[Tensor, ""]:
        """Return the loss of clips some of whose units are known.

        Args:
            inputs, labels, weights, smoothing: As for ``loss``.
            units: 1 shown, 0 not, NaN unknown.
            positive: Weight of what is shown against what is not, for each unit.
        """


def masked_unit_loss(
    logits: Float[Tensor, "batch 12"], units: Float[Tensor, "batch 12"], positive: Float[Tensor, "12"]
) -> Float[Tensor, ""]:
    """Return the binary cross entropy over known units, shown ones weighted by ``positive``; 0 where none is known."""
    known = units.isfinite()
    each = functional.binary_cross_entropy_with_logits(
        logits, units.nan_to_num(), pos_weight=positive, reduction="none"
    )
    return (each * known).sum() / known.sum().clamp(min=1)


class SpottingNetwork(nn.Module):
    """Takes its system's one input, a row a frame, and returns a score a frame, ``[batch]``.

    ``loss`` says what the scores are trained to be.
    """

    def loss(self, rows: Float[Tensor, "batch 3 height width"], wanted: Float[Tensor, "batch"]) -> Float[Tensor, ""]:
        """Return what training makes small: the squared error, where a system's own loss is no other.

        Args:
            rows: As for ``forward``.
            wanted: The score that each frame should have, 0 to 1.
        """
        return functional.mse_loss(self(rows), wanted)
