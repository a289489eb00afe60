from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from multimodal.errors import UsageError
from multimodal.evaluation import intelligibility
from multimodal.evaluation.intelligibility import in_a_room, measure, shuffled
from multimodal.evaluation.listening import Listener, Recogniser, flat_model, words_of
from multimodal.fusion.lexicon import Lexicon
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import choose
from multimodal.speech.engines.null import NullEngine
from multimodal.speech.sound import Sound

SHORT = Lexicon(
    sentences={"palm": {"none": "Please call me.", "positive": "Hello, nice to see you!"}, "one": {"none": "One."}}
)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("jiwer")
    return Recogniser(SHORT)


@pytest.fixture(scope="module")
def listeners(recogniser: Recogniser) -> dict[str, Listener]:
    return recogniser.listeners()


def test_words_lose_case_and_punctuation() -> None:
    assert words_of("Let's go: YES, gladly!") == "let's go yes gladly"
    assert words_of("...") == ""


def test_shuffling_keeps_every_sample() -> None:
    sound = Sound(np.linspace(-1, 1, 1234, dtype=np.float32), 1000)
    mixed = shuffled(sound, np.random.default_rng(0))
    assert np.array_equal(np.sort(mixed.samples), np.sort(sound.samples))
    assert np.array_equal(mixed.samples[1200:], sound.samples[1200:])
    assert not np.array_equal(mixed.samples, sound.samples)
    tenths = {tuple(part) for part in sound.samples[:1200].reshape(-1, 100).tolist()}
    assert {tuple(part) for part in mixed.samples[:1200].reshape(-1, 100).tolist()} == tenths


def test_a_room_is_quiet_but_never_silent() -> None:
    loud = Sound(np.full(24_000, 0.5, np.float32), 24_000)
    heard = in_a_room(loud, np.random.default_rng(0))
    assert (heard.sample_rate, len(heard.samples)) == (16_000, 16_000 + 2 * 1_600)
    for end in (heard.samples[:1_600], heard.samples[-1_600:]):
        assert end.std() == pytest.approx(1e-3, rel=0.1)
    assert heard.samples[3_000:16_000].mean() == pytest.approx(0.5, abs=0.01)


def test_what_is_not_understood_is_counted_and_named() -> None:
    pytest.importorskip("jiwer")
    once = ["please call me", "hello nice to you", "won two"]
    answers = iter([*once, *once, "", "", ""])
    sound_of = {"won": "one"}
    result = measure(
        NullEngine(SpeechConfig()),
        SHORT,
        {"fake": lambda sound: next(answers)},
        lambda word: sound_of.get(word, word),
        takes=2,
    )
    assert (result["sentences"], result["words"], result["takes"]) == (3, 9, 2)
    fake = result["fake"]
    assert fake["wer"] == pytest.approx(3 / 9, abs=1e-4)  # see; one -> won; two
    assert fake["wer_by_sound"] == pytest.approx(2 / 9, abs=1e-4)
    assert fake["wer_shuffled"] == 1.0
    assert fake["by_affect"] == {"none": 0.5, "positive": 0.2}
    assert fake["misheard"] == [["hello nice to see you", "hello nice to you", 2], ["one", "won two", 2]]


def test_the_flat_model_gives_each_word_the_same_chance() -> None:
    rows = [line.split() for line in flat_model(["no", "one", "yes"]).splitlines() if len(line.split()) == 2]
    chances = {word: 10 ** float(chance) for chance, word in rows if chance != "ngram"}
    assert set(chances) == {"<s>", "</s>", "no", "one", "yes"}
    assert chances.pop("<s>") < 1e-90
    assert list(chances.values()) == pytest.approx([0.25] * 4, abs=1e-3)
    assert "ngram 1=5" in flat_model(["no", "one", "yes"])


def test_the_default_voice_is_heard_and_neither_silence_nor_shuffled_speech_is(
    recogniser: Recogniser, listeners: dict[str, Listener]
) -> None:
    config = SpeechConfig(language="en")
    heard = measure(choose(config)(config), SHORT, listeners, recogniser.sound_of, takes=1)
    silent = measure(NullEngine(config), SHORT, {"grammar": listeners["grammar"]}, takes=1)
    for name in ("grammar", "general"):
        assert heard[name]["wer"] <= 1 / 9
        assert heard[name]["wer_shuffled"] >= 0.5
    assert silent["grammar"]["wer"] >= 0.9


def test_words_that_sound_alike_are_told(recogniser: Recogniser) -> None:
    assert recogniser.sound_of("too") == recogniser.sound_of("two") != recogniser.sound_of("one")
    assert recogniser.sound_of("xylqz") == "xylqz"


def test_a_listener_carries_nothing_from_one_sound_to_the_next(listeners: dict[str, Listener]) -> None:
    config, rng = SpeechConfig(language="en"), np.random.default_rng(0)
    sound = in_a_room(choose(config)(config).synthesize("Hello, nice to see you!"), rng)
    listen = listeners["grammar"]
    first = listen(sound)
    listen(Sound(rng.uniform(-1, 1, 16_000).astype(np.float32), 16_000))
    assert listen(sound) == first == "hello nice to see you"


def test_words_that_the_recogniser_does_not_know_are_named() -> None:
    pytest.importorskip("pocketsphinx")
    with pytest.raises(UsageError, match="does not know xylqz"):
        Recogniser(Lexicon(sentences={"palm": {"none": "Xylqz."}}))


def test_the_command_prints_keeps_and_records(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recogniser: Recogniser,
    listeners: dict[str, Listener],
) -> None:
    quick = {name: listeners[name] for name in ("grammar", "flat")}
    monkeypatch.setattr(recogniser, "listeners", lambda: quick)
    monkeypatch.setattr(intelligibility, "choose_lexicon", lambda language: SHORT)
    monkeypatch.setattr(intelligibility, "Recogniser", lambda lexicon: recogniser)
    table = tmp_path / "speech.csv"
    intelligibility.main(["--engine", "null", "--out", str(tmp_path), "--record", str(table)])
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "intelligibility.json").read_text())
    assert (printed["engine"], printed["sentences"]) == ("null", 3)
    with table.open() as file:
        rows = {row["figure"]: row for row in csv.DictReader(file)}
    assert float(rows["intelligibility.flat.wer"]["value"]) == printed["flat"]["wer"]
    assert "intelligibility.grammar.by_affect.none" in rows
    command = rows["intelligibility.grammar.wer_shuffled"]["command"]
    assert command.startswith("python -m multimodal.evaluation.intelligibility --engine null")
