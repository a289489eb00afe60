"""Configs: YAML files checked by pydantic models that forbid unknown keys.

A config model lives beside the code that it configures and derives from ``Config``; the files lie in ``configs/``.
"""

from __future__ import annotations

import difflib
import importlib.resources
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from multimodal.errors import MissingError, UsageError


class Config(BaseModel):
    """The base of every config model: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


C = TypeVar("C", bound=Config)


def shipped(name: str) -> Path:
    """Return the path of a config file in the installed ``configs`` package, such as ``live.yaml``."""
    return Path(str(importlib.resources.files("configs") / name))


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises:
        MissingError: There is no such file.
        UsageError: It is not YAML, or not a mapping.
    """
    if not path.is_file():
        raise MissingError(f"no config file {path}: name an existing YAML file, or leave the option out")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0]
        raise UsageError(f"{path} is not YAML ({first}): correct it") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UsageError(f"{path} holds a {type(content).__name__}, not a mapping of keys to values")
    return content


def load_config(model: type[C], path: Path, overrides: Sequence[str] = ()) -> C:
    """Read a config file into its model.

    Args:
        model: The pydantic model, a ``Config``.
        path: A YAML file; keys that it leaves out take the model's defaults.
        overrides: ``key=value`` strings, dots for nested keys; the value is YAML. They win over the file.

    Raises:
        MissingError: There is no such file.
        UsageError: A key is unknown or a value is wrong; the message names key, value and remedy in one line.
    """
    content = read_yaml(path)
    for override in overrides:
        _apply_override(content, override)
    return validate(model, content, str(path))


def validate(model: type[C], content: dict[str, Any], origin: str) -> C:
    """Build ``model`` from ``content``; ``origin`` names it in the one-line error.

    Raises:
        UsageError: A key is unknown or a value is wrong.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{origin}: {_first_problem(model, error)}") from error


def _apply_override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise UsageError(f"--set {override!r} is not key=value: write for example --set speech.engine=wav")
    *parents, last = key.split(".")
    for parent in parents:
        child = content.setdefault(parent, {})
        if not isinstance(child, dict):
            raise UsageError(f"--set {override!r}: {parent} is a value, not a group of keys")
        content = child
    content[last] = yaml.safe_load(value)


def _first_problem(model: type[Config], error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{key}: {problem['msg'].lower()} (given: {problem.get('input')!r})"
    known = _keys_at(model, problem["loc"][:-1])
    close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(sorted(known))}"
    return f"unknown key {key!r}: {hint}"


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    for part in location:
        field = model.model_fields.get(str(part))
        kind = field.annotation if field else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
        model = kind
    return list(model.model_fields)
