"""Two-branch shallow 3D CNN with a gate by difference, and a GRU.

Fang, Liu, Liu: Micro-expression recognition based on 3DCNN combined with GRU and new attention mechanism, ICIP 2024;
sizes and loss after the authors' public code (dannyFan-0201/ICIP_2024).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.registry import register_model
from multimodal.expression.zoo.blocks.frames import FrameFront
from multimodal.expression.zoo.blocks.gates import ChannelGate, SpatialGate
from multimodal.expression.zoo.blocks.stem3d import Stem3d
from multimodal.expression.zoo.network import ZooNetwork
from multimodal.results import EXPRESSIONS


@register_model("icip-2024")
class Icip2024(ZooNetwork):
    """A stem of kernels 5 and 3, gated along channels and places at once; then layers a time step and a GRU.

    The channel gate is sigmoid((g(max) - f(mean)) / 2), the spatial gate has a map a channel, and both look at what
    they gate. Every time step is named and learns. A clip's answer is the mean of its steps' probabilities, or the last
    step's; the published code reads step 0, where the GRU has seen one step, which is not copied.

    Takes frames ``[batch, 3, time, height, width]``, 0 to 1; gives logits ``[batch, classes]``. As published the first
    30 frames of a clip at 128 x 128, here those between onset and offset; the published code scales by mean and maximum
    of the whole set, test side included, here each clip is scaled by itself.

    Args:
        classes: Number of classes.
        side: Of the frames that it looks at.
        time: Frames that it looks at; 0 takes all.
        difference: Take the onset frame from all.
        filters: Of the stem.
        widths: Of the two layers a time step before the GRU and of the one after it.
        hidden: Of the GRU.
        dropout: Share of features dropped before the layers and the GRU.
        decay: Of the squared weights of the gate's and the steps' first layer, in the loss.
        answer: See above.
    """

    def __init__(
        self,
        classes: int = len(EXPRESSIONS),
        side: int = 128,
        time: int = 0,
        difference: bool = False,
        filters: int = 32,
        widths: Sequence[int] = (128, 64, 32),
        hidden: int = 1024,
        dropout: float = 0.5,
        decay: float = 0.01,
        answer: Literal["mean", "last"] = "mean",
    ) -> None:
        super().__init__()
        self.decay, self.answer = decay, answer
        self.front = FrameFront(side, time, difference=difference)
        self.stem = Stem3d(self.front.channels, filters)
        self.channels = ChannelGate(filters, max(filters // 8, 1), "difference", shared=False, slope=0.2)
        self.places = SpatialGate((3,), channels=filters, dimensions=3, bias=True)
        first, second, last = widths
        places = filters * math.ceil(side / 4) ** 2
        self.before = nn.Sequential(
            *_layer(places, first, dropout), *_layer(first, second, dropout), nn.Dropout(dropout)
        )
        self.recur = nn.GRU(second, hidden, batch_first=True)
        self.name = nn.Sequential(nn.Linear(hidden, last), nn.LeakyReLU(0.2), nn.Linear(last, classes))

    def steps(self, frames: Float[Tensor, "batch 3 time h w"]) -> Float[Tensor, "batch steps classes"]:
        """Return the logits of every time step."""
        seen = self.stem(self.front(frames))
        gated = self.channels(seen) * self.places.weights(seen)
        named: Tensor = self.name(self.recur(self.before(gated.transpose(1, 2).flatten(2)))[0])
        return named

    def forward(self, frames: Float[Tensor, "batch 3 time h w"]) -> Float[Tensor, "batch classes"]:
        """Return logits: the logarithm of the mean probability, or the last step's."""
        steps = self.steps(frames)
        if self.answer == "last":
            return steps[:, -1]
        return steps.log_softmax(dim=2).logsumexp(dim=1) - math.log(steps.shape[1])

    def loss(
        self,
        inputs: tuple[Tensor, ...],
        labels: Int[Tensor, "batch"],
        weights: Float[Tensor, "classes"],
        smoothing: float = 0.0,
        target: tuple[Tensor, ...] = (),
    ) -> Float[Tensor, ""]:
        """Return the weighted cross entropy over all time steps, and the penalty of large weights."""
        steps = self.steps(*inputs)
        told = labels[:, None].expand(-1, steps.shape[1])
        wrong = functional.cross_entropy(steps.flatten(0, 1), told.flatten(), weights, label_smoothing=smoothing)
        decaying = (self.channels.of_mean[0], self.channels.of_most[0], self.before[1])
        return wrong + self.decay * sum(layer.weight.square().sum() for layer in decaying)


def _layer(width: int, out: int, dropout: float) -> tuple[nn.Module, ...]:
    return nn.Dropout(dropout), nn.Linear(width, out), nn.LeakyReLU(0.2)
