"""How fast the live path is over a clip, all parts on: frames a second, frame to caption, decision to first sound.

python -m multimodal.evaluation.live_speed --video CLIP [--frames N] [--set KEY=VALUE ...] [--record CSV]

The clip is read twice at 640x480: as a file, as fast as it goes, and as a camera would give it, in its own time, where
a frame that is not taken before the next one comes is passed over.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from multimodal.demo import Overlay
from multimodal.errors import UsageError
from multimodal.evaluation.ledger import record
from multimodal.fusion.lexicon import Lexicon, choose_lexicon
from multimodal.live import Live, LiveConfig, load_live_config
from multimodal.media.base import Kind, Source
from multimodal.media.prefetch import prefetch
from multimodal.media.sources import open_source
from multimodal.media.video import fitted
from multimodal.results import Decision, Frame
from multimodal.speech.process import Speaker
from multimodal.timings import Times, Timings

WIDTH, HEIGHT = 640, 480
FRAMES = 900
"""At most so many frames of a clip."""
TARGETS = {"fps": 30.0, "caption_p95_ms": 150.0, "first_audio_p95_ms": 100.0}
"""At least so many frames a second, and at most so many milliseconds."""

_WARM = 15
_SAY_EVERY = 15
_PATIENCE_S = 30.0


class FittedClip(Source):
    """A clip at 640x480; frames of another size are scaled to fit, framed in black.

    Args:
        inner: The opened clip; it is closed with this one.
        frames: At most so many frames of it.
        timings: Where the times of decoding and scaling are counted.
        paced: Hand the frames out in their own time, like a camera, and pass over those that come too late.
    """

    def __init__(self, inner: Source, frames: int, timings: Timings, paced: bool = False) -> None:
        kind: Kind = "camera" if paced else "video"
        super().__init__(name=inner.name, kind=kind, fps=inner.fps, width=WIDTH, height=HEIGHT)
        self.scaled = (inner.width, inner.height) != (WIDTH, HEIGHT)
        self._inner, self._limit, self._timings = inner, frames, timings
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """Frames passed over so far."""
        return self._dropped

    def __iter__(self) -> Iterator[Frame]:
        return self._in_time() if self.kind == "camera" else self._all()

    def close(self) -> None:
        """Close the clip."""
        self._inner.close()

    def _all(self) -> Iterator[Frame]:
        frames = islice(self._inner, self._limit)
        while True:
            with self._timings.measure("decode"):
                frame = next(frames, None)
            if frame is None:
                return
            if self.scaled:
                with self._timings.measure("scale"):
                    frame = Frame(fitted(frame.image, WIDTH, HEIGHT), frame.index, frame.t_ms, frame.source)
            yield frame

    def _in_time(self) -> Iterator[Frame]:
        begin: float | None = None
        for frame in prefetch(self._all()):
            begin = time.perf_counter() - frame.t_ms / 1e3 if begin is None else begin
            late_ms = 1e3 * (time.perf_counter() - begin) - frame.t_ms
            if late_ms > 1e3 / self.fps:
                self._dropped += 1
                continue
            time.sleep(max(0.0, -late_ms / 1e3))
            yield frame


def measure_live(video: str, config: LiveConfig, frames: int = FRAMES) -> dict[str, Any]:
    """Read a clip as a file and as a camera, and say all sentences of the lexicon.

    Args:
        video: What ``open_source`` takes: a video, or ``sample``.
        config: The live path's.
        frames: At most so many frames of it.

    Returns:
        ``video, width, height`` (its own), ``scaled`` (whether the frames had to be), ``file`` and ``camera``, each
        ``{frames, dropped, fps, caption_ms: {p50, p95}}``, and ``first_audio_ms: {new, cached, watching}``, each
        ``{sentences, p50, p95}``: nothing else to do, sentences that the voice has not said yet and such as it has;
        and new ones while the camera is read. ``parts`` is the table of where the time goes, of both readings
        together; ``targets`` tells which are met. Frame to caption is the time from having the frame to having it
        drawn with its caption; the first frames, in which models warm up, do not count.

    Raises:
        UsageError: It is no video, or too short.
        MissingError, DecodeError: See ``open_source`` and ``Live``.
    """
    lexicon = choose_lexicon(config.fusion.language, config.fusion.lexicon)
    own = _own(video)
    with Live(config) as live, Speaker(config.voice(), play=False, wav=None) as speaker:
        if not speaker.wait_ready(_PATIENCE_S):
            raise UsageError(f"speech engine {speaker.engine} did not load: veilspeak doctor tells more")
        by_file = _read(live, video, frames)
        live.reset()
        watching = _decisions(lexicon)
        by_camera = _read(live, video, frames, speaker, watching)
        heard = _heard(speaker)
    with Speaker(config.voice(), play=False, wav=None) as speaker:
        speaker.wait_ready(_PATIENCE_S)
        new, cached = (_say_all(speaker, _decisions(lexicon)) for _ in range(2))
    audio = {"new": _audio(new), "cached": _audio(cached), "watching": _audio(heard)}
    found = {**own, "file": by_file, "camera": by_camera, "first_audio_ms": audio, "parts": live.timings.table()}
    return {**found, "targets": _targets(found)}


def _own(video: str) -> dict[str, Any]:
    with open_source(video) as source:
        if source.kind != "video":
            raise UsageError(f"{video} is no video: the live path needs frames that follow each other")
        size = (source.width, source.height)
        return {"video": Path(video).stem, "width": size[0], "height": size[1], "scaled": size != (WIDTH, HEIGHT)}


def _read(
    live: Live, video: str, frames: int, speaker: Speaker | None = None, to_say: Sequence[Decision] = ()
) -> dict[str, Any]:
    """Read a clip to its end; with a speaker, in the clip's own time, saying something every so often."""
    overlay, captions, count, begin = Overlay(), Times(), 0, 0.0
    sentences = iter(to_say)
    with ExitStack() as stack:
        inner = stack.enter_context(open_source(video))
        source = stack.enter_context(FittedClip(inner, frames, live.timings, paced=speaker is not None))
        for count, step in enumerate(live.steps(source), 1):
            had = time.perf_counter()
            with live.timings.measure("draw"):
                overlay.draw(step)
            now = time.perf_counter()
            if count == _WARM:
                begin = now
            if count > _WARM:
                captions.add(step.latency_ms + 1e3 * (now - had))
            if speaker is not None and count % _SAY_EVERY == 0 and (decision := next(sentences, None)):
                speaker.say(decision)
        seconds = time.perf_counter() - begin
        dropped = source.dropped
    if count <= _WARM:
        raise UsageError(f"{video} has {count} frames: give a clip of more than {_WARM}")
    fps = round((count - _WARM) / seconds, 2)
    return {"frames": count, "dropped": dropped, "fps": fps, "caption_ms": _middle_and_tail(captions)}


def _decisions(lexicon: Lexicon) -> list[Decision]:
    return [Decision(0.0, sign, affect, 1.0, True, text, {}) for sign, affect, text in lexicon.pairs()]


def _say_all(speaker: Speaker, decisions: Sequence[Decision]) -> list[float | None]:
    """Say one sentence after the other, each when the last one is done."""
    heard: list[float | None] = []
    for decision in decisions:
        speaker.say(decision)
        heard += _wait(speaker)
    return heard


def _wait(speaker: Speaker) -> list[float | None]:
    end = time.monotonic() + _PATIENCE_S
    while not (said := speaker.poll()) and time.monotonic() < end:
        time.sleep(0.002)
    return [one.latency_ms for one in said]


def _heard(speaker: Speaker) -> list[float | None]:
    """End the speaker and return what it has said."""
    speaker.close()
    return [one.latency_ms for one in speaker.poll()]


def _audio(heard: Sequence[float | None]) -> dict[str, float | int | None]:
    times = Times()
    for latency in heard:
        if latency is not None:
            times.add(latency)
    return {"sentences": times.count, **_middle_and_tail(times)}


def _middle_and_tail(times: Times) -> dict[str, float | None]:
    found = {"p50": times.percentile(50), "p95": times.percentile(95)}
    return {name: None if value is None else round(value, 2) for name, value in found.items()}


def _targets(found: dict[str, Any]) -> dict[str, bool]:
    caption = max(found[way]["caption_ms"]["p95"] for way in ("file", "camera"))
    audio = max(row["p95"] or 0.0 for row in found["first_audio_ms"].values())
    return {
        "fps": found["file"]["fps"] >= TARGETS["fps"],
        "caption_p95_ms": caption <= TARGETS["caption_p95_ms"],
        "first_audio_p95_ms": audio <= TARGETS["first_audio_p95_ms"],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and if wanted enter the figures into a ledger with the hash of the clip."""
    parser = argparse.ArgumentParser(description="Time the live path over a clip at 640x480, all parts on.")
    parser.add_argument("--video", required=True, help="a video, or 'sample'")
    parser.add_argument("--frames", type=int, default=FRAMES, help="at most so many frames of it")
    parser.add_argument("--set", action="append", default=[], help="KEY=VALUE of the live config")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args(arguments)
    config = load_live_config(None, given.set)
    figures = measure_live(given.video, config, given.frames)
    print(json.dumps(figures, indent=2))
    if given.record:
        data = Path(given.video) if Path(given.video).is_file() else None
        numbers = config.model_dump(mode="json")
        command = ["python", "-m", "multimodal.evaluation.live_speed", "--video", Path(given.video).name]
        record(given.record, {"live_speed": {figures["video"]: figures}}, data=data, config=numbers, command=command)


if __name__ == "__main__":
    main()
