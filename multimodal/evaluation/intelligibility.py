"""How well a voice is understood: every sentence of a lexicon, spoken, is read back by an offline recogniser.

    python -m multimodal.evaluation.intelligibility [--engine NAME] [--out DIR] [--record CSV]

It takes about three minutes on a core of its own. Each sentence is spoken in the manner of its affect and heard in a
quiet room, three times in other noise. Word error rates are pooled over all of it (substitutions, insertions and
omissions over words spoken). The listeners are described in ``multimodal.evaluation.listening``. As a check that they
listen, the same sound is read again cut into tenths of a second in shuffled order: hardly a word may be left. This
needs ``pip install 'veilspeak[listening]'``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.evaluation.ledger import record
from multimodal.evaluation.listening import RATE, Listener, Recogniser, words_of
from multimodal.fusion.lexicon import Lexicon, choose_lexicon
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import SpeechEngine, choose
from multimodal.speech.manner import amplified, manner_of
from multimodal.speech.sound import Sound, resample

_QUIET_S = 0.1
"""Before and after each sentence, beside what the voice leaves itself."""
_NOISE = 1e-3
"""Root mean square of the room's white noise, of full scale: -60 dB."""
_PIECE_S = 0.1
_TAKES = 3


@dataclass(frozen=True)
class _Spoken:
    affect: str
    words: str
    sound: Sound


def shuffled(sound: Sound, rng: np.random.Generator) -> Sound:
    """Return the sound cut into tenths of a second in another order; what is left over at the end goes last."""
    size = round(_PIECE_S * sound.sample_rate)
    whole = len(sound.samples) // size * size
    pieces = sound.samples[:whole].reshape(-1, size)
    mixed = pieces[rng.permutation(len(pieces))].reshape(-1)
    return Sound(np.concatenate([mixed, sound.samples[whole:]]), sound.sample_rate)


def in_a_room(sound: Sound, rng: np.random.Generator) -> Sound:
    """Return the sound at 16 kHz with a tenth of a second of quiet around it, all in white noise of -60 dB."""
    quiet = np.zeros(round(_QUIET_S * RATE), np.float32)
    samples = np.concatenate([quiet, resample(sound, RATE).samples, quiet])
    return Sound((samples + rng.normal(0.0, _NOISE, len(samples))).astype(np.float32), RATE)


def measure(
    engine: SpeechEngine,
    lexicon: Lexicon,
    listeners: dict[str, Listener],
    sound_of: Callable[[str], str] = str,
    takes: int = _TAKES,
    seed: int = 0,
) -> dict[str, Any]:
    """Speak all sentences of a lexicon and return what was understood.

    Args:
        engine: Speaks them, each in the manner of its affect.
        lexicon: What is said.
        listeners: By name.
        sound_of: Word -> how it sounds; words that sound alike are one where they are counted by sound.
        takes: How often each sentence is heard, at least 1, each time in other noise.
        seed: Of the noise and the shuffling.

    Returns:
        ``sentences``, ``words``, ``takes``, and by listener ``wer``; ``wer_by_sound``, in which "two" heard as "too" is
        right; ``wer_shuffled`` of one take (word error rates, 0 and up); ``by_affect``: affect -> ``wer``; and
        ``misheard: [[said, understood, times], ...]``.
    """
    spoken = [
        _Spoken(affect, words_of(text), _spoken(engine, text, affect))
        for by_affect in lexicon.sentences.values()
        for affect, text in by_affect.items()
    ]
    count = sum(len(item.words.split()) for item in spoken)
    heard = {name: _hear(spoken, listen, sound_of, takes, seed) for name, listen in listeners.items()}
    return {"sentences": len(spoken), "words": count, "takes": takes, **heard}


def _hear(
    spoken: Sequence[_Spoken], listen: Listener, sound_of: Callable[[str], str], takes: int, seed: int
) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    pairs = [(item, listen(in_a_room(item.sound, rng))) for _ in range(takes) for item in spoken]
    mixed = [(item.words, listen(in_a_room(shuffled(item.sound, rng), rng))) for item in spoken]
    plain = [(item.words, back) for item, back in pairs]
    sounds = [(_sounds(said, sound_of), _sounds(back, sound_of)) for said, back in plain]
    affects = dict.fromkeys(item.affect for item in spoken)
    by_affect = {key: _rate([(item.words, back) for item, back in pairs if item.affect == key]) for key in affects}
    wrong = [pair for pair in plain if pair[0] != pair[1]]
    return {
        "wer": _rate(plain),
        "wer_by_sound": _rate(sounds),
        "wer_shuffled": _rate(mixed),
        "by_affect": by_affect,
        "misheard": [[*pair, wrong.count(pair)] for pair in dict.fromkeys(wrong)],
    }


def _rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the word error rate of pairs of what was said and what was understood."""
    import jiwer

    said, heard = zip(*pairs, strict=True)
    return round(float(jiwer.wer(list(said), list(heard))), 4)


def _sounds(text: str, sound_of: Callable[[str], str]) -> str:
    return " ".join(sound_of(word) for word in text.split())


def _spoken(engine: SpeechEngine, text: str, affect: str) -> Sound:
    manner = manner_of(affect, engine.config.rate, engine.config.expressive)
    return amplified(engine.synthesize(text, manner), manner.gain_db)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a voice on the English lexicon and print the figures."""
    parser = argparse.ArgumentParser(description="Tell how well a voice is understood.")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--out", type=Path, default=Path("out/intelligibility"))
    parser.add_argument("--record", type=Path)
    given = parser.parse_args(arguments)
    lexicon, config = choose_lexicon("en"), SpeechConfig(engine=given.engine, language="en")
    kind, recogniser = choose(config), Recogniser(lexicon)
    listeners = recogniser.listeners()
    result = {"engine": kind.name, **measure(kind(config), lexicon, listeners, recogniser.sound_of)}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "intelligibility.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))
    if given.record:
        options = sys.argv[1:] if arguments is None else arguments
        command = ["python", "-m", "multimodal.evaluation.intelligibility", *options]
        figures = {name: {key: result[name][key] for key in result[name] if key != "misheard"} for name in listeners}
        record(
            given.record, {"intelligibility": figures}, config=config.model_dump(mode="json"), seed=0, command=command
        )


if __name__ == "__main__":
    main()
