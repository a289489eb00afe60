from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from multimodal.config import Config, load_config
from multimodal.errors import MissingError, UsageError


class Inner(Config):
    rate: float = Field(1.0, gt=0)


class Outer(Config):
    name: str = "a"
    inner: Inner = Inner()


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: b\ninner: {rate: 2}\n")
    assert load_config(Outer, path, ["inner.rate=3.5"]) == Outer(name="b", inner=Inner(rate=3.5))


def test_empty_file_takes_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("# nothing\n")
    assert load_config(Outer, path) == Outer()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("inner.rat=3", "unknown key 'inner.rat': did you mean 'rate'?"),
        ("zzz=3", "known keys: inner, name"),
        ("inner.rate=-1", "inner.rate: input should be greater than 0 (given: -1)"),
        ("inner.rate", "is not key=value"),
        ("name.first=a", "name is a value"),
    ],
)
def test_wrong_keys_and_values_in_one_line(tmp_path: Path, override: str, said: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: b\n")
    with pytest.raises(UsageError) as caught:
        load_config(Outer, path, [override])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no config file"):
        load_config(Outer, tmp_path / "none.yaml")
