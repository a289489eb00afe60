"""The lexicon: what a gesture means together with an affect, read from YAML that a user can edit.

One comes with veilspeak for each of some languages. A personal one lies over it, gesture by gesture.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import field_validator

from multimodal.config import Config, read_yaml, shipped, validate
from multimodal.errors import UsageError
from multimodal.results import AFFECTS, GESTURES

LONGEST = 80
"""The most characters that a sentence may have."""

LANGUAGES = ("de", "en", "es", "fr")
"""Those that come with veilspeak."""


class Lexicon(Config):
    """Sentences by gesture and affect.

    Attributes:
        language: Two-letter code of the sentences' language; a personal lexicon need not tell.
        alone: Of a personal lexicon: nothing but what it names is said.
        sentences: gesture -> affect -> sentence; every gesture that is named has at least ``none``.
    """

    language: str | None = None
    alone: bool = False
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

    def pairs(self) -> list[tuple[str, str, str]]:
        """Return all that can be said: gesture, affect, sentence."""
        signs = self.sentences.items()
        return [(gesture, affect, text) for gesture, by_affect in signs for affect, text in by_affect.items()]

    def over(self, base: Lexicon) -> Lexicon:
        """Return the lexicon that says what this one says of the gestures that it names, of others what ``base`` says.

        A gesture that is named takes none of ``base``'s sentences: they would go with another meaning.
        """
        sentences = self.sentences if self.alone else {**base.sentences, **self.sentences}
        return Lexicon(language=base.language, sentences=sentences)


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


def choose_lexicon(language: str = "en", personal: Path | None = None) -> Lexicon:
    """Return the lexicon of a language, with a personal one over it.

    Args:
        language: One of ``LANGUAGES``, or that of a personal lexicon that stands alone.
        personal: The user's own; None: there is none.

    Raises:
        MissingError: There is no such file.
        UsageError: There is no such language, the personal lexicon is in another one, or see ``read_lexicon``.
    """
    own = None if personal is None else read_lexicon(personal)
    if own is not None and own.language not in (None, language):
        raise UsageError(
            f"{personal} is in {own.language!r}, the rest in {language!r}: set fusion.language={own.language}"
        )
    if own is not None and own.alone:
        return own.over(Lexicon(language=language, sentences={}))
    if language not in LANGUAGES:
        raise UsageError(
            f"no lexicon in {language!r}: take one of {', '.join(LANGUAGES)}, or give your own with 'alone: true'"
        )
    base = read_lexicon(shipped(f"lexicon/{language}.yaml"))
    return base if own is None else own.over(base)


def read_lexicon(path: Path) -> Lexicon:
    """Read a lexicon's file.

    Raises:
        MissingError: There is no such file.
        UsageError: It has an unknown gesture or affect, a gesture without plain meaning, a doubled key, or a sentence
            that is empty or too long.
    """
    content = read_yaml(path)
    try:
        yaml.load(path.read_text(encoding="utf-8"), Loader=_NoDoubles)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return validate(Lexicon, content, str(path))
