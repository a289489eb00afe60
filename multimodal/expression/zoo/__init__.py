"""Networks after published systems, one a file; each enters itself in ``multimodal.expression.registry``."""

from __future__ import annotations

import importlib
import pkgutil


def discover() -> None:
    """Import every module of this folder, so that its networks are registered."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
