"""FeatRef: features shared by all expressions, refined to features of each.

Zhou, Mao, Huang, Zhang, Zhang: Feature refinement: an expression-specific feature learning and fusion method for
micro-expression recognition, Pattern Recognition 2022 (arXiv 2101.04838). Widths and the form of the attention factors
are reconstructed.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.dual_inception import DualTrunk
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS


class Proposal(nn.Module):
    """What one expression picks out of the shared features (reconstructed).

    Attention factors a = sigmoid(w x + b), feature by feature; refined features U (a x); and from their ReLU one logit
    of this expression against the rest.

    Args:
        features: Number of shared features.
        width: Number of refined ones.
    """

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(features)), nn.Parameter(torch.zeros(features))
        self.refine = nn.Linear(features, width)
        self.propose = nn.Linear(width, 1)

    def forward(
        self, shared: Float[Tensor, "batch features"]
    ) -> tuple[Float[Tensor, "batch width"], Float[Tensor, "batch 1"]]:
        """Return the refined features and the proposal's logit."""
        refined = self.refine(torch.sigmoid(self.weight * shared + self.bias) * shared)
        return refined, self.propose(torch.relu(refined))


@register_model("featref")
class FeatRef(ZooNetwork):
    """The Dual-Inception trunk, a proposal an expression, and a layer over all that the proposals refine.

    Takes maps ``[batch, 3, 28, 28]`` (strain is left out); gives logits ``[batch, classes]``.

    Args:
        classes: Number of classes, each with its proposal.
        width: Features that each proposal refines.
        share: Of the proposal loss beside the classification loss.
    """

    def __init__(self, classes: int = len(EXPRESSIONS), width: int = 128, share: float = 0.85) -> None:
        super().__init__()
        self.share = share
        self.trunk = DualTrunk()
        self.proposals = nn.ModuleList(Proposal(DualTrunk.width, width) for _ in range(classes))
        self.name = nn.Linear(classes * width, classes)

    def forward(self, maps: Float[Tensor, "batch 3 28 28"]) -> Float[Tensor, "batch classes"]:
        """Return logits."""
        return self.read(maps)[0]

    def read(
        self, maps: Float[Tensor, "batch 3 28 28"]
    ) -> tuple[Float[Tensor, "batch classes"], Float[Tensor, "batch classes"]]:
        """Return logits of all classes, and those of each class's own proposal against the rest."""
        shared = self.trunk(maps)
        refined, proposed = zip(*(proposal(shared) for proposal in self.proposals), strict=True)
        return self.name(torch.cat(refined, dim=1)), torch.cat(proposed, dim=1)

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Float[Tensor, ""]:
        """Return the cross entropy and, with its share, the binary one of every proposal; see ``ZooNetwork.loss``."""
        logits, proposed = self.read(*inputs)
        named = functional.cross_entropy(logits, labels, weights, label_smoothing=smoothing)
        return named + self.share * proposal_loss(proposed, labels, weights)


def proposal_loss(
    proposed: Float[Tensor, "batch classes"], labels: Int[Tensor, "batch"], weights: Float[Tensor, "classes"]
) -> Float[Tensor, ""]:
    """Return the binary cross entropies of all proposals, summed, as a mean over clips weighted by their class."""
    one = functional.one_hot(labels, proposed.shape[1]).to(proposed.dtype)
    each = functional.binary_cross_entropy_with_logits(proposed, one, reduction="none").sum(dim=1)
    return (weights[labels] * each).sum() / weights[labels].sum()
