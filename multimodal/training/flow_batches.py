"""What is done to a batch of flow maps while a network learns from it: warps, mirrors, mixes, covers; all in torch.

Maps are raw (u, v, strain in any unit) until ``normalised``, which is ``expression.normalise`` for a batch.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from multimodal.data.occlude.flow import canonical_cover
from multimodal.data.occlude.settings import CLEAN, OccludeConfig, clip_seed
from multimodal.errors import UsageError
from multimodal.evaluation.conditions import parse
from multimodal.expression.normalise import HIDDEN_BELOW, LIMIT, region_masks

Maps = Float[Tensor, "n 3 28 28"]
Cells = Float[Tensor, "n 28 28"]


def warped(
    maps: Float[Tensor, "n channels 28 28"], generator: torch.Generator, shift: float, turn: float, scale: float
) -> Float[Tensor, "n channels 28 28"]:
    """Move, turn and scale every map a little, as another detector would have placed the face.

    Args:
        maps: Of any unit.
        generator: Where chance comes from.
        shift: At most so many cells along each axis.
        turn: At most so many degrees.
        scale: At most so large a factor, as a logarithm.

    Returns:
        In the same unit; what comes in from outside is the rim's value.
    """
    count = len(maps)
    angle = _even(generator, count) * math.radians(turn)
    size = torch.exp(_even(generator, count) * scale)
    move = _even(generator, count, 2) * (2 * shift / maps.shape[-1])
    cosine, sine = size * torch.cos(angle), size * torch.sin(angle)
    matrix = torch.stack((torch.stack((cosine, -sine), 1), torch.stack((sine, cosine), 1)), 1)
    grid = functional.affine_grid(torch.cat((matrix, move[:, :, None]), 2), list(maps.shape), align_corners=False)
    return functional.grid_sample(maps, grid, padding_mode="border", align_corners=False)


def mirrored(maps: Maps, rows: Bool[Tensor, "n"]) -> Maps:
    """Return the maps with those of ``rows`` as a mirror shows them; u changes its sign about its mean."""
    turned = maps.flip(-1)
    middle = maps[:, :1].mean(dim=(2, 3), keepdim=True)
    turned = torch.cat((2 * middle - turned[:, :1], turned[:, 1:]), dim=1)
    return torch.where(rows[:, None, None, None], turned, maps)


def mixed(maps: Maps, partners: Int[Tensor, "n"], shares: Float[Tensor, "n"]) -> Maps:
    """Mix every map with another one at one scale; the mix keeps the first one's unit (mixup, Zhang et al. 2018).

    Args:
        maps: Of any unit.
        partners: Whom each is mixed with.
        shares: How much of each is its own, 0 to 1.
    """
    flat = maps.flatten(2)
    centre = flat.median(dim=2).values[:, :, None, None]
    spread = (flat - centre.flatten(2)).abs().mean(dim=2)[:, :, None, None].clamp_min(1e-6)
    level = (maps - centre) / spread
    own = shares[:, None, None, None]
    return (own * level + (1 - own) * level[partners]) * spread + centre


def covered(maps: Maps, hidden: Cells, fill: Float[Tensor, "3 28 28"]) -> Maps:
    """Let covered cells show ``fill``, as ``evaluation.conditions.Covers.over`` does; ``hidden`` is 0 to 1."""
    return maps + hidden[:, None] * (fill - maps)


def visibility_of(hidden: Cells) -> Float[Tensor, "n 12"]:
    """Return how much of each region covers leave, 0 to 1; ``hidden`` is the covered share of each cell, 0 to 1."""
    masks = torch.from_numpy(region_masks()).to(hidden.dtype)
    return 1 - torch.einsum("nij,rij->nr", hidden, masks / masks.sum(dim=(1, 2), keepdim=True))


def normalised(maps: Maps, visibility: Float[Tensor, "n 12"]) -> Maps:
    """Centre and scale a batch of maps by the cells that can be seen; see ``expression.normalise.normalise``.

    Args:
        maps: Of any unit.
        visibility: Of each region, 0 to 1.

    Returns:
        -4 to 4; cells that cannot be seen are zero, as ``expression.normalise.normalised_clip`` has them.
    """
    flat = maps.flatten(2)
    cells = _visible(visibility)[:, None]
    some = cells.flatten(2).any(dim=2, keepdim=True)
    seen = torch.where(cells.flatten(2) | ~some, flat, torch.tensor(torch.nan))
    centre = seen.nanquantile(0.5, dim=2, keepdim=True)
    spread = (seen - centre).abs().nanmean(dim=2, keepdim=True)
    scaled = (flat - centre) / torch.where(spread > 0, spread, torch.ones(()))
    return scaled.clamp(-LIMIT, LIMIT).nan_to_num(0.0).reshape(maps.shape) * cells


def draw_bank(shares: Mapping[str, float], count: int, seed: int) -> Float[Tensor, "count 28 28"]:
    """Draw covers to learn with; none of them stands before a test face.

    Args:
        shares: How often each condition (``mask``, ``block:0.3``) is drawn.
        count: How many covers.
        seed: Of the draw.

    Returns:
        How much of each cell is hidden, 0 to 1.

    Raises:
        UsageError: There is no such condition, it covers nothing, or the shares are no shares.
    """
    if not shares or min(shares.values()) < 0 or not sum(shares.values()):
        raise UsageError(f"covers to learn with: give each condition a share above 0, given {dict(shares)}")
    return torch.from_numpy(_bank(tuple(sorted(shares.items())), count, seed))


@functools.lru_cache(maxsize=4)
def _bank(shares: tuple[tuple[str, float], ...], count: int, seed: int) -> Float[np.ndarray, "count 28 28"]:
    weights = np.array([share for _, share in shares])
    chosen = np.random.default_rng([seed, 17]).choice(len(shares), count, p=weights / weights.sum())
    configs = [_covering(name) for name, _ in shares]
    drawn = [canonical_cover(configs[kind], clip_seed(seed, f"to learn with/{n}"))[0] for n, kind in enumerate(chosen)]
    return np.stack(drawn).astype(np.float32)


def _covering(condition: str) -> OccludeConfig:
    config = parse(condition)
    if config.kind == CLEAN:
        raise UsageError(f"covers to learn with: {condition!r} covers nothing: cover fewer clips instead")
    return config


def _visible(visibility: Float[Tensor, "n 12"]) -> Bool[Tensor, "n 28 28"]:
    masks = torch.from_numpy(region_masks())
    shown = (visibility >= HIDDEN_BELOW)[:, :, None, None]
    seen = (shown & masks).any(dim=1)
    clear = seen & ~(~shown & masks).any(dim=1)
    return torch.where(clear.flatten(1).any(dim=1)[:, None, None], clear, seen)


def _even(generator: torch.Generator, *shape: int) -> Float[Tensor, "..."]:
    """Draw numbers from -1 to 1."""
    return torch.rand(*shape, generator=generator) * 2 - 1
