"""What every network of the zoo has in common."""

from __future__ import annotations

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
