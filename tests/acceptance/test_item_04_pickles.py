"""Item 4: a pickle that would run code, under any name that weights have, is refused, and the code is not run."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest

from multimodal import weights
from multimodal.errors import VeilspeakError
from multimodal.expression.reader import ExpressionReader
from multimodal.gesture.detector import HandDetector

SUFFIXES = (".pt", ".pth", ".ckpt", ".npy", ".npz", ".safetensors", ".onnx")


class Harmful:
    """Unpickled, it would make a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._folder),)


@pytest.fixture
def harm(tmp_path: Path) -> Path:
    return tmp_path / "harm"


def planted(folder: Path, suffix: str, harm: Path) -> Path:
    """Write the pickle with a card beside it that is right in every word."""
    name = "gesture-detector" if suffix == ".onnx" else "regional-synthetic"
    path = folder / f"planted{suffix}"
    path.write_bytes(pickle.dumps(Harmful(harm)))
    card = json.loads((weights.folder() / f"{name}.json").read_text())
    card |= {"file": path.name, "name": "planted", "sha256": weights.sha256(path)}
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def test_the_pickle_would_do_harm(harm: Path) -> None:
    pickle.loads(pickle.dumps(Harmful(harm)))
    assert harm.is_dir()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_item_4_a_harmful_pickle_is_refused(suffix: str, tmp_path: Path, harm: Path) -> None:
    path = planted(tmp_path, suffix, harm)
    reader = HandDetector if suffix == ".onnx" else ExpressionReader
    with pytest.raises(VeilspeakError) as refused:
        reader(str(path))
    assert refused.value.exit_code == 3
    assert "\n" not in str(refused.value)
    assert any(remedy in str(refused.value) for remedy in ("reinstall", "train"))
    assert not harm.exists()
