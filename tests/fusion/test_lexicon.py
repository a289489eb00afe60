from pathlib import Path

import pytest

from multimodal.errors import MissingError, UsageError
from multimodal.fusion.lexicon import LONGEST, load_lexicon
from multimodal.results import AFFECTS, GESTURES


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lexicon.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_lexicon_has_every_pair_and_no_sentence_twice() -> None:
    lexicon = load_lexicon()
    spoken = [lexicon.sentence(gesture, affect) for gesture in GESTURES[:-1] for affect in AFFECTS]
    assert None not in spoken
    assert len(set(spoken)) == len(spoken) == 18 * 4


def test_yes_gladly() -> None:
    assert load_lexicon().sentence("like", "positive") == "Yes, gladly!"


def test_rest_says_nothing() -> None:
    assert load_lexicon().sentence("no_gesture", "positive") is None


def test_missing_affect_falls_back_to_the_plain_meaning(tmp_path: Path) -> None:
    lexicon = load_lexicon(write(tmp_path, "sentences:\n  like:\n    none: Ja.\n"))
    assert lexicon.sentence("like", "surprise") == "Ja."
    assert lexicon.sentence("palm", "none") is None


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
        load_lexicon(write(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_lexicon(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no config file"):
        load_lexicon(tmp_path / "none.yaml")
