"""The judge of visibility as an ONNX file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from multimodal.face.visibility import VisibilityNet
from multimodal.weights.onnx_file import write_onnx

_BATCHES = (1, 2, 5)


class _Perceptron(nn.Module):
    """The net's arithmetic in torch."""

    def __init__(self, net: VisibilityNet) -> None:
        super().__init__()
        self.tensors = {name: torch.from_numpy(tensor) for name, tensor in net.tensors.items()}

    def forward(self, features: Tensor) -> Tensor:
        t = self.tensors
        hidden = nn.functional.linear((features - t["mean"]) / t["scale"], t["hidden"], t["hidden_bias"]).relu()
        return nn.functional.linear(hidden, t["out"], t["out_bias"]).sigmoid()


def export_visibility_onnx(net: VisibilityNet, path: Path) -> float:
    """Write a visibility net as ONNX.

    Input: ``features`` ``float32 [faces, 223]``, as ``appearance.measure`` makes them. Output: ``visibility``
    ``[faces, 12]``, 0 hidden to 1 free, in the order of ``REGIONS``.

    Returns:
        The largest difference to torch over several numbers of faces.

    Raises:
        MissingError: The ``onnx`` package is not installed.
        VeilspeakError: ONNX Runtime differs from torch by more than 1e-4; nothing is written.
    """
    probes = [visibility_probe(net, faces, seed) for seed, faces in enumerate(_BATCHES)]
    axes = {name: {0: "faces"} for name in ("features", "visibility")}
    return write_onnx(_Perceptron(net), path, probes[1], ("visibility",), axes, probes)


def visibility_probe(net: VisibilityNet, faces: int, seed: int) -> dict[str, Tensor]:
    """Return random measures, spread as those of the training faces."""
    mean, scale = (torch.from_numpy(net.tensors[name]) for name in ("mean", "scale"))
    return {"features": torch.randn(faces, len(mean), generator=torch.Generator().manual_seed(seed)) * scale + mean}
