"""How big a torch module is: its parameters, and the multiply-adds that one item takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Size:
    """What published tables call parameters and FLOPs.

    Attributes:
        params: Numbers that training changes, those of normalisations included, running statistics not.
        flops: Multiply-adds of one item (a clip, a picture, a hand) in convolutions, linear layers, recurrences and
            the matrix products of attention: one multiplication and one addition count once, as most tables of the
            field have it, though they head the column FLOPs. Normalisations, activations, pooling and interpolation
            are not counted.
    """

    params: int
    flops: int


def size_of(build: Callable[[], Any], *shapes: Sequence[int], device: str = "meta") -> Size:
    """Measure a network that takes one tensor an input.

    Args:
        build: Returns the network.
        *shapes: Of one item of each input, without the batch axis.
        device: See ``size_given``.
    """
    import torch

    return size_given(build, lambda: tuple(torch.zeros(1, *shape) for shape in shapes), device)


def size_given(build: Callable[[], Any], inputs: Callable[[], tuple[Any, ...]], device: str = "meta") -> Size:
    """Measure a network, whatever it takes.

    Args:
        build: Returns the network.
        inputs: Returns its arguments for a batch of one.
        device: Where torch makes the tensors of both. On ``meta`` they have shapes and no numbers, so that the largest
            network costs no time.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # On ``meta`` recurrences and attention fall apart into matrix products, which the counter knows; the fused kernels
    # that a processor runs instead it does not.
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.mv: _matrix_vector})
    with torch.device(device):
        network, arguments = build().to(device).eval(), inputs()
        with counter, torch.no_grad():
            network(*arguments)
    return Size(sum(parameter.numel() for parameter in network.parameters()), counter.get_total_flops() // 2)


def _matrix_vector(matrix: Sequence[int], *_: Any, **__: Any) -> int:
    """Return what the counter leaves out, in its unit: a multiplication and an addition are two."""
    return 2 * math.prod(matrix)
