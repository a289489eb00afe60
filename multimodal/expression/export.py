"""The expression networks as ONNX files, for those who run them without torch."""

from __future__ import annotations

from collections.abc import Iterator
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


def export_maps_onnx(network: nn.Module, path: Path) -> float:
    """Write a network over single maps (``expression.zoo``) as ONNX; see ``export_onnx``.

    Input: ``maps`` ``float32 [batch, 3, 28, 28]``, scaled as the network was trained. Output: ``logits``
    ``[batch, classes]``.
    """
    source = torch.Generator().manual_seed(0)
    probes = [{"maps": torch.randn(size, 3, GRID, GRID, generator=source)} for size in _BATCHES]
    axes = {"maps": {0: "batch"}, "logits": {0: "batch"}}
    return write_onnx(network, path, probes[1], ("logits",), axes, probes)


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
