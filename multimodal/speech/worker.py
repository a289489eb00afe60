"""The engine's process: loads the engine, makes sentences into sound, plays them. It ends when its parent does."""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
import threading
from typing import IO, Any

from multimodal.media.slot import Slot
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import SpeechEngine, speech_engines
from multimodal.speech.manner import PLAIN, Manner, amplified, manner_of
from multimodal.speech.messages import receive, send
from multimodal.speech.player import no_sound_card, play
from multimodal.speech.sound import Sound, resample, to_pcm
from multimodal.speech.timeline import SAMPLE_RATE

_FOREVER = 1e9
_WARM_UP = "Ready."


def main() -> None:
    """Run the process; its first message says which engine, from which module, with which config."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business.
    commands, answers = sys.stdin.buffer, _private_output()
    first = receive(commands)
    if first is None:
        return
    Worker(first[0], commands, answers).run()


def _private_output() -> IO[bytes]:
    """Keep standard output for messages, and send what libraries print to standard error."""
    private = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return private


class Worker:
    """Takes one sentence at a time; the parent keeps the queue.

    Args:
        setup: ``{"engine", "module", "config", "play"}``.
        commands, answers: The two ends of the pipes.
    """

    def __init__(self, setup: dict[str, Any], commands: IO[bytes], answers: IO[bytes]) -> None:
        self._setup, self._commands, self._answers = setup, commands, answers
        self._config = SpeechConfig.model_validate(setup["config"])
        self._jobs: Slot[dict[str, Any]] = Slot()
        self._stopped = threading.Event()
        self._play = bool(setup["play"])

    def run(self) -> None:
        """Load, then work until the parent closes the pipe or says end."""
        threading.Thread(target=self._listen, name="commands", daemon=True).start()
        try:
            engine = self._load()
        except Exception as error:  # an engine may raise anything
            send(self._answers, {"is": "failed", "why": _reason(error)})
            return
        if self._play and (note := no_sound_card()):
            self._play = False
            send(self._answers, {"is": "mute", "why": note})
        speak = functools.lru_cache(self._config.cache)(functools.partial(_speak, engine))
        send(self._answers, {"is": "ready"})
        while (job := self._jobs.get(_FOREVER)) is not None:
            self._do(job, speak)

    def _load(self) -> SpeechEngine:
        importlib.import_module("multimodal.speech.engines")
        importlib.import_module(self._setup["module"])
        engine = speech_engines.get(self._setup["engine"])(self._config)
        _speak(engine, _WARM_UP, PLAIN)  # the first sentence is slow in every engine
        return engine

    def _do(self, job: dict[str, Any], speak: Any) -> None:
        try:
            manner = manner_of(str(job.get("affect", "none")), self._config.rate, self._config.expressive)
            sound = speak(job["text"], manner)
            send(self._answers, {"is": "sound", "id": job["id"], "rate": sound.sample_rate}, to_pcm(sound))
            if self._play and not self._stopped.is_set():
                play(sound, self._stopped)
        except Exception as error:  # an engine or a sound card may raise anything
            send(self._answers, {"is": "error", "id": job["id"], "why": _reason(error)})
        send(self._answers, {"is": "done", "id": job["id"]})

    def _listen(self) -> None:
        while (message := receive(self._commands)) is not None:
            if message[0]["do"] == "say":
                self._stopped.clear()
                self._jobs.put(message[0])
            elif message[0]["do"] == "stop":
                self._stopped.set()
        _vanish()


def _vanish() -> None:
    """End at once, with whatever programs an engine has started: the parent is gone, or wants the end."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def _speak(engine: SpeechEngine, text: str, manner: Manner) -> Sound:
    return amplified(resample(engine.synthesize(text, manner), SAMPLE_RATE), manner.gain_db)


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
