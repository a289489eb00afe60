"""Networks that teach another one: what several say of a clip is steadier than its label (Hinton et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.regional import Heads
from multimodal.face.canonical import MIRROR
from multimodal.training.expression_clips import Examples, mirror_clips


def taught(part: Examples, teachers: Sequence[nn.Module], weight: float) -> Examples:
    """Let teachers have their say in what clips are learned as.

    Args:
        part: Clips with their labels.
        teachers: Networks that return ``Heads``; with none, the clips stay as they are.
        weight: How much the teachers say; the label says the rest.

    Returns:
        The clips, with the expression's and the units' targets mixed.
    """
    if not teachers:
        return part
    said = [opinion(teacher, part) for teacher in teachers]
    named, units = (torch.stack(column).mean(dim=0) for column in zip(*said, strict=True))
    return replace(
        part,
        taught=torch.lerp(part.taught, named, weight),
        action_units=torch.lerp(part.action_units, units, weight),
    )


def opinion(teacher: nn.Module, part: Examples) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n 12"]]:
    """Return a teacher's probabilities of the expressions and of the units, over each clip and its mirror image."""
    straight = predict(teacher, part)
    turned = predict(teacher, replace(part, clips=mirror_clips(part.clips), told=part.told[:, list(MIRROR)]))
    named = (straight.expression.softmax(dim=1) + turned.expression.softmax(dim=1)) / 2
    return named, (straight.action_units.sigmoid() + turned.action_units.sigmoid()) / 2


def predict(network: nn.Module, part: Examples, batch: int = 256) -> Heads:
    """Return the heads' logits for all clips, in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        rows = torch.arange(len(part)).split(batch)
        heads = [network(part.clips[r].float(), part.told[r]) for r in rows]
    return Heads(*(torch.cat(columns) for columns in zip(*heads, strict=True)))
