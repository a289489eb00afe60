"""The doctor names what is broken and what to do about it."""

from __future__ import annotations

import importlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli
from multimodal import doctor
from multimodal.doctor import EXTRAS, Finding, report
from multimodal.face.visibility import WEIGHTS as VISIBILITY
from multimodal.live import load_live_config


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
    finding = next(finding for finding in doctor._weights() if finding.part == "weights toy")
    assert not finding.ok
    assert "reinstall" in finding.detail


def test_weights_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VEILSPEAK_WEIGHTS", str(tmp_path))
    found = list(doctor._weights())
    config = load_live_config()
    read = {config.expression.weights, config.gesture.detector, config.gesture.skeleton, config.fusion.weights}
    assert {finding.part for finding in found} == {f"weights {name}" for name in (*read, VISIBILITY)}
    assert all(not finding.ok and not finding.optional and "missing" in finding.detail for finding in found)


def test_the_config_folder_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, value, folder in (
        ("XDG_CONFIG_HOME", "", "home/.config/matplotlib"),
        ("XDG_CONFIG_HOME", str(tmp_path / "settings"), "settings/matplotlib"),
        ("MPLCONFIGDIR", str(tmp_path / "mine"), "mine"),
    ):
        if name != "MPLCONFIGDIR":
            monkeypatch.delenv("MPLCONFIGDIR", raising=False)
        monkeypatch.setenv(name, value)
        (finding,) = doctor._config_folder()
        assert (finding.part, finding.ok) == ("config folder", True)
        assert finding.detail == f"{tmp_path / folder} can be written to"
        assert list((tmp_path / folder).iterdir()) == []


def test_a_config_folder_that_cannot_be_written_to_is_no_fault_but_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "file" / "settings"))
    (finding,) = doctor._config_folder()
    assert (finding.ok, finding.optional) == (False, True)
    assert str(tmp_path / "file") in finding.detail
    assert "set MPLCONFIGDIR" in finding.detail


def test_the_config_folder_is_asked_for_before_a_library_may_name_another() -> None:
    assert doctor.CHECKS.index(doctor._config_folder) < doctor.CHECKS.index(doctor._libraries)


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
