"""Shipped weights: each a safetensors or ONNX file with a card, checked before anything heavy is imported.

Beside every weight file ``NAME.safetensors`` or ``NAME.onnx`` lies its card ``NAME.json``. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from multimodal.errors import MissingError

SUFFIXES = (".safetensors", ".onnx")


@dataclass(frozen=True)
class Card:
    """A model card.

    Attributes:
        name: The weights' name, which is their file's stem.
        kind: ``expression``, ``gesture``, ``fusion`` or ``face``.
        architecture: The registered model, and what is needed to build it.
        file: Name of the weight file beside the card.
        sha256: Hash of that file.
        licence: SPDX name.
        data: What it was trained on: name, licence, attribution of each.
        figures: What was measured, by name; each has its row in ``results/``.
        intended, prohibited, limits: In plain words.
        command: What made it.
    """

    name: str
    kind: str
    architecture: Mapping[str, Any]
    file: str
    sha256: str
    licence: str
    data: list[Mapping[str, str]]
    figures: Mapping[str, Any]
    intended: str
    prohibited: str
    limits: str
    command: str
    meta: Mapping[str, Any] = field(default_factory=dict)


def folder() -> Path:
    """Return where weights are looked for: ``$VEILSPEAK_WEIGHTS``, else the folder inside the package."""
    chosen = os.environ.get("VEILSPEAK_WEIGHTS")
    return Path(chosen) if chosen else Path(str(importlib.resources.files(__name__)))


def names() -> list[str]:
    """Return the names of all weights that have a card."""
    return sorted(path.stem for path in folder().glob("*.json"))


def stems() -> list[str]:
    """Return the names of all weights that have a card, a weight file, or both."""
    found = {path.stem for path in folder().iterdir() if path.suffix in SUFFIXES} if folder().is_dir() else set()
    return sorted(found.union(names()))


def find(name: str) -> tuple[Path, Card]:
    """Return the weight file and card of that name, checked against the card's hash.

    Args:
        name: A shipped name such as ``regional-synthetic``, or the path of a weight file with its card beside it.

    Raises:
        MissingError: File or card is missing, or the file is not the one that the card describes.
    """
    given = Path(name)
    card_path = given.with_suffix(".json") if given.suffix in SUFFIXES else folder() / f"{name}.json"
    if not card_path.is_file():
        there = any(card_path.with_suffix(suffix).is_file() for suffix in SUFFIXES)
        how, where = "have no card" if there else "are missing", card_path.parent
        raise MissingError(f"weights {name!r} {how} in {where}: reinstall veilspeak, or unset VEILSPEAK_WEIGHTS")
    card = read_card(card_path)
    path = card_path.parent / card.file
    if not path.is_file():
        raise MissingError(f"weights {path} are missing: reinstall veilspeak, or train them (see {card_path.name})")
    if sha256(path) != card.sha256:
        raise MissingError(f"weights {path} are damaged (their hash differs from the card's): reinstall veilspeak")
    return path, card


def read_card(path: Path) -> Card:
    """Read a card.

    Raises:
        MissingError: It is not a card; the message says what is wrong.
    """
    try:
        return Card(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise MissingError(f"{path} is not a model card ({error}): reinstall veilspeak") from error


def write_card(path: Path, card: Card) -> None:
    """Write a card as indented JSON."""
    path.write_text(json.dumps(asdict(card), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
