"""The lexicon: what a gesture means together with an affect, read from YAML that a user can edit."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import field_validator

from multimodal.config import Config, read_yaml, shipped, validate
from multimodal.errors import UsageError
from multimodal.results import AFFECTS, GESTURES

LONGEST = 80
"""The most characters that a sentence may have."""


class Lexicon(Config):
    """Sentences by gesture and affect.

    Attributes:
        language: Two-letter code of the sentences' language.
        sentences: gesture -> affect -> sentence; every gesture that is named has at least ``none``.
    """

    language: str = "en"
    sentences: dict[str, dict[str, str]]

    @field_validator("sentences")
    @classmethod
    def _check(cls, sentences: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for gesture, by_affect in sentences.items():
            _check_gesture(gesture, by_affect)
        return sentences

    def sentence(self, gesture: str, affect: str) -> str | None:
        """Return the sentence of a pair; without one the gesture's plain meaning, without that None."""
        by_affect = self.sentences.get(gesture, {})
        return by_affect.get(affect, by_affect.get("none"))


def _check_gesture(gesture: str, by_affect: dict[str, str]) -> None:
    if gesture not in GESTURES or gesture == "no_gesture":
        raise ValueError(f"unknown gesture {gesture!r}, known are {', '.join(GESTURES[:-1])}")
    if "none" not in by_affect:
        raise ValueError(f"{gesture} has no sentence for 'none', its plain meaning")
    for affect, text in by_affect.items():
        if affect not in AFFECTS:
            raise ValueError(f"{gesture} names the unknown affect {affect!r}, known are {', '.join(AFFECTS)}")
        if not 0 < len(text.strip()) <= LONGEST:
            raise ValueError(f"the sentence of {gesture} and {affect} must have 1 to {LONGEST} characters")


class _NoDoubles(yaml.SafeLoader):
    """YAML that refuses a key twice; plain YAML lets the last one win in silence."""


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[object, object]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    doubled = next((key for key in keys if keys.count(key) > 1), None)
    if doubled is not None:
        line = node.start_mark.line + 1
        raise UsageError(f"the key {doubled!r} stands twice in the group that begins in line {line}: remove one")
    return {key: loader.construct_object(value, deep=True) for key, (_, value) in zip(keys, node.value, strict=True)}


_NoDoubles.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_lexicon(path: Path | None = None) -> Lexicon:
    """Read a lexicon, by default the English one that is shipped.

    Raises:
        MissingError: There is no such file.
        UsageError: It has an unknown gesture or affect, a gesture without plain meaning, a doubled key, or a sentence
            that is empty or too long.
    """
    path = path or shipped("lexicon.yaml")
    content = read_yaml(path)
    try:
        yaml.load(path.read_text(encoding="utf-8"), Loader=_NoDoubles)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return validate(Lexicon, content, str(path))
