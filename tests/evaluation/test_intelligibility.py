from __future__ import annotations

import numpy as np
import pytest

from multimodal.errors import UsageError
from multimodal.evaluation.intelligibility import listeners_of, measure, shuffled, words_of
from multimodal.fusion.lexicon import Lexicon
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import choose
from multimodal.speech.engines.null import NullEngine
from multimodal.speech.sound import Sound

SHORT = Lexicon(sentences={"palm": {"none": "Hello.", "positive": "Hello, nice to see you!"}, "one": {"none": "One."}})


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


def test_what_is_not_understood_is_counted_and_named() -> None:
    pytest.importorskip("jiwer")
    answers = iter(["hello", "hello nice to you", "one two", "", "", ""])
    null = NullEngine(SpeechConfig())
    result = measure(null, SHORT, {"fake": lambda sound: next(answers)})
    assert (result["sentences"], result["words"]) == (3, 7)
    assert result["fake"]["wer"] == pytest.approx(2 / 7, abs=1e-4)
    assert result["fake"]["wer_shuffled"] == 1.0
    assert result["fake"]["misheard"] == [["hello nice to see you", "hello nice to you"], ["one", "one two"]]


def test_the_default_voice_is_heard_and_silence_is_not() -> None:
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("jiwer")
    grammar = {"grammar": listeners_of(SHORT)["grammar"]}
    config = SpeechConfig(language="en")
    heard = measure(choose(config)(config), SHORT, grammar)["grammar"]
    assert heard["wer"] <= 1 / 7
    silent = measure(NullEngine(config), SHORT, grammar)["grammar"]
    assert silent["wer"] > heard["wer"]


def test_words_that_the_recogniser_does_not_know_are_named() -> None:
    pytest.importorskip("pocketsphinx")
    with pytest.raises(UsageError, match="does not know xylqz"):
        listeners_of(Lexicon(sentences={"palm": {"none": "Xylqz."}}))
