"""The front of a stacked net - convolution, ReLU, batch norm, max pool - as one operation with a gradient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.training import stacked_kernels as kernels
from multimodal.training.stacked import StackedBatchNorm2d, StackedConv2d, Step


@dataclass(frozen=True)
class Front:
    """A front's numbers; called with its stacked layers, it does what they and the pool do one after another.

    Attributes:
        kernel, padding: Of the convolution.
        pool, stride, margin: Of the pool; margin is its padding.
    """

    kernel: int
    padding: int
    pool: int
    stride: int
    margin: int

    def __call__(
        self, clips: Float[Tensor, "folds batch c h w"], convolve: StackedConv2d, norm: StackedBatchNorm2d, step: Step
    ) -> Float[Tensor, "folds batch d y x"]:
        """Return the pooled maps; clips take no gradient."""
        geometry = kernels.Geometry(*clips.shape[3:], *self._numbers())
        known = None if norm.training else (norm.running_mean.double(), norm.running_var.double())
        tensors = (convolve.weight, convolve.bias, norm.weight, norm.bias)
        out, mean, variance = _Operation.apply(clips, *tensors, geometry, step, known, norm.eps)
        if norm.training:
            number = step.counts_tensor()[:, None] * geometry.rows * geometry.columns
            norm.track(mean.float(), variance.float(), number)
        return out.unflatten(3, geometry.pooled)

    def _numbers(self) -> tuple[int, int, int, int, int]:
        return self.kernel, self.padding, self.pool, self.stride, self.margin


def fitting_front(network: nn.Sequential) -> Front | None:
    """Return the front that a network begins with, or None where it begins otherwise or in a way the kernels lack."""
    layers = list(network)[:4]
    if [type(layer) for layer in layers] != [nn.Conv2d, nn.ReLU, nn.BatchNorm2d, nn.MaxPool2d]:
        return None
    convolve, _, _, pool = layers
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
    front = Front(*(side[0] for side in sides))
    return front if front.margin < front.kernel else None


@lru_cache(maxsize=16)
def _tables(geometry: kernels.Geometry, channels: int) -> tuple[Any, ...]:
    room = np.array([geometry.padded_size, geometry.plane_size])
    return tuple(geometry), geometry.offsets(channels), geometry.guard(), room


def _rows(weight: Tensor) -> np.ndarray:
    """Return ``[folds, channels, taps]``, filled up with zero weights."""
    flat = weight.detach().flatten(2).numpy()
    return np.pad(flat, ((0, 0), (0, 0), (0, -flat.shape[2] % kernels.TAPS)))


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
        geometry: kernels.Geometry,
        step: Step,
        known: tuple[Tensor, Tensor] | None,
        eps: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        folds, batch, channels = clips.shape[:3]
        shape = (folds, batch, weight.shape[1], int(np.prod(geometry.pooled)))
        top, place = torch.zeros(shape), np.zeros(shape, np.int32)
        sums = torch.zeros(*shape[:1], shape[2], 2, dtype=torch.float64)
        sign = np.where(scale.detach().numpy() < 0, np.float32(-1), np.float32(1))
        given = (clips.contiguous().numpy(), np.array(step.counts), _rows(weight), bias.detach().numpy())
        tables = _tables(geometry, channels)
        kernels.forward(*given, sign, *tables, top.numpy(), place, sums.numpy())
        if known is None:
            mean, square = (sums / (step.counts_tensor()[:, None, None] * geometry.rows * geometry.columns)).unbind(2)
            known = mean, square - mean.square()
        mean, variance = known
        spread = torch.rsqrt(variance + eps)
        gain = scale.double() * spread
        level = shift.double() - gain * mean
        ctx.kept = given, tables, top, place, scale.detach().double(), mean, spread, weight.shape
        ctx.mark_non_differentiable(mean, variance)
        out = torch.addcmul(level.float()[:, None, :, None], top, gain.float()[:, None, :, None])
        return out, mean, variance

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        given, tables, top, place, scale, mean, spread, shape = ctx.kept
        found = np.zeros((shape[0], shape[1], given[2].shape[2] + 3))
        statistics = (scale.numpy(), mean.numpy(), spread.numpy())
        grad = grads[0].contiguous().numpy()
        kernels.backward(*given, *statistics, *tables, top.numpy(), place, grad, found)
        taps = int(np.prod(shape[2:]))
        weight, rest = torch.from_numpy(found[:, :, :taps]).float(), torch.from_numpy(found[:, :, -3:]).float()
        return (None, weight.reshape(shape), *rest.unbind(2), None, None, None, None)
