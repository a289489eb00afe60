"""How well a voice is understood: every sentence of a lexicon, spoken, is read back by an offline recogniser.

    python -m multimodal.evaluation.intelligibility [--engine NAME] [--out DIR] [--record CSV]

The recogniser is CMU Pocketsphinx with the American English model inside its wheel, once with the lexicon's words as
its grammar, in any order, and once with its own general language model. Word error rates are pooled over all sentences
(substitutions, insertions and omissions over words spoken). As a check that the recogniser listens, the same sound is
read again cut into tenths of a second in shuffled order: hardly a word may be left. This needs
``pip install 'veilspeak[listening]'``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.ledger import record
from multimodal.fusion.lexicon import Lexicon, choose_lexicon
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import SpeechEngine, choose
from multimodal.speech.manner import amplified, manner_of
from multimodal.speech.sound import Sound, resample, to_pcm

if TYPE_CHECKING:
    from pocketsphinx import Decoder

_RATE = 16_000
_SILENCE_S = 0.4
"""Before and after each sentence, as a listener has it."""
_PIECE_S = 0.1

Listener = Callable[[Sound], str]
"""Sound -> the words that were understood."""


def words_of(text: str) -> str:
    """Return a sentence's words in small letters, without punctuation."""
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def shuffled(sound: Sound, rng: np.random.Generator) -> Sound:
    """Return the sound cut into tenths of a second in another order; what is left over at the end goes last."""
    size = round(_PIECE_S * sound.sample_rate)
    whole = len(sound.samples) // size * size
    pieces = sound.samples[:whole].reshape(-1, size)
    mixed = pieces[rng.permutation(len(pieces))].reshape(-1)
    return Sound(np.concatenate([mixed, sound.samples[whole:]]), sound.sample_rate)


def measure(engine: SpeechEngine, lexicon: Lexicon, listeners: dict[str, Listener], seed: int = 0) -> dict[str, Any]:
    """Speak all sentences of a lexicon and return what was understood.

    Args:
        engine: Speaks them, each in the manner of its affect.
        lexicon: What is said.
        listeners: By name.
        seed: Of the shuffling.

    Returns:
        ``sentences``, ``words``, and by listener ``wer``, ``wer_shuffled`` (word error rates, 0 and up) and
        ``misheard: [[said, understood], ...]``.
    """
    import jiwer

    spoken = [
        (words_of(text), _spoken(engine, text, affect))
        for by_affect in lexicon.sentences.values()
        for affect, text in by_affect.items()
    ]
    said = [text for text, _ in spoken]
    result: dict[str, Any] = {"sentences": len(said), "words": sum(len(text.split()) for text in said)}
    for name, listen in listeners.items():
        rng = np.random.default_rng(seed)
        heard = [listen(_padded(sound)) for _, sound in spoken]
        mixed = [listen(_padded(shuffled(sound, rng))) for _, sound in spoken]
        pairs = [[text, back] for text, back in zip(said, heard, strict=True) if text != back]
        rates = {"wer": jiwer.wer(said, heard), "wer_shuffled": jiwer.wer(said, mixed)}
        result[name] = {**{key: round(rate, 4) for key, rate in rates.items()}, "misheard": pairs}
    return result


def listeners_of(lexicon: Lexicon) -> dict[str, Listener]:
    """Return Pocketsphinx with the lexicon's words as its grammar, and with its general language model.

    Raises:
        MissingError: It is not installed.
        UsageError: It does not know a word of the lexicon.
    """
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise MissingError("listening needs Pocketsphinx: pip install 'veilspeak[listening]'") from error
    general = Decoder(loglevel="FATAL")
    sentences = (text for by_affect in lexicon.sentences.values() for text in by_affect.values())
    words = sorted({word for text in sentences for word in words_of(text).split()})
    unknown = [word for word in words if general.lookup_word(word) is None]
    if unknown:
        raise UsageError(f"the recogniser does not know {', '.join(unknown)}: reword these sentences")
    narrow = Decoder(lm=None, loglevel="FATAL")
    narrow.add_jsgf_string("words", f"#JSGF V1.0;\ngrammar words;\npublic <s> = ( {' | '.join(words)} )+ ;\n")
    narrow.activate_search("words")
    return {"grammar": _listener(narrow), "general": _listener(general)}


def _listener(decoder: Decoder) -> Listener:
    def listen(sound: Sound) -> str:
        decoder.start_utt()
        decoder.process_raw(to_pcm(resample(sound, _RATE)), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return words_of(re.sub(r"\(\d+\)", "", found.hypstr)) if found else ""

    return listen


def _spoken(engine: SpeechEngine, text: str, affect: str) -> Sound:
    manner = manner_of(affect, engine.config.rate, engine.config.expressive)
    return amplified(engine.synthesize(text, manner), manner.gain_db)


def _padded(sound: Sound) -> Sound:
    quiet = np.zeros(round(_SILENCE_S * sound.sample_rate), np.float32)
    return Sound(np.concatenate([quiet, sound.samples, quiet]), sound.sample_rate)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a voice on the English lexicon and print the figures."""
    parser = argparse.ArgumentParser(description="Tell how well a voice is understood.")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--out", type=Path, default=Path("out/intelligibility"))
    parser.add_argument("--record", type=Path)
    given = parser.parse_args(arguments)
    lexicon, config = choose_lexicon("en"), SpeechConfig(engine=given.engine, language="en")
    kind = choose(config)
    listeners = listeners_of(lexicon)
    result = {"engine": kind.name, **measure(kind(config), lexicon, listeners)}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "intelligibility.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    if given.record:
        options = sys.argv[1:] if arguments is None else arguments
        command = ["python", "-m", "multimodal.evaluation.intelligibility", *options]
        figures = {name: {key: result[name][key] for key in ("wer", "wer_shuffled")} for name in listeners}
        record(
            given.record, {"intelligibility": figures}, config=config.model_dump(mode="json"), seed=0, command=command
        )


if __name__ == "__main__":
    main()
