"""The architectures of the shipped weights: what each takes, where it is from, how big it is.

A card names its architecture by ``model`` or ``name`` and kind; systems of the zoo are found by their own descriptions.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from multimodal.results import REGIONS
from multimodal.weights import Card
from multimodal.weights.measure import Size, size_given, size_of

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Architecture:
    """What is told of an architecture.

    Attributes:
        takes: Its input in words, with shapes.
        source: Authors, year, where; or that it is ours.
        reconstructed: What of the source is an engineering choice; empty where there is no such thing.
        size: From what stands under ``architecture`` in a card to its size.
    """

    takes: str
    source: str
    reconstructed: str
    size: Callable[[Mapping[str, Any]], Size]


def architecture_of(card: Card) -> Architecture | None:
    """Return what is known of a card's architecture; None for one that is not of this version."""
    return ARCHITECTURES.get((card.kind, str(card.architecture.get("model", card.architecture.get("name")))))


def _regional(numbers: Mapping[str, Any]) -> Size:
    from multimodal.expression.registry import build_model
    from multimodal.face.canonical import GRID

    options = {key: value for key, value in numbers.items() if key != "model"}
    return size_of(lambda: build_model("regional", **options), (3, 1, GRID, GRID), (len(REGIONS),))


def _fusion(numbers: Mapping[str, Any]) -> Size:
    from multimodal.fusion.export import fusion_probe
    from multimodal.fusion.head import FusionHead, FusionInput

    def inputs() -> tuple[FusionInput]:
        return (FusionInput(**fusion_probe(1, seed=0)),)

    return size_given(lambda: FusionHead(width=numbers["width"]), inputs, device="cpu")  # the prior has numbers


def _told(numbers: Mapping[str, Any]) -> Size:
    """Return what the card tells: an ONNX file's graph takes a package to read that does not ship."""
    return Size(numbers["parameters"], numbers["multiply_adds"])


def _perceptron(*widths: int) -> Size:
    pairs = list(itertools.pairwise(widths))
    return Size(sum((before + 1) * after for before, after in pairs), sum(before * after for before, after in pairs))


REGIONAL = Architecture(
    "flow maps from the onset on (u, v, strain) [3, maps, 28, 28]; how far each region can be seen [12]",
    "ours, after RRRN (Mao et al., IEEE TAFFC 2022, arXiv 2107.05904)",
    "stem, GRU, region attention and relation reasoning",
    _regional,
)
"""The regional branch; its size is that of a clip of one map."""

ARCHITECTURES: Mapping[tuple[str, str], Architecture] = {
    ("expression", "regional"): REGIONAL,
    ("fusion", "FusionHead"): Architecture(
        "log-probabilities of signs [19] and affects [3], how far to trust them [4] and [12]; the prior [19, 3]",
        "ours, after Li and Jettanasen, Computation 2025, 13(12):277",
        "the attention between the two channels, the prior",
        _fusion,
    ),
    ("gesture", "veilspeak_yolo_n"): Architecture(
        "photo (RGB) [3, 320, 320]",
        "ours on YOLOv5n (Ultralytics), after Li and Jettanasen, Computation 2025, 13(12):277",
        "dense residual blocks and efficient downsampling",
        _told,
    ),
    ("gesture", "perceptron"): Architecture(
        "points of a hand [21, 3]",
        "ours",
        "",
        lambda numbers: _perceptron(numbers["features"], numbers["hidden"], numbers["embedding"], numbers["classes"]),
    ),
    ("face", "perceptron"): Architecture(
        "measures of an aligned face [223]",
        "ours",
        "",
        lambda numbers: _perceptron(numbers["features"], numbers["hidden"], len(REGIONS)),
    ),
}
"""By kind and name."""
