"""``veilspeak export``: shipped weights as ONNX files, compared with what runs here before they get their name."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from multimodal import weights
from multimodal.errors import UsageError, VeilspeakError
from multimodal.weights import Card
from multimodal.weights.int8 import Agreement, Decide, Feed, compare, quantise

LEAST_AGREEMENT = 0.99
"""Weights of eight bits must decide as before on so large a share of the probes."""

MOST_BYTES = 0.9
"""And be at most so large, as a share of the file without."""

_PROBES = 256
_EVERY, _LEARN_EVERY = 6, 4


@dataclass(frozen=True)
class Exporter:
    """How weights of one kind become an ONNX file.

    Attributes:
        write: Takes name and path, and returns the largest difference to torch; None where the weights are ONNX.
        probes: From a name to the inputs on which decisions are compared.
        decide: From outputs to decisions.
        calibration: How many of the probes, the first ones, ranges are learnt from; these are then no probes.
    """

    write: Callable[[str, Path], float | None]
    probes: Callable[[str], list[Feed]]
    decide: Decide
    calibration: int = 0


def export_weights(name: str, out: Path, *, int8: bool = False) -> dict[str, Any]:
    """Write shipped weights as ONNX, with a card beside the file.

    Args:
        name: One of ``weights.names()``, or the path of a weight file with its card beside it.
        out: The file, ``*.onnx``; its folder is made if need be.
        int8: Store and, for the detector, compute in eight bits.

    Returns:
        ``name``; ``outputs: {onnx, card}``; ``bytes``; ``largest_difference`` to torch over the probes, None for
        weights that are ONNX already; ``int8``: None, or ``{bytes, bytes_before, agreement, probes, ms, ms_before}``.

    Raises:
        UsageError: There are no weights of that name, or the file is not to be called ``*.onnx``, or the card would
            take the place of the weights' own.
        MissingError: There are no weights at all, those of the name are damaged, or the ``onnx`` package is not
            installed.
        VeilspeakError: ONNX differs from torch, or eight bits do not pay; nothing is written.
    """
    if out.suffix != ".onnx":
        raise UsageError(f"--out {out} must end in .onnx")
    exporter, (source, card) = _exporter(name), weights.find(name)
    if out.with_suffix(".json").resolve() == source.with_suffix(".json").resolve():
        raise UsageError(f"--out {out} would take the place of the card of {name}: choose another name or folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export", dir=out.parent) as folder:
        path, small = Path(folder) / "whole.onnx", Path(folder) / "int8.onnx"
        difference = exporter.write(name, path)
        agreement = _to_int8(name, exporter, path, small) if int8 else None
        made = small if int8 else path
        new = _card(card, name, out, made, difference, agreement)
        made.replace(out)
    weights.write_card(out.with_suffix(".json"), new)
    return {
        "name": name,
        "outputs": {"onnx": str(out), "card": str(out.with_suffix(".json"))},
        "bytes": out.stat().st_size,
        "largest_difference": difference,
        "int8": None if agreement is None else agreement.to_dict(),
    }


def report(summary: dict[str, Any]) -> str:
    """Return a summary as lines for a person."""
    difference, int8 = summary["largest_difference"], summary["int8"]
    lines = [f"{summary['outputs']['onnx']}: {summary['bytes'] / 1e6:.3f} MB, card {summary['outputs']['card']}"]
    if difference is not None:
        lines.append(f"largest difference to torch {difference:.2g}")
    if int8 is not None:
        lines.append(
            f"eight bits: {int8['bytes_before'] / 1e6:.3f} MB before, the same decision on {int8['agreement']:.1%} of "
            f"{int8['probes']} probes, {int8['ms']:.1f} ms for all of them against {int8['ms_before']:.1f}"
        )
    return "\n".join(lines)


def _exporter(name: str) -> Exporter:
    given = Path(name)
    there = weights.stems()
    if given.suffix not in weights.SUFFIXES and there and name not in there:
        raise UsageError(f"no weights {name!r}: there are {', '.join(there)}")
    card = weights.find(name)[1]
    kind = (card.kind, str(card.architecture.get("model", card.architecture.get("name"))))
    known = {
        ("expression", "regional"): _EXPRESSION,
        ("fusion", "FusionHead"): _FUSION,
        ("gesture", "perceptron"): _SKELETON,
        ("face", "perceptron"): _VISIBILITY,
    }
    if kind in known:
        return known[kind]
    if card.file.endswith(".onnx") and card.kind == "gesture":
        return _DETECTOR
    raise UsageError(f"weights {name!r} are of a kind that is not exported: {' '.join(kind)}")


def _to_int8(name: str, exporter: Exporter, whole: Path, small: Path) -> Agreement:
    feeds = exporter.probes(name)
    quantise(whole, small, feeds[: exporter.calibration])
    found = compare(whole, small, feeds[exporter.calibration :], exporter.decide)
    if found.bytes > MOST_BYTES * found.bytes_before or found.agreement < LEAST_AGREEMENT:
        raise VeilspeakError(
            f"eight bits do not pay for {name}: {found.bytes / 1e3:.0f} kB against {found.bytes_before / 1e3:.0f} kB, "
            f"the same decision on {found.agreement:.1%} of {found.probes} probes; nothing was written: "
            "leave out --int8"
        )
    return found


def _card(card: Card, name: str, out: Path, made: Path, difference: float | None, int8: Agreement | None) -> Card:
    about = {
        "from": card.name,
        "sha256": card.sha256,
        "largest_difference_to_torch": difference,
        "int8": None if int8 is None else int8.to_dict(),
    }
    command = f"veilspeak export {Path(name).name} --out {out.name}{' --int8' if int8 else ''}"
    return replace(
        card,
        name=out.stem,
        file=out.name,
        sha256=weights.sha256(made),
        command=command,
        meta={**card.meta, "exported": about},
    )


def _write_expression(name: str, path: Path) -> float:
    from multimodal.expression.export import export_onnx
    from multimodal.expression.reader import ExpressionReader

    return export_onnx(ExpressionReader(name).network, path, maps=None)


def _expression_probes(name: str) -> list[Feed]:
    from multimodal.expression.export import clip_probe

    return [_arrays(clip_probe(_PROBES // 4, maps, seed=maps)) for maps in (1, 2, 3, 5)]


def _write_fusion(name: str, path: Path) -> float:
    from multimodal.fusion.export import export_fusion_onnx
    from multimodal.fusion.reader import FusionReader

    return export_fusion_onnx(FusionReader(name).head, path)


def _fusion_probes(name: str) -> list[Feed]:
    from multimodal.fusion.export import fusion_probe

    return [_arrays(fusion_probe(_PROBES, seed=1))]


def _write_skeleton(name: str, path: Path) -> float:
    from multimodal.gesture.export import export_skeleton_onnx
    from multimodal.gesture.skeleton import load_skeleton

    return export_skeleton_onnx(load_skeleton(name), path)


def _skeleton_probes(name: str) -> list[Feed]:
    from multimodal.gesture.export import skeleton_probe
    from multimodal.gesture.skeleton import load_skeleton

    return [_arrays(skeleton_probe(load_skeleton(name), _PROBES, seed=1))]


def _write_visibility(name: str, path: Path) -> float:
    from multimodal.face.export import export_visibility_onnx
    from multimodal.face.visibility import load_net

    return export_visibility_onnx(load_net(name), path)


def _visibility_probes(name: str) -> list[Feed]:
    from multimodal.face.export import visibility_probe
    from multimodal.face.visibility import load_net

    return [_arrays(visibility_probe(load_net(name), _PROBES, seed=1))]


def _write_detector(name: str, path: Path) -> None:
    shutil.copyfile(weights.find(name)[0], path)


def _detector_probes(name: str) -> list[Feed]:
    """Return frames of the packaged sample as the network's input, those for calibration first."""
    from multimodal.gesture.detector import HandDetector, letterbox
    from multimodal.media.sources import open_source

    detector = HandDetector(name)
    with open_source("sample") as source:
        frames = [letterbox(frame.image, detector.size)[0] for frame in source if frame.index % _EVERY == 0]
    feeds = [{detector.input_name: planes} for planes in frames]
    return feeds[::_LEARN_EVERY] + [feed for place, feed in enumerate(feeds) if place % _LEARN_EVERY]


def _hands(outputs: list[np.ndarray]) -> list[object]:
    """Return the signs of the hands in a picture, the surest first, as the detector finds them."""
    from multimodal.gesture.detector import OVERLAP, THRESHOLD, decode

    return [tuple(decode(outputs[0][0], THRESHOLD, OVERLAP)[1].argmax(axis=1).tolist())]


def _largest(output: int) -> Decide:
    return lambda outputs: outputs[output].reshape(len(outputs[output]), -1).argmax(axis=1).tolist()


def _seen(outputs: list[np.ndarray]) -> list[object]:
    return (outputs[0] >= 0.5).ravel().tolist()


def _arrays(tensors: Any) -> Feed:
    return {name: tensor.numpy() for name, tensor in tensors.items()}


_EXPRESSION = Exporter(_write_expression, _expression_probes, _largest(0))
_FUSION = Exporter(_write_fusion, _fusion_probes, _largest(0))
_SKELETON = Exporter(_write_skeleton, _skeleton_probes, _largest(1))
_VISIBILITY = Exporter(_write_visibility, _visibility_probes, _seen)
_DETECTOR = Exporter(_write_detector, _detector_probes, _hands, calibration=9)
