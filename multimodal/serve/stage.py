"""The stage: one set of models and one voice, which the newest stream has."""

from __future__ import annotations

import threading

from multimodal.live import Live
from multimodal.results import Decision
from multimodal.serve.stream import Stream
from multimodal.speech.config import SpeechConfig
from multimodal.speech.process import Speaker
from multimodal.speech.sound import Sound


class Stage:
    """The one ``Live`` and the one voice, which the newest stream has.

    Args:
        live: What reads frames.
        voice: How it speaks.
    """

    def __init__(self, live: Live, voice: SpeechConfig) -> None:
        self.live = live
        self.speaker = Speaker(voice, play=False, wav=None, hear=self._hear)
        self._lock = threading.Lock()
        self._current: Stream | None = None

    def begin(self, stream: Stream) -> None:
        """Let a stream read; whichever did is told that it was taken. Waits for the frame that is being read."""
        with self._lock:
            self._end_current(taken=True)
            self._current = stream
            stream.begin(self.live, self.speaker)

    def end(self, stream: Stream) -> None:
        """End a stream, if it is the one that reads."""
        with self._lock:
            if self._current is stream:
                self._end_current(taken=False)

    def quiet(self, stream: Stream, number: int) -> None:
        """Stop speaking for the stream that reads; sounds made from now on carry ``number``."""
        if self._current is stream:
            self.speaker.stop()
            stream.number = number

    def close(self) -> None:
        """End the stream and the voice."""
        with self._lock:
            self._end_current(taken=False)
        self.speaker.stop()
        self.speaker.close(0.3)

    def _end_current(self, taken: bool) -> None:
        if self._current is not None:
            self.speaker.stop()
            self._current.end(taken)
            self._current = None

    def _hear(self, decision: Decision, sound: Sound) -> None:
        stream = self._current
        if stream is not None:
            stream.hear(decision, sound)
