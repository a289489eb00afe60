"""Ultralytics' detection network, trained in bfloat16 on processors that multiply it fast.

Ultralytics knows bfloat16 on graphics cards only. Import this after ``gesture_detector.set_offline``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from ultralytics.nn.tasks import DetectionModel


class QuickDetection(DetectionModel):  # type: ignore[misc]
    """A ``DetectionModel`` that is trained in bfloat16; its weights, losses and inference stay float32."""

    def loss(self, batch: dict[str, Any], preds: Any = None) -> Any:
        """Return the loss of a batch as ``DetectionModel.loss`` does; of ``preds`` where they are given."""
        if preds is None and self.training:
            images = batch["img"].contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                preds = _as_float(self.forward(images))
        return super().loss(batch, preds)


def _as_float(found: Any) -> Any:
    """Return the same nest of dictionaries, lists and tensors with its tensors as float32."""
    if isinstance(found, dict):
        return {key: _as_float(value) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return type(found)(_as_float(value) for value in found)
    return found.float() if isinstance(found, Tensor) else found
