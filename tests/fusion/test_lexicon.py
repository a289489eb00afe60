from pathlib import Path

import pytest

from multimodal.config import shipped
from multimodal.errors import MissingError, UsageError
from multimodal.fusion.lexicon import LANGUAGES, LONGEST, choose_lexicon, read_lexicon
from multimodal.results import AFFECTS, GESTURES


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lexicon.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_lexicons_have_every_pair_and_no_sentence_twice(language: str) -> None:
    lexicon = choose_lexicon(language)
    spoken = [lexicon.sentence(gesture, affect) for gesture in GESTURES[:-1] for affect in AFFECTS]
    assert None not in spoken
    assert len(set(spoken)) == len(spoken) == 18 * 4
    assert lexicon.language == language


def test_every_lexicon_in_the_folder_is_a_language() -> None:
    assert sorted(path.stem for path in shipped("lexicon/en.yaml").parent.glob("*.yaml")) == sorted(LANGUAGES)


def test_yes_gladly() -> None:
    assert choose_lexicon().sentence("like", "positive") == "Yes, gladly!"
    assert choose_lexicon("de").sentence("like", "positive") == "Ja, sehr gern!"


def test_rest_says_nothing() -> None:
    assert choose_lexicon().sentence("no_gesture", "positive") is None


def test_missing_affect_falls_back_to_the_plain_meaning(tmp_path: Path) -> None:
    lexicon = read_lexicon(write(tmp_path, "sentences:\n  like:\n    none: Ja.\n"))
    assert lexicon.sentence("like", "surprise") == "Ja."
    assert lexicon.sentence("palm", "none") is None


def test_a_personal_lexicon_lies_over_the_shipped_one(tmp_path: Path) -> None:
    mine = write(tmp_path, "sentences:\n  like:\n    none: Tea, please.\n")
    lexicon = choose_lexicon("en", mine)
    assert lexicon.sentence("like", "positive") == "Tea, please."
    assert lexicon.sentence("palm", "none") == "Hello."
    assert choose_lexicon("es", mine).sentence("palm", "none") == "Hola."


def test_a_personal_lexicon_may_stand_alone(tmp_path: Path) -> None:
    text = "language: nl\nalone: true\nsentences:\n  like:\n    none: Ja.\n"
    lexicon = choose_lexicon("nl", write(tmp_path, text))
    assert (lexicon.sentence("like", "none"), lexicon.sentence("palm", "none")) == ("Ja.", None)


def test_languages_that_do_not_fit_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no lexicon in 'nl': take one of de, en, es, fr"):
        choose_lexicon("nl")
    mine = write(tmp_path, "language: de\nsentences:\n  like:\n    none: Tee, bitte.\n")
    with pytest.raises(UsageError, match=r"set fusion\.language=de"):
        choose_lexicon("en", mine)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sentences:\n  wave:\n    none: Hi.\n", "unknown gesture 'wave'"),
        ("sentences:\n  like:\n    bored: Hm.\n    none: Yes.\n", "unknown affect 'bored'"),
        ("sentences:\n  like:\n    positive: Yes!\n", "no sentence for 'none'"),
        ("sentences:\n  like:\n    none: ''\n", "1 to"),
        (f"sentences:\n  like:\n    none: {'a' * (LONGEST + 1)}\n", "1 to"),
        ("sentences:\n  like:\n    none: Yes.\n  like:\n    none: No.\n", "stands twice"),
        ("sentences: [like]\n", "sentences"),
        ("sentence: {}\nsentences: {}\n", "did you mean 'sentences'"),
        ("- a\n", "not a mapping"),
        ("sentences: {like: {none: 'Yes.'\n", "not YAML"),
    ],
)
def test_bad_lexicon_is_told_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_lexicon(write(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_lexicon(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no config file"):
        read_lexicon(tmp_path / "none.yaml")
