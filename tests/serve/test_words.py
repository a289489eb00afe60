"""The lexicon on the page: shown, changed, checked field by field, restored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from serve.pages import Served, served, show, start

from multimodal.errors import UsageError
from multimodal.fusion.lexicon import LONGEST, choose_lexicon
from multimodal.results import AFFECTS, GESTURES
from multimodal.serve.words import Words, personal_path


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as running:
        yield running


def of(table: dict, gesture: str) -> dict:
    return next(sign for sign in table["signs"] if sign["gesture"] == gesture)


def test_all_signs_are_shown(here: Served) -> None:
    table = here.ask("GET", "/lexicon").json()
    assert [sign["gesture"] for sign in table["signs"]] == list(GESTURES[:-1])
    assert table["affects"] == list(AFFECTS)
    assert of(table, "like") == {
        "gesture": "like",
        "own": False,
        "sentences": choose_lexicon().sentences["like"],
    }


def test_a_change_is_saved_over_the_shipped_lexicon_and_restored(here: Served) -> None:
    sentences = {"none": "  Tea,   please. ", "positive": "Tëa!", "negative": "", "surprise": " "}
    table = here.ask("PUT", "/lexicon/ok", json={"sentences": sentences}).json()
    assert of(table, "ok") == {"gesture": "ok", "own": True, "sentences": {"none": "Tea, please.", "positive": "Tëa!"}}
    said = choose_lexicon("en", here.words.path)
    assert said.sentence("ok", "negative") == "Tea, please."
    assert said.sentence("like", "none") == "Yes."
    assert [path.name for path in here.words.path.parent.iterdir()] == ["lexicon-en.yaml"]
    table = here.ask("DELETE", "/lexicon/ok").json()
    assert of(table, "ok")["sentences"] == choose_lexicon().sentences["ok"]
    assert choose_lexicon("en", here.words.path).sentence("ok", "none") == "All right."


def test_what_was_changed_is_said(here: Served) -> None:
    with here.connect() as socket:
        start(socket)
        show(socket, None, 5)
        assert here.ask("PUT", "/lexicon/ok", json={"sentences": {"none": "Tea, please."}}).status_code == 200
        told = show(socket, "ok", 45, 1000.0)
        assert [message["text"] for message in told if message["type"] == "caption"] == ["Tea, please."]


@pytest.mark.parametrize(
    ("sentences", "fields"),
    [
        ({"none": ""}, {"none"}),
        ({"positive": "Good."}, {"none"}),
        ({"none": "x" * (LONGEST + 1)}, {"none"}),
        ({"none": "Tea.", "negative": "x" * (LONGEST + 1), "surprise": "y" * (LONGEST + 1)}, {"negative", "surprise"}),
        ({"none": "Tea.", "rage": "Tea!"}, {"rage"}),
    ],
)
def test_faults_are_told_field_by_field_and_nothing_is_saved(here: Served, sentences: dict, fields: set[str]) -> None:
    answer = here.ask("PUT", "/lexicon/ok", json={"sentences": sentences})
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == fields
    assert not here.words.path.exists()


@pytest.mark.parametrize("gesture", ["no_gesture", "wave", "..%2f..%2fetc", "ok%00"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_signs_have_sentences(here: Served, method: str, gesture: str) -> None:
    body = {"json": {"sentences": {"none": "Tea."}}} if method == "PUT" else {}
    assert here.ask(method, f"/lexicon/{gesture}", **body).status_code in (404, 422)
    assert not here.words.path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"sentences": 3}', b'{"sentences": {"none": 3}}', b'{"path": "x"}', b" " * 20_000]
)
def test_what_is_no_change_is_refused(here: Served, content: bytes) -> None:
    assert here.ask("PUT", "/lexicon/ok", content=content).status_code == 400
    assert not here.words.path.exists()


def test_a_file_that_somebody_spoilt_is_told_and_left(here: Served) -> None:
    here.words.path.parent.mkdir()
    here.words.path.write_text("sentences: {wave: {none: Hi}}", encoding="utf-8")
    answer = here.ask("PUT", "/lexicon/ok", json={"sentences": {"none": "Tea."}})
    assert answer.status_code == 422
    assert "wave" in answer.json()["error"]
    assert "wave" in here.words.path.read_text(encoding="utf-8")


def test_a_spoilt_file_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("sentences: {wave: {none: Hi}}", encoding="utf-8")
    with pytest.raises(UsageError, match="wave"):
        Words("en", path)


def test_a_lexicon_that_stands_alone_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("language: en\nalone: true\nsentences: {ok: {none: Tea.}}", encoding="utf-8")
    words = Words("en", path)
    words.change("like", {"none": "Milk."})
    assert words.lexicon.sentences == {"ok": {"none": "Tea."}, "like": {"none": "Milk."}}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        Words("en", tmp_path / "file" / "own.yaml").change("ok", {"none": "Tea."})


def test_each_language_has_its_own_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert personal_path("de") == tmp_path / "veilspeak" / "lexicon-de.yaml"
