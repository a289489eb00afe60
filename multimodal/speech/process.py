"""Speaking beside the live path: never blocks it, says the newest, and survives its engine."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from multimodal.results import Decision, Result, Utterance
from multimodal.speech.child import Child, Message
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import choose
from multimodal.speech.sound import Sound, from_pcm
from multimodal.speech.timeline import WavTimeline

_UNPLAYED_QUEUE = 8
_RESTARTS = 2
_KEPT = 1000
_INBOX = 64
_INTERRUPTED_S = 0.3


@dataclass(frozen=True)
class SpeechEvent(Result):
    """Something that the user should know, told once a kind.

    Attributes:
        kind: ``replaced`` (a sentence gave way to a newer one; told each time), ``engine`` (the engine failed, hung or
            died), ``mute`` (there is no sound card), ``gave_up`` (no voice any more).
        message: One line.
        t_ms: The sentence's time, where it is about one.
    """

    kind: str
    message: str
    t_ms: float | None = None


@dataclass
class _Job:
    number: int
    decision: Decision
    said: float
    cancelled: bool = False
    sounded: bool = False


class Speaker:
    """Says decisions in a process of its own; a context manager.

    One sentence is in work and a few wait; newer ones replace the oldest that waits. An engine that hangs or dies is
    replaced; its sentence counts as not sounded. The WAV is written here, so that it stays valid whatever the engine
    does.

    Args:
        config: Which engine, how fast, how patient.
        play: Use the sound card where there is one. Without it all sentences are made, since none takes time to play.
        wav: ``speech.wav`` is written here, or nowhere.
        hear: Given each decision with its sound, in the speaker's thread, so it must be quick; for who plays elsewhere.

    Raises:
        UsageError: There is no such engine.
        MissingError: The engine that is asked for cannot be used here.
    """

    def __init__(
        self,
        config: SpeechConfig,
        *,
        play: bool,
        wav: Path | None,
        hear: Callable[[Decision, Sound], None] | None = None,
    ) -> None:
        self._engine = choose(config)
        self._config = config
        self._hear = hear
        self._play = play and self._engine.plays
        self._patience = config.patience_s or self._engine.patience_s
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._utterances: deque[Utterance] = deque(maxlen=_KEPT)
        self._events: deque[SpeechEvent] = deque(maxlen=_KEPT)
        self._told: set[str] = set()
        self._inbox: queue.Queue[tuple[Child, Message | None] | None] = queue.Queue(_INBOX)
        self._count = self._failures = 0
        self._current: _Job | None = None
        self._child: Child | None = None
        self._ready = threading.Event()
        self._deadline = self._closing = float("inf")
        self._timeline = WavTimeline(wav) if wav else None
        self._start_child()
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    @property
    def engine(self) -> str:
        """The name of the engine that speaks."""
        return self._engine.name

    @property
    def pid(self) -> int | None:
        """The number of the engine's process, or None where there is none."""
        child = self._child
        return child.pid if child else None

    def wait_ready(self, timeout: float) -> bool:
        """Wait for the engine to be loaded; False where it was not in time. Only benchmarks need this."""
        return self._ready.wait(timeout)

    def say(self, decision: Decision) -> None:
        """Say a decision's sentence as soon as possible; returns at once. Without a sentence nothing happens."""
        if not decision.sentence or self._closing < float("inf"):
            return
        with self._lock:
            self._count += 1
            self._waiting.append(_Job(self._count, decision, time.monotonic()))
            most = self._config.queue if self._play else max(_UNPLAYED_QUEUE, self._config.queue)
            stale = [self._waiting.popleft() for _ in range(len(self._waiting) - most)]
        for job in stale:
            self._tell("replaced", f"not said, for something newer: {job.decision.sentence}", job.decision.t_ms)
        self._wake()

    def stop(self) -> None:
        """Stop speaking at once and forget what waits."""
        with self._lock:
            self._waiting.clear()
            if self._current:
                self._current.cancelled = True
            child = self._child
        if child:
            child.send({"do": "stop"})

    def poll(self) -> list[Utterance]:
        """Return what was said since the last call; ``latency_ms`` is None where a sentence did not sound."""
        with self._lock:
            said = list(self._utterances)
            self._utterances.clear()
            return said

    def events(self) -> list[SpeechEvent]:
        """Return what the user should know since the last call."""
        with self._lock:
            events = list(self._events)
            self._events.clear()
            return events

    def close(self, timeout: float = 15.0) -> None:
        """Finish what is being said and what waits, in at most ``timeout`` seconds, and end the process."""
        self._closing = min(self._closing, time.monotonic() + timeout)
        self._wake()
        self._thread.join()

    def __enter__(self) -> Speaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.stop()
            self.close(_INTERRUPTED_S)

    def _wake(self) -> None:
        with contextlib.suppress(queue.Full):  # whatever else is in there wakes the thread as well
            self._inbox.put_nowait(None)

    def _inform(self, child: Child, item: Message | None) -> None:
        with contextlib.suppress(queue.Full):  # after the end nobody takes it; before, the deadline tells
            self._inbox.put((child, item), timeout=self._patience)

    # Everything below runs in the speaker's own thread.

    def _run(self) -> None:
        try:
            while not self._finished():
                self._dispatch()
                self._handle_next()
        finally:
            self._end_child(0.2)
            self._conclude()
            self._drop_waiting()
            if self._timeline:
                self._timeline.close()

    def _finished(self) -> bool:
        busy = self._current is not None or bool(self._waiting)
        return time.monotonic() >= self._closing or (self._closing < float("inf") and not busy)

    def _handle_next(self) -> None:
        until = min(self._deadline, self._closing)
        try:
            item = self._inbox.get(timeout=None if until == float("inf") else max(0.0, until - time.monotonic()))
        except queue.Empty:
            if time.monotonic() >= self._deadline:
                self._replace("gave no sign of life" if self._ready.is_set() else "did not load in time")
            return
        if item is None or item[0] is not self._child:
            return
        if item[1] is None:
            self._replace("ended unexpectedly")
        else:
            self._handle(*item[1])

    def _dispatch(self) -> None:
        if self._child is None:
            self._drop_waiting()
        with self._lock:
            if self._child is None or not self._ready.is_set() or self._current is not None or not self._waiting:
                return
            self._current = job = self._waiting.popleft()
        self._deadline = time.monotonic() + self._patience
        decision = job.decision
        self._child.send({"do": "say", "id": job.number, "text": decision.sentence, "affect": decision.affect})

    def _handle(self, message: dict[str, object], payload: bytes) -> None:
        kind, job = message["is"], self._current
        if kind == "ready":
            self._deadline = float("inf")
            self._ready.set()
        elif kind == "mute":
            self._play = False
            self._tell("mute", str(message["why"]))
        elif kind == "failed":
            self._give_up(f"speech engine {self.engine} cannot be loaded ({message['why']})")
        elif job is not None and message.get("id") == job.number:
            if kind == "sound":
                self._sounded(job, payload, int(str(message["rate"])))
            elif kind == "error":
                self._tell("engine", f"speech engine {self.engine} failed on a sentence ({message['why']})")
            elif kind == "done":
                self._failures = 0
                self._conclude()

    def _sounded(self, job: _Job, pcm: bytes, rate: int) -> None:
        latency = 1e3 * (time.monotonic() - job.said)
        sound = from_pcm(pcm, rate)
        self._deadline = time.monotonic() + self._patience + (sound.seconds if self._play else 0.0)
        if job.cancelled:
            return
        job.sounded = True
        if self._timeline:
            self._timeline.place(sound, job.decision.t_ms)
        if self._hear:
            self._hear(job.decision, sound)
        self._note(job, sound.seconds, latency)

    def _conclude(self) -> None:
        """Be done with the current sentence, whether it sounded or not."""
        with self._lock:
            job, self._current = self._current, None
        self._deadline = float("inf")
        if job and not job.sounded and not job.cancelled:
            self._note(job, 0.0, None)

    def _note(self, job: _Job, seconds: float, latency: float | None) -> None:
        decision = job.decision
        assert decision.sentence is not None
        said = Utterance(
            t_ms=decision.t_ms,
            text=decision.sentence,
            gesture=decision.gesture,
            affect=decision.affect,
            confidence=decision.confidence,
            engine=self.engine,
            seconds=seconds,
            latency_ms=latency,
        )
        with self._lock:
            self._utterances.append(said)

    def _start_child(self) -> None:
        self._ready.clear()
        self._deadline = time.monotonic() + self._config.load_s
        self._child = Child(self._engine, self._config, self._play, self._inform)

    def _end_child(self, patience_s: float) -> None:
        child, self._child = self._child, None
        if child:
            child.end(patience_s)

    def _replace(self, why: str) -> None:
        self._end_child(0.0)
        self._conclude()
        self._failures += 1
        if self._failures > _RESTARTS:
            self._give_up(f"speech engine {self.engine} {why}, again and again")
            return
        self._tell("engine", f"speech engine {self.engine} {why}: its process is replaced")
        self._start_child()

    def _give_up(self, why: str) -> None:
        self._end_child(0.0)
        self._conclude()
        self._tell("gave_up", f"{why}: sentences are only shown; choose another with --set speech.engine=NAME")

    def _drop_waiting(self) -> None:
        """Pass on what waits as not sounded: there is nobody left to say it."""
        with self._lock:
            jobs = list(self._waiting)
            self._waiting.clear()
        for job in jobs:
            self._note(job, 0.0, None)

    def _tell(self, kind: str, message: str, t_ms: float | None = None) -> None:
        with self._lock:
            if kind in self._told:
                return
            if kind != "replaced":
                self._told.add(kind)
            self._events.append(SpeechEvent(kind, message, t_ms))
