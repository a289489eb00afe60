from __future__ import annotations

from pathlib import Path

import pytest

from multimodal import weights
from multimodal.errors import MissingError
from multimodal.weights import Card


def make(folder: Path, content: bytes = b"weights") -> Path:
    path = folder / "toy.onnx"
    path.write_bytes(content)
    card = Card(
        name="toy",
        kind="gesture",
        architecture={},
        file="toy.onnx",
        sha256=weights.sha256(path),
        licence="CC0-1.0",
        data=[],
        figures={},
        intended="tests",
        prohibited="all else",
        limits="none",
        command="this test",
    )
    weights.write_card(folder / "toy.json", card)
    return path


def test_found_by_name_and_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path)
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path))
    assert weights.find("toy")[0] == weights.find(str(path))[0] == path
    assert weights.names() == ["toy"]


def test_damaged_missing_and_unknown_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path)
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path))
    path.write_bytes(b"weightz")
    with pytest.raises(MissingError, match="damaged"):
        weights.find("toy")
    path.unlink()
    with pytest.raises(MissingError, match="are missing"):
        weights.find("toy")
    with pytest.raises(MissingError, match="weights 'other' are missing"):
        weights.find("other")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1'])
def test_broken_cards(tmp_path: Path, text: str) -> None:
    card = tmp_path / "toy.json"
    card.write_text(text)
    with pytest.raises(MissingError, match="not a model card"):
        weights.read_card(card)


def test_everything_shipped_is_what_its_card_says() -> None:
    for name in weights.names():
        path, card = weights.find(name)
        assert card.name == name == path.stem
        assert card.licence
        assert card.data
        assert card.intended
        assert card.prohibited
        assert card.limits
        assert path.stat().st_size < 9_000_000
