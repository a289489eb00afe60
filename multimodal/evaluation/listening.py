"""Listeners that read speech back: CMU Pocketsphinx with the American English model inside its wheel.

It is an instrument here, not what is under test, so it is set up as suits it:

* A word of the lexicon alone is one of some hundred words; which one follows which is weighed by the general language
  model, of which all other words are struck out. Nothing is fitted to the lexicon's sentences.
* Its finite grammars (JSGF) are not used: in them another word costs nothing but a branch, so that quiet is read as
  "it" and "of", and the search for the best path through what may have been heard takes minutes.
* Sound is at 16 kHz, in the faint noise of a quiet room. Pure zeros are unlike anything that the model was trained on,
  and sway its mean over an utterance.
* Its mean is taken over each utterance by itself (``full_utt``), so nothing is carried from one to the next.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal.errors import MissingError, UsageError
from multimodal.fusion.lexicon import Lexicon
from multimodal.speech.sound import Sound, resample, to_pcm

if TYPE_CHECKING:
    from pocketsphinx import Decoder

RATE = 16_000
"""Samples a second that the acoustic model takes."""
_DICTIONARY = "en-us/cmudict-en-us.dict"
_ANOTHER_WORD = 1e-3
"""The cost of each further word where only the lexicon's words are known (``wip``); the program's own is 0.65."""

Listener = Callable[[Sound], str]
"""Sound -> the words that were understood, in small letters."""


def words_of(text: str) -> str:
    """Return a sentence's words in small letters, without punctuation."""
    return " ".join(re.findall(r"[a-z']+", text.lower()))


class Recogniser:
    """Pocketsphinx for the words of a lexicon.

    Args:
        lexicon: Its sentences tell the words.

    Raises:
        MissingError: It is not installed.
        UsageError: It does not know a word of the lexicon.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._general = _decoder()
        sentences = (text for by_affect in lexicon.sentences.values() for text in by_affect.values())
        self.words = sorted({word for text in sentences for word in words_of(text).split()})
        unknown = [word for word in self.words if self._general.lookup_word(word) is None]
        if unknown:
            raise UsageError(f"the recogniser does not know {', '.join(unknown)}: reword these sentences")

    def listeners(self) -> dict[str, Listener]:
        """Return three listeners, from the one that knows most of what may be said to the one that knows least.

        Returns:
            ``grammar``: the lexicon's words in any order, weighed by the general language model; ``flat``: the
            lexicon's words in any order, each as likely as any other at any place; ``general``: some 130 000 words of
            English.
        """
        with tempfile.TemporaryDirectory() as folder:
            words, chances = Path(folder, "words.dict"), Path(folder, "flat.arpa")
            words.write_text(_entries(self.words), encoding="utf-8")
            chances.write_text(flat_model(self.words), encoding="ascii")
            grammar = _decoder(dict=str(words), wip=_ANOTHER_WORD)
            flat = _decoder(dict=str(words), wip=_ANOTHER_WORD, lm=str(chances))
        return {"grammar": _listener(grammar), "flat": _listener(flat), "general": _listener(self._general)}

    def sound_of(self, word: str) -> str:
        """Return how a word sounds, its phones joined by ``-``: alike for "two" and "too"; an unknown word itself."""
        phones = self._general.lookup_word(word)
        return word if phones is None else phones.replace(" ", "-")


def flat_model(words: Sequence[str]) -> str:
    """Return a language model in ARPA's form in which each word, or the end, is equally likely everywhere."""
    chance = f"{-math.log10(len(words) + 1):.4f}"
    rows = [f"{chance} {word}" for word in ["</s>", *words]]
    head = ["\\data\\", f"ngram 1={len(rows) + 1}", "", "\\1-grams:", "-99 <s>"]
    return "\n".join([*head, *rows, "", "\\end\\", ""])


def _decoder(**options: object) -> Decoder:
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise MissingError("listening needs Pocketsphinx: pip install 'veilspeak[listening]'") from error
    return Decoder(loglevel="FATAL", **options)


def _entries(words: Sequence[str]) -> str:
    """Return the lines of the recogniser's dictionary for these words, with all ways to say them."""
    from pocketsphinx import get_model_path

    wanted = set(words)
    with Path(get_model_path(_DICTIONARY)).open(encoding="utf-8") as file:
        return "".join(line for line in file if re.sub(r"\(\d+\)$", "", line.split()[0]) in wanted)


def _listener(decoder: Decoder) -> Listener:
    def listen(sound: Sound) -> str:
        decoder.start_utt()
        decoder.process_raw(to_pcm(resample(sound, RATE)), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return words_of(re.sub(r"\(\d+\)", "", found.hypstr)) if found else ""

    return listen
