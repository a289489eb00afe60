"""The expression networks by name. A network takes clips and visibilities and returns its heads' logits.

Filled when ``multimodal.expression.regional`` (and what else registers) is imported: that imports torch, this does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multimodal.registry import Registry

MODELS: Registry[Callable[..., Any]] = Registry("expression model")
"""Name -> factory; the factory's keyword arguments are the architecture's numbers, kept in the model card."""

register_model = MODELS.register


def build_model(name: str, **options: Any) -> Any:
    """Build a registered network with fresh weights.

    Args:
        name: A registered name, such as ``regional``.
        **options: The factory's keyword arguments.

    Raises:
        UsageError: There is no such model; the message lists those that there are.
    """
    if name not in MODELS:
        from multimodal.expression import zoo

        zoo.discover()
    if name not in MODELS:  # last, since it imports torch-geometric
        from multimodal.expression import regional  # noqa: F401 - registers its networks

    return MODELS.get(name)(**options)
