"""One pass of a batch through a stacked network: how many clips each fold has, and where dropout masks come from."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor


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
