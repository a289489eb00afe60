"""One stream: frames from a page or an uploaded clip through ``Live``, and what is told of each."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from pathlib import Path

from multimodal.demo import caption_of
from multimodal.errors import VeilspeakError
from multimodal.events import Story
from multimodal.live import Live, Step
from multimodal.media.base import Source
from multimodal.results import Decision
from multimodal.serve.camera import PageSource
from multimodal.serve.outbox import Outbox
from multimodal.serve.protocol import Answer, Caption, Ended, Event, Notice, Speech, Started, Taken, pack
from multimodal.serve.seen import jpeg_of, seen_of
from multimodal.speech.process import Speaker
from multimodal.speech.sound import Sound, to_wav


class Stream:
    """One run of one source for one page, in a thread of its own.

    Args:
        outbox: Where what is told goes.
        clip: The uploaded clip; None: the page's camera.
        number: What the sounds carry until the page asks for quiet.
    """

    def __init__(self, outbox: Outbox, clip: Path | None = None, number: int = 0) -> None:
        self.number = number
        self._outbox, self._clip = outbox, clip
        self._camera = None if clip else PageSource(self._refuse)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._frames = 0

    def push(self, content: bytes) -> None:
        """Leave a frame's message; after the end, and of a clip, it is thrown away."""
        if self._camera is not None:
            self._camera.push(content)

    def begin(self, live: Live, speaker: Speaker) -> None:
        """Begin to read."""
        self._live, self._speaker = live, speaker
        self._thread = threading.Thread(target=self._run, name="stream", daemon=True)
        self._thread.start()

    def end(self, taken: bool = False) -> None:
        """Stop reading and wait for it; ``taken`` tells the page that another tab reads now."""
        if taken and not self._over.is_set():
            self.tell(Taken())
        self._over.set()
        if self._camera is not None:
            self._camera.close()
        if self._thread is not None:
            self._thread.join()

    def tell(self, answer: Answer) -> None:
        """Send something to the page."""
        self._outbox.put(answer.model_dump_json())

    def hear(self, decision: Decision, sound: Sound) -> None:
        """Send a sentence's sound to the page."""
        header = Speech(text=decision.sentence or "", number=self.number, seconds=round(sound.seconds, 3))
        self._outbox.put(pack(header, to_wav(sound)))

    def _refuse(self, message: str) -> None:
        self.tell(Notice(kind="refused", message=message))

    def _run(self) -> None:
        last = self._outcome()
        self._over.set()
        if self._clip is not None:
            with contextlib.suppress(OSError):
                self._clip.unlink()
        self.tell(last)

    def _outcome(self) -> Answer:
        try:
            return self._read()
        except VeilspeakError as error:
            return Notice(kind="failed", message=self._without_path(str(error)))
        except Exception as error:  # whatever it is, the page is told, and the next stream can begin
            logging.getLogger("veilspeak").warning("a stream failed (%s)", type(error).__name__)
            return Notice(kind="failed", message=f"reading failed ({type(error).__name__}): start again")

    def _read(self) -> Ended:
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(self._opened())
            live = self._live
            if source.independent:
                live = stack.enter_context(Live(live.config, independent=True))
                live.speak_from(self._live.lexicon)
            live.reset()
            self.tell(Started(source="clip" if self._clip else "camera"))
            self._follow(live, source)
            return Ended(frames=self._frames, dropped=source.dropped, truncated=source.truncated)

    def _opened(self) -> Source:
        if self._camera is not None:
            return self._camera
        from multimodal.media.sources import open_source

        return open_source(str(self._clip))

    def _follow(self, live: Live, source: Source) -> None:
        story, begin = Story(source.independent), time.monotonic()
        with contextlib.closing(live.steps(source)) as steps:
            for step in steps:
                if self._clip is not None:
                    self._over.wait(max(0.0, begin + step.frame.t_ms / 1e3 - time.monotonic()))
                if self._over.is_set():
                    return
                self._take(step, story, source.dropped)

    def _take(self, step: Step, story: Story, dropped: int) -> None:
        self._frames += 1
        for row in story.rows(step):
            self.tell(Event(row=row))
        if step.decision is not None:
            self._say(step.decision)
        seen = seen_of(step, dropped)
        picture = self._clip is not None
        self._outbox.put_drawn(pack(seen, jpeg_of(step.frame.image)) if picture else seen.model_dump_json())
        self._speaker.poll()
        for event in self._speaker.events():
            self.tell(Notice(kind="voice", message=event.message))

    def _say(self, decision: Decision) -> None:
        spoken = decision.sure and decision.sentence is not None
        self.tell(
            Caption(
                t_ms=decision.t_ms,
                text=caption_of(decision),
                spoken=spoken,
                gesture=decision.gesture,
                affect=decision.affect,
                confidence=float(decision.confidence),
            )
        )
        if spoken:
            self._speaker.say(decision)

    def _without_path(self, message: str) -> str:
        return message.replace(str(self._clip), "the clip") if self._clip else message
