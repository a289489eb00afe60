"""The expression networks as ONNX files, for those who run them without torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.expression.regional import Heads
from multimodal.face.canonical import GRID
from multimodal.results import REGIONS
from multimodal.weights.onnx_file import write_onnx

_BATCHES = (1, 2, 5)
_TRACED, _OTHER_LENGTHS = 3, (1, 2, 7)


def export_onnx(network: nn.Module, path: Path, *, maps: int | None) -> float:
    """Write a network over clips and visibilities as ONNX.

    Inputs: ``clips`` ``float32 [batch, 3, time, 28, 28]`` (``normalise.normalised_clip``) and ``visibility``
    ``float32 [batch, 12]``, 0 to 1. Outputs: the fields of ``Heads`` in their order. Any batch size will do.

    Args:
        network: A network of ``expression.regional``.
        path: The file.
        maps: Maps of each clip, at least 1; None for clips of any length, which for one map takes longer.

    Returns:
        The largest difference to torch over clips of several batch sizes and lengths, with hidden regions.

    Raises:
        MissingError: The ``onnx`` package is not installed.
        VeilspeakError: ONNX Runtime differs from torch by more than 1e-4; nothing is written.
    """
    batch = {0: "batch"}
    axes = dict.fromkeys(("visibility", *Heads._fields), batch)
    axes["clips"] = batch if maps is not None else {0: "batch", 2: "time"}
    lengths = (maps,) if maps is not None else (_TRACED, *_OTHER_LENGTHS)
    inputs = clip_probe(2, lengths[0], seed=0)
    return write_onnx(network, path, inputs, Heads._fields, axes, _clip_probes(lengths))


def export_network_onnx(network: nn.Module, shapes: Mapping[str, Sequence[int]], path: Path) -> float:
    """Write a network of one tensor an input and one of logits (``expression.zoo``) as ONNX.

    Inputs: ``float32 [batch, *shape]`` by the given names, as the network was trained: pictures from 0 to 1, flow
    scaled or centred; one that is looked at in training alone is left out. Output: ``logits`` ``[batch, classes]``. Any
    batch size will do.

    Args:
        network: The network; it is not changed.
        shapes: Of one clip of each input, by name, in the order of the network's arguments, such as
            ``zoo.inputs.shapes_of(system)``.
        path: The file.

    Returns:
        The largest difference to torch over random clips in batches of several sizes.

    Raises:
        MissingError: The ``onnx`` package is not installed.
        VeilspeakError: ONNX Runtime differs from torch by more than 1e-4; nothing is written.
    """
    probes = [network_probe(shapes, size, seed=0) for size in _BATCHES]
    axes = {name: {0: "batch"} for name in (*shapes, "logits")}
    return write_onnx(network, path, probes[1], ("logits",), axes, probes)


def network_probe(shapes: Mapping[str, Sequence[int]], batch: int, seed: int) -> dict[str, Tensor]:
    """Return random clips by input: as centred flow is, and wider than pictures and stretched flow are."""
    source = torch.Generator().manual_seed(seed)
    return {name: torch.randn(batch, *shape, generator=source) for name, shape in shapes.items()}


def clip_probe(batch: int, maps: int, seed: int) -> dict[str, Tensor]:
    """Return random clips and visibilities: some regions hidden, some just at the bound, one clip wholly hidden.

    Args:
        batch: Number of clips; the last of several is hidden wholly.
        maps: Of each clip.
        seed: Of the numbers.
    """
    source = torch.Generator().manual_seed(seed)
    clips = torch.randn(batch, 3, maps, GRID, GRID, generator=source)
    visibility = torch.rand(batch, len(REGIONS), generator=source)
    visibility[:, :3] = torch.tensor([0.0, HIDDEN_BELOW, 1.0])
    if batch > 1:
        visibility[-1] = 0
    return {"clips": clips, "visibility": visibility}


def _clip_probes(lengths: tuple[int, ...]) -> Iterator[dict[str, Tensor]]:
    for seed, maps in enumerate(lengths):
        for batch in _BATCHES:
            yield clip_probe(batch, maps, seed)
