"""ONNX files in whole numbers of eight bits: smaller, if they still decide alike."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.errors import MissingError
from multimodal.evaluation.stopwatch import median_ms, timed
from multimodal.weights.onnx_file import open_session

Feed = Mapping[str, np.ndarray]
"""Inputs by name."""

Decide = Callable[[list[np.ndarray]], list[object]]
"""From outputs to what is decided by them, one entry a clip, hand or picture."""

_ROUNDS = 5


@dataclass(frozen=True)
class Agreement:
    """What eight bits cost and save.

    Attributes:
        bytes, bytes_before: Sizes of the files.
        agreement: Share of the probes on which both decide alike, 0 to 1.
        probes: How many there were.
        ms, ms_before: Median milliseconds of all probes, on one thread, in turns.
    """

    bytes: int
    bytes_before: int
    agreement: float
    probes: int
    ms: float
    ms_before: float

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON types."""
        return asdict(self)


def quantise(source: Path, target: Path, calibration: Sequence[Feed] = ()) -> None:
    """Write an ONNX file anew with weights of eight bits.

    Args:
        source: The file.
        target: The new one.
        calibration: Inputs from which the ranges of what goes through its convolutions are learnt: these are then
            computed in eight bits too. Without any only the weights of matrix products are stored so, and what they
            are multiplied with is brought to eight bits as it comes; convolutions, which that makes slower, stay.

    Raises:
        MissingError: The ``onnx`` package is not installed.
    """
    try:
        from onnxruntime import quantization as ort
    except ImportError as error:
        raise MissingError("onnx is not installed: pip install 'veilspeak[export]'") from error
    whole = target.with_suffix(".float.onnx")
    _fold(source, whole)
    common: dict[str, Any] = {"per_channel": True, "weight_type": ort.QuantType.QInt8}
    with _unadvised():
        if calibration:
            reader = _reader(calibration, ort.CalibrationDataReader)
            ort.quantize_static(str(whole), str(target), reader, op_types_to_quantize=["Conv"], **common)
        else:
            ort.quantize_dynamic(str(whole), str(target), op_types_to_quantize=["MatMul", "Gemm"], **common)
    whole.unlink()


def compare(source: Path, target: Path, probes: Sequence[Feed], decide: Decide) -> Agreement:
    """Run two ONNX files over the same inputs, in turns."""
    before, after = open_session(source), open_session(target)
    alike = [
        one == other
        for probe in probes
        for one, other in zip(decide(_run(before, probe)), decide(_run(after, probe)), strict=True)
    ]
    rounds = [(_ms(before, probes), _ms(after, probes)) for _ in range(_ROUNDS)]
    ms_before, ms = (median_ms(column) for column in zip(*rounds, strict=True))
    sizes = target.stat().st_size, source.stat().st_size
    return Agreement(*sizes, round(float(np.mean(alike)), 4), len(alike), ms, ms_before)


def _run(session: Any, probe: Feed) -> list[np.ndarray]:
    return list(session.run(None, {put.name: probe[put.name] for put in session.get_inputs()}))


def _ms(session: Any, probes: Sequence[Feed]) -> float:
    return timed(lambda: [_run(session, probe) for probe in probes])[0]


def _fold(source: Path, target: Path) -> None:
    """Compute what hangs on no input, such as weights stored as float16 and cast: the quantiser takes numbers alone."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def _reader(feeds: Sequence[Feed], base: type) -> Any:
    class Reader(base):  # type: ignore[misc]
        def __init__(self) -> None:
            self._feeds = iter(feeds)

        def get_next(self) -> Feed | None:
            return next(self._feeds, None)

    return Reader()


@contextlib.contextmanager
def _unadvised() -> Iterator[None]:
    """Keep the quantiser's advice from the user, who cannot follow it."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
