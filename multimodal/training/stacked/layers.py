"""Networks of the same make, one a fold, as one module with stacked parameters: all folds are trained together.

``stack`` takes ordinary torch networks and returns a ``StackedModule`` that does to ``[folds, batch, ...]`` what each
of them does to its ``[batch, ...]``; its ``state_dict`` has the same keys, and ``give_back`` hands the tensors back. A
network joins by being made of what ``STACKED`` knows: ``Sequential`` and ``Streams`` of Conv2d, BatchNorm2d, ReLU,
MaxPool2d, AvgPool2d, Dropout, Flatten and Linear. Folds may be of unequal size: rows past a fold's count are padding,
which statistics never see.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.zoo.streams import Streams
from multimodal.training.stacked.front import fitting_front
from multimodal.training.stacked.step import Step


class StackedModule(nn.Module):
    """Several networks as one: each parameter, buffer and child under the same name, with the folds as first axis.

    Args:
        networks: One a fold, all of the same make.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        for name, _ in networks[0].named_parameters(recurse=False):
            values = torch.stack([getattr(network, name).detach() for network in networks])
            self.register_parameter(name, nn.Parameter(values))
        for name, _ in networks[0].named_buffers(recurse=False):
            self.register_buffer(name, torch.stack([getattr(network, name) for network in networks]))
        for name, _ in networks[0].named_children():
            self.add_module(name, stack([network.get_submodule(name) for network in networks]))

    @abstractmethod
    def forward(self, clips: Float[Tensor, "folds batch ..."], step: Step) -> Float[Tensor, "folds batch ..."]:
        """Do to each fold's batch what its own network does."""

    def give_back(self, networks: Sequence[nn.Module]) -> None:
        """Copy each fold's tensors into its ordinary network."""
        state = self.state_dict()
        for fold, network in enumerate(networks):
            network.load_state_dict({name: values[fold] for name, values in state.items()})


class StackedSequential(StackedModule):
    """One after another; a front that the kernels know is done by them."""

    def __init__(self, networks: Sequence[nn.Sequential]) -> None:
        super().__init__(networks)
        self.front = fitting_front(networks[0])

    def forward(self, clips: Float[Tensor, "folds batch ..."], step: Step) -> Float[Tensor, "folds batch ..."]:
        """See ``StackedModule``."""
        layers = list(self.children())
        if self.front is not None and not clips.requires_grad:
            clips = self.front(clips, [layers], step)
            layers = layers[self.front.layers :]
        for layer in layers:
            clips = layer(clips, step)
        return clips


class StackedStreams(StackedModule):
    """Side by side; streams that are fronts of the same make are done in one go."""

    def forward(self, clips: Float[Tensor, "folds batch ..."], step: Step) -> Float[Tensor, "folds batch ..."]:
        """See ``StackedModule``."""
        streams = [list(stream.children()) for stream in self.children()]
        front, *others = {getattr(stream, "front", None) for stream in self.children()}
        whole = front is not None and not others and all(len(layers) == front.layers for layers in streams)
        if front is not None and whole and not clips.requires_grad:
            return front(clips, streams, step)
        return torch.cat([stream(clips, step) for stream in self.children()], dim=2)


class StackedConv2d(StackedModule):
    """One grouped convolution, a group a fold."""

    def __init__(self, networks: Sequence[nn.Conv2d]) -> None:
        super().__init__(networks)
        plain = networks[0]
        if plain.padding_mode != "zeros":
            raise ValueError(f"cannot stack a convolution padded by {plain.padding_mode}: pad it with zeros")
        self.options = (plain.stride, plain.padding, plain.dilation)
        self.groups = plain.groups * len(networks)

    def forward(self, clips: Float[Tensor, "folds batch c h w"], step: Step) -> Float[Tensor, "folds batch d y x"]:
        """See ``StackedModule``."""
        beside = clips.transpose(0, 1).flatten(1, 2)
        bias = getattr(self, "bias", None)
        bias = None if bias is None else bias.flatten()
        out = functional.conv2d(beside, self.weight.flatten(0, 1), bias, *self.options, self.groups)
        return out.unflatten(1, self.weight.shape[:2]).transpose(0, 1)


class StackedBatchNorm2d(StackedModule):
    """Batch norm of each fold by the statistics of its own clips; padding is not counted."""

    def __init__(self, networks: Sequence[nn.BatchNorm2d]) -> None:
        super().__init__(networks)
        plain = networks[0]
        if not plain.affine or plain.running_mean is None or plain.momentum is None:
            raise ValueError("cannot stack a batch norm without scale, running mean or momentum: give it all three")
        self.eps, self.momentum = plain.eps, plain.momentum

    def forward(self, clips: Float[Tensor, "folds batch c h w"], step: Step) -> Float[Tensor, "folds batch c h w"]:
        """See ``StackedModule``."""
        mean, variance = self._of_batch(clips, step) if self.training else (self.running_mean, self.running_var)
        gain = self.weight * torch.rsqrt(variance + self.eps)
        away = clips - mean[:, None, :, None, None]
        return away * gain[:, None, :, None, None] + self.bias[:, None, :, None, None]

    def _of_batch(self, clips: Tensor, step: Step) -> tuple[Tensor, Tensor]:
        there = step.present(clips.shape[1])[:, :, None, None, None]
        number = step.counts_tensor()[:, None] * clips.shape[3] * clips.shape[4]
        mean = (clips * there).sum(dim=(1, 3, 4)) / number
        away = (clips - mean[:, None, :, None, None]) * there
        variance = away.square().sum(dim=(1, 3, 4)) / number
        self.track(mean, variance, number)
        return mean, variance

    @torch.no_grad()
    def track(self, mean: Tensor, variance: Tensor, number: Int[Tensor, "folds 1"]) -> None:
        """Move the running statistics towards a batch's; ``variance`` is over ``number`` values, biased."""
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * number / (number - 1), self.momentum)
        self.num_batches_tracked += 1


class StackedLinear(StackedModule):
    """A matrix product a fold, over its own clips alone: its bits do not hang on the folds beside it."""

    def forward(self, clips: Float[Tensor, "folds batch c"], step: Step) -> Float[Tensor, "folds batch d"]:
        """See ``StackedModule``."""
        bias = getattr(self, "bias", None)
        if set(step.counts) == {clips.shape[1]}:
            return _product(clips, self.weight, bias)
        singles = [None] * len(clips) if bias is None else bias.split(1)
        parts = zip(clips.split(1), self.weight.split(1), singles, step.counts, strict=True)
        rows = [_product(some[:, :count], weight, own) for some, weight, own, count in parts]
        return torch.cat([functional.pad(some, (0, 0, 0, clips.shape[1] - some.shape[1])) for some in rows])


def _product(clips: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    product = torch.bmm(clips, weight.transpose(1, 2))
    return product if bias is None else product + bias[:, None]


class StackedDropout(StackedModule):
    """Dropout with the same masks for all folds, see ``Chance``."""

    def __init__(self, networks: Sequence[nn.Dropout]) -> None:
        super().__init__(networks)
        if networks[0].p >= 1:
            raise ValueError("cannot stack a dropout that drops everything: drop a share below 1")
        self.p = networks[0].p

    def forward(self, clips: Float[Tensor, "folds batch ..."], step: Step) -> Float[Tensor, "folds batch ..."]:
        """See ``StackedModule``."""
        mask = self.mask(tuple(clips.shape), step)
        return clips if mask is None else clips * mask

    def mask(self, shape: tuple[int, ...], step: Step) -> Tensor | None:
        """Return what clips of that shape are multiplied by, or None where they stay as they are."""
        return step.masks(shape, 1 - self.p) if self.training and self.p > 0 else None


class StackedPerClip(StackedModule):
    """What treats every clip alike, whichever fold's it is."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__(networks)
        self.plain = networks[0]

    def forward(self, clips: Float[Tensor, "folds batch ..."], step: Step) -> Float[Tensor, "folds batch ..."]:
        """See ``StackedModule``."""
        out: Tensor = self.plain(clips.flatten(0, 1))
        return out.unflatten(0, clips.shape[:2])


STACKED: dict[type[nn.Module], type[StackedModule]] = {
    nn.Sequential: StackedSequential,
    Streams: StackedStreams,
    nn.Conv2d: StackedConv2d,
    nn.BatchNorm2d: StackedBatchNorm2d,
    nn.Linear: StackedLinear,
    nn.Dropout: StackedDropout,
    nn.ReLU: StackedPerClip,
    nn.MaxPool2d: StackedPerClip,
    nn.AvgPool2d: StackedPerClip,
    nn.Flatten: StackedPerClip,
}
"""Ordinary layer -> its stacked twin."""


def stack(networks: Sequence[nn.Module]) -> StackedModule:
    """Return one module that holds all of these networks.

    Args:
        networks: One a fold, with weights of their own.

    Raises:
        ValueError: They are not of the same make, or hold a layer that has no stacked twin; both are named.
    """
    makes = {repr(network) for network in networks}
    if len(makes) != 1:
        raise ValueError(f"expected networks of the same make, given {len(makes)}: {'; '.join(sorted(makes))}")
    # A class that has a forward of its own does something else than what it derives from.
    twins = [twin for plain, twin in STACKED.items() if type(networks[0]).forward is plain.forward]
    if not twins:
        known = ", ".join(sorted(plain.__name__ for plain in STACKED))
        raise ValueError(f"cannot stack {type(networks[0]).__name__}: make the network of {known}")
    return twins[0](networks)
