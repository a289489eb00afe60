"""The front of a stacked net as one operation with a gradient.

A front is a convolution, ReLU, batch norm and max pool, then perhaps dropout, then perhaps an average pool.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.training.stacked.geometry import GROUP, Geometry
from multimodal.training.stacked.kernels import kernels_for
from multimodal.training.stacked.step import Step


@dataclass(frozen=True)
class Front:
    """A front's numbers; called with stacked layers, it does what they do one after another.

    Attributes:
        kernel, padding: Of the convolution.
        pool, stride, margin: Of the max pool; margin is its padding.
        eps: Of batch norm.
        drop: Share that dropout drops; None where there is no such layer.
        average: Side of the average pool; None where there is no such layer.
    """

    kernel: int
    padding: int
    pool: int
    stride: int
    margin: int
    eps: float
    drop: float | None = None
    average: int | None = None

    @property
    def layers(self) -> int:
        """Number of layers that it stands for."""
        return 4 + (self.drop is not None) + (self.average is not None)

    def __call__(
        self, clips: Float[Tensor, "folds batch c h w"], streams: Sequence[Sequence[nn.Module]], step: Step
    ) -> Float[Tensor, "folds batch d y x"]:
        """Return the maps of several streams that look at the same clips, side by side; clips take no gradient.

        Args:
            clips: What the streams look at.
            streams: The layers of each; all are done in one go.
            step: The pass.
        """
        convolves, norms = [layers[0] for layers in streams], [layers[2] for layers in streams]
        channels, height, width = clips.shape[2:]
        pools = self.pool, self.stride, self.margin, self.average or 1
        geometry = Geometry(channels, height, width, self.kernel, self.padding, *pools)
        training = norms[0].training
        known = None if training else (_beside(norms, "running_mean").double(), _beside(norms, "running_var").double())
        sizes = [convolve.weight.shape[1] for convolve in convolves]
        kept = self._masks(geometry, sizes, len(clips), clips.shape[1], step) if training else None
        tensors = [_beside(layers, name) for layers in (convolves, norms) for name in ("weight", "bias")]
        out, mean, variance = _Operation.apply(clips, *tensors, geometry, step, known, kept, self.eps)
        if training:
            number = step.counts_tensor()[:, None] * geometry.rows * geometry.columns
            parts = mean.float().split(sizes, dim=1), variance.float().split(sizes, dim=1)
            for norm, *statistics in zip(norms, *parts, strict=True):
                norm.track(*statistics, number)
        return out

    def _masks(self, geometry: Geometry, sizes: Sequence[int], folds: int, batch: int, step: Step) -> Tensor | None:
        """Return ``[folds or 1, batch, channels, y, x]``, the masks of all streams' dropout layers."""
        if not self.drop:
            return None
        shapes = [(folds, batch, size, *geometry.pooled) for size in sizes]
        masks = torch.cat([step.masks(shape, 1 - self.drop) for shape in shapes], dim=-3)
        return masks if masks.dim() == 5 else masks[None]


def fitting_front(network: nn.Module) -> Front | None:
    """Return the front that a network begins with, or None where it begins otherwise or in a way the kernels lack."""
    layers = list(network.children())
    if [type(layer) for layer in layers[:4]] != [nn.Conv2d, nn.ReLU, nn.BatchNorm2d, nn.MaxPool2d]:
        return None
    convolve, _, norm, pool, *rest = layers
    numbers = [convolve.kernel_size, convolve.padding, pool.kernel_size, pool.stride, pool.padding]
    sides = [value if isinstance(value, tuple) else (value, value) for value in numbers]
    plain = (
        (convolve.stride, convolve.dilation, convolve.groups) == ((1, 1), (1, 1), 1)
        and convolve.bias is not None
        and pool.dilation == 1
        and not (pool.ceil_mode or pool.return_indices)
    )
    if not plain or any(side[0] != side[1] for side in sides):
        return None
    drop = rest.pop(0).p if rest and type(rest[0]) is nn.Dropout else None
    average = rest[0].kernel_size if rest and _simple_average(rest[0]) else None
    kernel, padding, size, stride, margin = (side[0] for side in sides)
    front = Front(kernel, padding, size, stride, margin, norm.eps, drop, average)
    return front if front.margin < front.kernel else None


def _simple_average(layer: nn.Module) -> bool:
    """Tell whether a layer averages square blocks that lie side by side."""
    if type(layer) is not nn.AvgPool2d or not isinstance(layer.kernel_size, int):
        return False
    numbers = (layer.stride, layer.padding, layer.ceil_mode, layer.divisor_override)
    return numbers == (layer.kernel_size, 0, False, None)


def _beside(layers: Sequence[nn.Module], name: str) -> Tensor:
    """Put a tensor of several layers beside each other, by channel."""
    return torch.cat([getattr(layer, name) for layer in layers], dim=1)


def _filled(values: Tensor) -> np.ndarray:
    """Fill up the channels, the second axis, to whole groups."""
    array = values.detach().numpy()
    return np.pad(array, ((0, 0), (0, -array.shape[1] % GROUP), *[(0, 0)] * (array.ndim - 2)))


class _Operation(torch.autograd.Function):
    """Wires the kernels into torch's gradients."""

    @staticmethod
    def forward(
        ctx: Any,
        clips: Tensor,
        weight: Tensor,
        bias: Tensor,
        scale: Tensor,
        shift: Tensor,
        geometry: Geometry,
        step: Step,
        known: tuple[Tensor, Tensor] | None,
        kept: Tensor | None,
        eps: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        lead = (*clips.shape[:2], weight.shape[1])
        top = np.empty((*lead, *geometry.pooled), np.float32)
        place = np.empty(top.shape, np.int32)
        sums = torch.zeros(lead[0], lead[2], 2, dtype=torch.float64)
        sign = np.where(scale.detach().numpy() < 0, np.float32(-1), np.float32(1))
        given = (clips.contiguous().numpy(), np.array(step.counts), _filled(weight.flatten(2)), _filled(bias))
        kernels = kernels_for(geometry)
        kernels.forward(*given, sign, top, place, sums.numpy())
        if known is None:
            mean, square = (sums / (step.counts_tensor()[:, None, None] * geometry.rows * geometry.columns)).unbind(2)
            known = mean, square - mean.square()
        mean, variance = known
        spread = torch.rsqrt(variance + eps)
        gain = (scale.double() * spread).detach()
        level = shift.detach().double() - gain * mean
        masks = np.ones((1, *top.shape[1:]), np.float32) if kept is None else kept.contiguous().numpy()
        out = torch.zeros(*lead, *geometry.averaged)
        kernels.finish(top, given[1], gain.float().numpy(), level.float().numpy(), masks, out.numpy())
        statistics = (gain.numpy(), mean.numpy(), spread.numpy())
        ctx.kept = kernels, geometry, given, statistics, top, place, masks, weight.shape
        ctx.mark_non_differentiable(mean, variance)
        return out, mean, variance

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        kernels, geometry, given, statistics, top, place, masks, shape = ctx.kept
        found = np.zeros((*given[3].shape, geometry.taps + 3))
        kernels.backward(*given, *statistics, top, place, masks, grads[0].contiguous().numpy(), found)
        filters, rest = torch.from_numpy(found)[:, : shape[1]].float().split([geometry.taps, 3], dim=2)
        filters = filters[:, :, : int(np.prod(shape[2:]))].reshape(shape)
        return (None, filters, *rest.unbind(2), None, None, None, None, None)
