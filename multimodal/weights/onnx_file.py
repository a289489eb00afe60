"""Torch modules to ONNX files, each compared with torch before it is written."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multimodal.errors import MissingError, VeilspeakError

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 1e-4
"""Largest difference of any output between ONNX Runtime and torch."""

OPSET = 17

_SMALL = 64
"""Weights of fewer values are not worth halving."""

Axes = Mapping[int, str]
"""Which axes of an input or output may have any length, by name."""


def write_onnx(
    module: Any,
    path: Path,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    axes: Mapping[str, Axes],
    probes: Iterable[Mapping[str, Tensor]],
) -> float:
    """Write a module as ONNX, if ONNX Runtime gives what torch gives.

    The module is traced with ``inputs``: what it decides by looking at sizes is fixed to these. The probes should
    therefore have other sizes. An input that no output hangs on is none of the file's.

    Args:
        module: A torch module whose arguments are the inputs in their order and whose result is a tuple of tensors, or
            one tensor. It is copied and set to evaluation; the module itself is left as it is.
        path: The file; written only if every probe agrees.
        inputs: Example inputs by name.
        outputs: Names of the outputs.
        axes: The axes of any length of each input and output.
        probes: Inputs on which both are compared.

    Returns:
        The largest difference met.

    Raises:
        MissingError: The ``onnx`` package is not installed.
        VeilspeakError: An output is off by more than ``TOLERANCE``; nothing is written.
    """
    module = copy.deepcopy(module).eval()
    content = _traced(module, inputs, outputs, axes)
    worst = _largest_difference(module, content, outputs, probes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return worst


def halve_weights(path: Path) -> None:
    """Store an ONNX file's weights as float16, half the bytes; they are cast back, and all is computed in float32.

    ONNX Runtime does the casting once, when the session is opened. Weights under ``_SMALL`` values (biases, constants)
    stay as they are.

    Raises:
        MissingError: The ``onnx`` package is not installed.
    """
    onnx = _onnx()
    model = onnx.load(str(path))
    casts = []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALL:
            continue
        name, half = tensor.name, f"{tensor.name}.float16"
        tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(onnx.helper.make_node("Cast", [half], [name], f"{name}.cast", to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    onnx.save(model, str(path))


def _traced(module: Any, inputs: Mapping[str, Tensor], outputs: Sequence[str], axes: Mapping[str, Axes]) -> bytes:
    import torch

    _onnx()
    buffer = io.BytesIO()
    names = {"input_names": list(inputs), "output_names": list(outputs), "dynamic_axes": dict(axes)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that sizes are fixed by tracing is what the probes are for
        # The older exporter, since the newer one asks for onnxscript.
        torch.onnx.export(module, tuple(inputs.values()), buffer, opset_version=OPSET, dynamo=False, **names)
    return buffer.getvalue()


def _largest_difference(
    module: Any, content: bytes, outputs: Sequence[str], probes: Iterable[Mapping[str, Tensor]]
) -> float:
    session = open_session(content)
    worst = 0.0
    for probe in probes:
        for name, one, other in zip(outputs, _by_torch(module, probe), _by_onnx(session, probe), strict=True):
            off = float(np.abs(one - other).max()) if one.shape == other.shape else np.inf
            if not off <= TOLERANCE:
                sizes = ", ".join(f"{key} {list(value.shape)}" for key, value in probe.items())
                raise VeilspeakError(f"ONNX differs from torch by {off:.2g} in {name} of {sizes}: nothing was written")
            worst = max(worst, off)
    return worst


def open_session(model: bytes | Path) -> Any:
    """Open an ONNX model, from its bytes or its file, in ONNX Runtime on one thread of the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    given = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def _by_torch(module: Any, probe: Mapping[str, Tensor]) -> list[np.ndarray]:
    import torch

    with torch.inference_mode():
        result = module(*probe.values())
    return [part.numpy() for part in ((result,) if isinstance(result, torch.Tensor) else result)]


def _by_onnx(session: Any, probe: Mapping[str, Tensor]) -> list[np.ndarray]:
    return list(session.run(None, {put.name: probe[put.name].numpy() for put in session.get_inputs()}))


def _onnx() -> Any:
    import importlib.util

    if importlib.util.find_spec("onnx") is None:
        raise MissingError("onnx is not installed: pip install 'veilspeak[export]'")
    import onnx

    return onnx
