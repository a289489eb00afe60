from __future__ import annotations

import json
from pathlib import Path

import pytest

import cli
from multimodal.data import index_report
from multimodal.data.open_index import open_index
from multimodal.testing import fabricate


def veilspeak(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["veilspeak", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


def test_counts_are_those_of_the_index(tmp_path: Path) -> None:
    for name in ("casme2-2019", "samm"):
        fabricate(name, tmp_path / name, ["missing frame", "apex before onset"])
    content = index_report.summary(open_index([tmp_path / "casme2-2019", tmp_path / "samm"]))
    assert (content["clips"], content["subjects"]) == (28, 6)
    assert set(content["datasets"]) == {"casme2", "samm"}
    of_casme2 = content["datasets"]["casme2"]
    assert (of_casme2["clips"], of_casme2["subjects"], of_casme2["macro"]) == (14, 3, 0)
    assert sum(of_casme2["emotions"].values()) == 14
    assert sum(of_casme2["classes"]["megc2019"].values()) == 14
    assert list(of_casme2["classes"]["megc2018"]) == ["I", "II", "III", "IV", "V"]
    assert content["problems"]["missing frame"]["count"] == 2
    assert content["problems"]["missing frame"]["dropped"] == 2
    assert content["problems"]["apex before onset"]["dropped"] == 0
    assert len(content["problems"]["apex before onset"]["examples"]) == 2


def test_the_verb_prints_one_json_object_and_writes_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fabricate("casme3", tmp_path / "set")
    out = tmp_path / "index.csv"
    code, told, _ = veilspeak(monkeypatch, capsys, "index", tmp_path / "set", "--out", out, "--json")
    assert code == 0
    content = json.loads(told)
    assert (content["clips"], content["problems"], content["outputs"]) == (15, {}, [str(out)])
    code, told, _ = veilspeak(monkeypatch, capsys, "index", out)
    assert told.startswith("15 clips, 3 subjects\n\ncasme3: 15 clips")
    assert "no problems" in told


def test_people_read_every_kind_of_problem_with_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fabricate("casme2", tmp_path, ["unknown emotion", "non-numeric frame", "subject without folder"])
    code, told, _ = veilspeak(monkeypatch, capsys, "index", tmp_path, "--layout", "casme2")
    assert code == 0
    for line in (
        "  unknown emotion: 1 (1 left out)",
        "  non-numeric frame: 1 (0 left out)",
        "    sub03: none of the 5 clips has a folder",
    ):
        assert line in told.splitlines()


def test_errors_end_in_one_line_and_their_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.zip").write_bytes(b"no archive")
    cases = [
        (2, ("index", tmp_path)),
        (3, ("index", tmp_path / "nowhere")),
        (2, ("index", tmp_path / "bad.zip")),
        (4, ("index", tmp_path / "bad.zip", "--cache", tmp_path / "cache")),
        (2, ("index", tmp_path, "--layout", "casme9")),
    ]
    for expected, arguments in cases:
        code, told, error = veilspeak(monkeypatch, capsys, *arguments)
        assert (code, told) == (expected, "")
        assert error.count("\n") == 1
        assert error.startswith("veilspeak: ")
