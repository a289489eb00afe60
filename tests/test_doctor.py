"""The doctor names what is broken and what to do about it."""

from __future__ import annotations

import importlib
import importlib.util
import json
from typing import Any

import pytest
from typer.testing import CliRunner

import cli
from multimodal import doctor
from multimodal.doctor import EXTRAS, Finding, report


def test_what_is_there_is_said_to_work() -> None:
    (solutions,) = doctor._solutions()
    assert (solutions.ok, solutions.optional) == (True, False)
    assert [finding.part for finding in doctor._extras()] == [f"extra {extra}" for extra in EXTRAS.values()]


def test_broken_mediapipe_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", broken)
    (solutions,) = doctor._solutions()
    assert not solutions.ok
    assert "mediapipe==0.10.21" in solutions.detail


def test_extras_that_are_missing_are_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = list(doctor._extras())
    assert all(not finding.ok and finding.optional for finding in found)
    assert found[0].detail == "pip install 'veilspeak[export]'"


def test_damaged_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "toy.json").write_text("{")
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path))
    (finding,) = doctor._weights()
    assert (finding.part, finding.ok) == ("weights toy", False)
    assert "reinstall" in finding.detail


@pytest.mark.parametrize(("optional", "code"), [(True, 0), (False, 1)])
def test_it_ends_with_1_where_a_needed_part_is_broken(
    optional: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [Finding("python", True, "3.11"), Finding("camera 0", False, "plug one in", optional)]
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    done = CliRunner().invoke(cli.app, ["doctor", "--json"])
    assert done.exit_code == code
    parts = json.loads(done.stdout)["parts"]
    assert [part["detail"] for part in parts] == ["3.11", "plug one in"]
    assert report({"parts": parts}).splitlines()[1].startswith("--" if optional else "NO")
