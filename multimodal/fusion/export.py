"""The fusion head as an ONNX file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from multimodal.fusion.head import EXPRESSION_QUALITY, GESTURE_QUALITY, FusionHead, FusionInput
from multimodal.fusion.prior import load_prior
from multimodal.results import EXPRESSIONS, GESTURES
from multimodal.weights.onnx_file import write_onnx

OUTPUTS = ("joint", "gesture", "expression", "weights")
_CHANNELS = (("gesture", len(GESTURES), GESTURE_QUALITY), ("expression", len(EXPRESSIONS), EXPRESSION_QUALITY))
_BATCHES = (1, 2, 5)


class _OfTensors(nn.Module):
    """The head with its input's fields as arguments, as ONNX knows only tensors."""

    def __init__(self, head: FusionHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, *fields: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        output = self.head(FusionInput(*fields))
        return output.joint, output.gesture, output.expression, output.weights


def export_fusion_onnx(head: FusionHead, path: Path) -> float:
    """Write a fusion head as ONNX.

    Inputs: the fields of ``FusionInput`` in their order, ``present`` as bool. Outputs: ``joint``, ``gesture``,
    ``expression`` and ``weights`` of ``FusionOutput``. Any batch size will do.

    Returns:
        The largest difference to torch over several batch sizes, with absent channels.

    Raises:
        MissingError: The ``onnx`` package is not installed.
        VeilspeakError: ONNX Runtime differs from torch by more than 1e-4; nothing is written.
    """
    probes = [fusion_probe(size, seed) for seed, size in enumerate(_BATCHES)]
    axes = {name: {0: "batch"} for name in (*probes[0], *OUTPUTS) if name != "log_prior"}
    return write_onnx(_OfTensors(head), path, probes[1], OUTPUTS, axes, probes)


def fusion_probe(batch: int, seed: int) -> dict[str, Tensor]:
    """Return random inputs by the names of ``FusionInput``'s fields, channels present or absent at random."""
    source = torch.Generator().manual_seed(seed)
    fields: dict[str, Tensor] = {}
    for channel, classes, quality in _CHANNELS:
        fields[f"{channel}_log_posterior"] = torch.randn(batch, classes, generator=source).log_softmax(1)
        fields[f"{channel}_quality"] = torch.rand(batch, quality, generator=source)
    fields["present"] = torch.rand(batch, 2, generator=source) > 0.4
    return {**fields, "log_prior": torch.from_numpy(load_prior().log_table())}
