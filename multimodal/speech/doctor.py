"""Which voices work here, and what to do about those that do not."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from multimodal.results import Decision
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import SpeechEngine, speech_engines
from multimodal.speech.process import Speaker

_SENTENCE = "Yes, gladly!"
_DEFAULT = "hibari"
_PROBE = "from multimodal.speech.player import no_sound_card; print(no_sound_card() or '')"


@dataclass(frozen=True)
class SpeechCheck:
    """One part of the speech room and how it is.

    Attributes:
        part: Its name.
        ok: Whether it works.
        detail: What was found, or what to do.
        optional: Whether veilspeak speaks without it.
    """

    part: str
    ok: bool
    detail: str
    optional: bool


def check(config: SpeechConfig | None = None) -> list[SpeechCheck]:
    """Try every engine on a sentence, and look for a sound card; a failure is a row, never an exception."""
    import multimodal.speech.engines  # noqa: F401 - fills the table

    settings = config or SpeechConfig()
    rows = [_check_engine(name, speech_engines.get(name), settings) for name in speech_engines]
    return [*rows, _check_sound_card()]


def _check_engine(name: str, engine: type[SpeechEngine], config: SpeechConfig) -> SpeechCheck:
    """Let an engine speak in its own process, as it will later: it may crash or hang there."""
    part, optional = f"voice {name}", name != _DEFAULT
    state = engine.available(config)
    if not state.ok:
        return SpeechCheck(part, False, state.detail, optional)
    decision = Decision(0.0, None, "none", 1.0, True, _SENTENCE, {})
    with Speaker(config.model_copy(update={"engine": name}), play=False, wav=None) as speaker:
        speaker.say(decision)
    said = [item for item in speaker.poll() if item.latency_ms is not None]
    if not said:
        troubles = "; ".join(event.message for event in speaker.events()) or "no sound in time"
        return SpeechCheck(part, False, troubles, optional)
    return SpeechCheck(part, True, f"{state.detail}; {said[0].seconds:.1f} s of sound", optional)


def _check_sound_card() -> SpeechCheck:
    """Ask in a process of its own: sound libraries write to standard error as they like."""
    try:
        done = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=10, check=True)
        note = done.stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        note = f"it could not be asked ({type(error).__name__})"
    return SpeechCheck("sound card", not note, note or "there is one", True)
