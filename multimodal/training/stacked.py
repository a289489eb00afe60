"""Networks of the same make, one a fold, as one module with stacked parameters, so that all folds are trained together.

``stack`` takes ordinary torch networks and returns a ``StackedModule`` that does to ``[folds, batch, ...]`` what each of
them does to its ``[batch, ...]``; its ``state_dict`` has the same keys, and ``give_back`` hands the tensors back. A
network joins by being made of what ``STACKED`` knows: ``Sequential`` and ``Streams`` of Conv2d, BatchNorm2d, ReLU,
MaxPool2d, AvgPool2d, Dropout, Flatten and Linear. Folds may be of unequal size: rows past a fold's count are padding,
which statistics never see.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from multimodal.expression.zoo.streams import Streams


class Chance:
    """The dropout masks of one step, shared by all folds: those that ``nn.Dropout`` draws right after ``manual_seed``.

    Args:
        seed: Of the step.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._generators: dict[int, torch.Generator] = {}
        self._drawn: dict[tuple[int, int], Tensor] = {}
        self._lock = threading.Lock()

    def mask(self, number: int, shape: tuple[int, ...], keep: float) -> Tensor:
        """Return the mask of the ``number``-th dropout layer for a batch, 0 or ``1 / keep``; drawn once, then shared.

        Args:
            number: Layers are asked for in the order in which they stand in the network.
            shape: Of the batch, clips first: batches of another length are given other masks, as in torch.
            keep: Share of features that is kept.
        """
        with self._lock:
            key = shape[0], number
            if key not in self._drawn:
                source = self._generators.setdefault(shape[0], torch.Generator().manual_seed(self._seed))
                self._drawn[key] = torch.empty(shape).bernoulli_(keep, generator=source).div_(keep)
            return self._drawn[key]


class Step:
    """One pass of a batch through a stacked network.

    Args:
        counts: How many clips of the batch each fold has.
        chance: Where dropout masks come from; None draws none.
    """

    def __init__(self, counts: Sequence[int], chance: Chance | None = None) -> None:
        self.counts = tuple(counts)
        self._chance = chance
        self._dropouts = 0

    def present(self, batch: int) -> Float[Tensor, "folds batch"]:
        """Return 1 for a clip, 0 for padding."""
        return (torch.arange(batch) < self.counts_tensor()[:, None]).float()

    def counts_tensor(self) -> Int[Tensor, "folds"]:
        """Return the counts as a tensor."""
        return torch.tensor(self.counts)

    def masks(self, shape: tuple[int, ...], keep: float) -> Tensor:
        """Return the next dropout layer's masks, for ``shape = (folds, batch, ...)``; padding is dropped."""
        if self._chance is None:
            raise ValueError("a step in training needs a source of chance: give it Chance(seed)")
        number, self._dropouts = self._dropouts, self._dropouts + 1
        if set(self.counts) == {shape[1]}:
            return self._chance.mask(number, shape[1:], keep)
        full = torch.zeros(shape)
        for fold, count in enumerate(self.counts):
            full[fold, :count] = self._chance.mask(number, (count, *shape[2:]), keep)
        return full


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
    """One after another; a front of convolution, ReLU, batch norm and max pool is done by the kernels where it can."""

    def __init__(self, networks: Sequence[nn.Sequential]) -> None:
        super().__init__(networks)
        from multimodal.training.stacked_front import fitting_front

        self.front = fitting_front(networks[0])

    def forward(self, clips: Float[Tensor, "folds batch ..."], step: Step) -> Float[Tensor, "folds batch ..."]:
        """See ``StackedModule``."""
        layers = list(self.children())
        if self.front is not None and not clips.requires_grad:
            clips = self.front(clips, layers[0], layers[2], step)
            layers = layers[4:]
        for layer in layers:
            clips = layer(clips, step)
        return clips


class StackedStreams(StackedModule):
    """Side by side."""

    def forward(self, clips: Float[Tensor, "folds batch ..."], step: Step) -> Float[Tensor, "folds batch ..."]:
        """See ``StackedModule``."""
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
        bias = None if self.bias is None else self.bias.flatten()
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
    """A matrix product a fold."""

    def forward(self, clips: Float[Tensor, "folds batch c"], step: Step) -> Float[Tensor, "folds batch d"]:
        """See ``StackedModule``."""
        product = torch.bmm(clips, self.weight.transpose(1, 2))
        return product if self.bias is None else product + self.bias[:, None]


class StackedDropout(StackedModule):
    """Dropout with the same masks for all folds, see ``Chance``."""

    def __init__(self, networks: Sequence[nn.Dropout]) -> None:
        super().__init__(networks)
        self.p = networks[0].p

    def forward(self, clips: Float[Tensor, "folds batch ..."], step: Step) -> Float[Tensor, "folds batch ..."]:
        """See ``StackedModule``."""
        return clips * step.masks(tuple(clips.shape), 1 - self.p) if self.training and self.p > 0 else clips


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
