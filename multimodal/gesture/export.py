"""The reader of a hand's skeleton as an ONNX file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from multimodal.gesture.skeleton import FEATURES, SkeletonClassifier
from multimodal.weights.onnx_file import write_onnx

OUTPUTS = ("embedding", "log_probabilities")
_BATCHES = (1, 2, 5)


class _Perceptron(nn.Module):
    """The classifier's arithmetic in torch."""

    def __init__(self, classifier: SkeletonClassifier) -> None:
        super().__init__()
        self.mean, self.spread = torch.from_numpy(classifier.mean), torch.from_numpy(classifier.spread)
        self.layers = [(torch.from_numpy(weight), torch.from_numpy(bias)) for weight, bias in classifier.layers]

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        values = (features - self.mean) / self.spread
        for weight, bias in self.layers[:-1]:
            values = nn.functional.linear(values, weight, bias).relu()
        return values, nn.functional.linear(values, *self.layers[-1]).log_softmax(1)


def export_skeleton_onnx(classifier: SkeletonClassifier, path: Path) -> float:
    """Write a skeleton classifier as ONNX.

    Input: ``features`` ``float32 [hands, 121]``, as ``skeleton.features`` makes them. Outputs: ``embedding``
    ``[hands, 64]`` and ``log_probabilities`` ``[hands, 19]`` over ``GESTURES``.

    Returns:
        The largest difference to torch over several numbers of hands.

    Raises:
        MissingError: The ``onnx`` package is not installed.
        VeilspeakError: ONNX Runtime differs from torch by more than 1e-4; nothing is written.
    """
    probes = [skeleton_probe(classifier, hands, seed) for seed, hands in enumerate(_BATCHES)]
    axes = {name: {0: "hands"} for name in ("features", *OUTPUTS)}
    return write_onnx(_Perceptron(classifier), path, probes[1], OUTPUTS, axes, probes)


def skeleton_probe(classifier: SkeletonClassifier, hands: int, seed: int) -> dict[str, Tensor]:
    """Return random features, spread as those of the training hands."""
    noise = torch.randn(hands, FEATURES, generator=torch.Generator().manual_seed(seed))
    return {"features": noise * torch.from_numpy(classifier.spread) + torch.from_numpy(classifier.mean)}
