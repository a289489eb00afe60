"""``veilspeak demo``: a source, the live path, and the five files that a run leaves."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from multimodal.events import Story
from multimodal.live import Live, LiveConfig, Step, load_live_config
from multimodal.results import REGIONS, Decision, ExpressionResult, Utterance
from multimodal.timings import Times

if TYPE_CHECKING:
    from multimodal.media.base import Source
    from multimodal.speech.process import Speaker

CAPTION_MS = 3000.0
"""How long a caption stays, in the source's time."""

ATTENTION_MS = 1500.0
"""How long the regions stay coloured by an expression's attention."""

LAST_SAID = 1000
"""The summary lists at most so many sentences, the last ones; ``events.jsonl`` has all."""


def run_demo(
    source: str, out: Path, config: Path | None, overrides: list[str], *, speak: bool = True, show: bool = True
) -> dict[str, Any]:
    """Run the whole chain over a source.

    Args:
        source: A camera's number, a file, a folder, a pattern, or ``sample``.
        out: Folder for ``annotated.mp4``, ``events.jsonl``, ``frames.csv``, ``speech.wav`` and ``run.json``.
        config: A live config, or None for the shipped one.
        overrides: ``key=value`` strings that win over the config.
        speak: Play the sentences; the WAV is written either way.
        show: Show the annotated frames in a window.

    Returns:
        The summary that ``--json`` prints; its keys are part of the command line's contract.

    Raises:
        UsageError, MissingError, DecodeError: What the user gave does not work; what was written stays readable.
    """
    from multimodal.media.sources import open_source

    settings = load_live_config(config, overrides)
    with open_source(source) as opened, Live(settings, independent=opened.independent) as live:
        return Demo(live, opened, out, settings, speak=speak, show=show).run()


class Demo:
    """One run over one opened source; the arguments are those of ``run_demo``."""

    def __init__(self, live: Live, source: Source, out: Path, config: LiveConfig, *, speak: bool, show: bool) -> None:
        self._live, self._source, self._config = live, source, config
        self._speak, self._show = speak, show
        self._paths = {
            "video": out / "annotated.mp4",
            "events": out / "events.jsonl",
            "frames": out / "frames.csv",
            "audio": out / "speech.wav",
            "run": out / "run.json",
        }
        self._overlay = Overlay()
        self._story = Story(source.independent)
        self._latencies = Times()
        self._audio = Times()
        self._faces = 0
        self._utterances: deque[Utterance] = deque(maxlen=LAST_SAID)

    def run(self) -> dict[str, Any]:
        """Read the source to its end and return the summary."""
        with ExitStack() as stack:
            self._open(stack)
            self._begin = time.perf_counter()
            try:
                for step in self._progress(self._live.steps(self._source)):
                    if not self._take(step):
                        break
            except BaseException:
                self._speaker.stop()
                self._end(patience_s=0.3)
                raise
            return self._end()

    def _end(self, patience_s: float = 15.0) -> dict[str, Any]:
        seconds = time.perf_counter() - self._begin
        self._speaker.close(patience_s)
        self._collect()
        summary = self._summary(seconds)
        self._record.update(source=self._source.to_dict(), summary=summary, timings=self._live.timings.table())
        self._events.write("end", self._last_ms, **self._ended())
        return summary

    def _ended(self) -> dict[str, int | bool]:
        return {
            "truncated": self._source.truncated,
            "dropped": self._source.dropped,
            "frames": self._latencies.count,
        }

    def _open(self, stack: ExitStack) -> None:
        from multimodal.media.show import Window
        from multimodal.media.sinks import EventsSink, FramesSink, RunRecord, VideoSink
        from multimodal.speech.process import Speaker

        enter = stack.enter_context
        self._last_ms = 0.0
        self._record = enter(RunRecord(self._paths["run"], self._config, self._source.to_dict()))
        self._events = enter(EventsSink(self._paths["events"]))
        self._frames = enter(FramesSink(self._paths["frames"]))
        self._video = enter(VideoSink(self._paths["video"], self._source.fps))
        self._window = enter(Window()) if self._show else None
        self._speaker: Speaker = enter(Speaker(self._config.voice(), play=self._speak, wav=self._paths["audio"]))
        if self._window is not None and self._window.note:
            tell(self._window.note)
        self._warn_of_compression()

    def _warn_of_compression(self) -> None:
        warning = warning_of(self._source)
        if warning is not None:
            self._events.write("warning", 0.0, message=warning)
            tell(warning)

    def _take(self, step: Step) -> bool:
        """Write, show and say one step; False where the user closed the window."""
        self._last_ms = step.frame.t_ms
        self._latencies.add(step.latency_ms)
        self._faces += step.face.success
        for row in self._story.rows(step):
            self._events.write(**row)
        self._frames.write(step.frame, step.face, step.gesture, step.expression, step.decision, step.latency_ms)
        if step.decision is not None:
            self._say(step.decision)
        self._collect()
        with self._live.timings.measure("draw"):
            image = self._overlay.draw(step)
        with self._live.timings.measure("video"):
            self._video.write(image, step.frame.t_ms)
        return self._window is None or self._window.show(image)

    def _say(self, decision: Decision) -> None:
        told = caption_of(decision)
        tell(
            f"{decision.t_ms / 1e3:7.2f} s  {told}  ({decision.gesture}, {decision.affect}, {decision.confidence:.2f})"
        )
        if decision.sure and decision.sentence is not None:
            self._speaker.say(decision)

    def _collect(self) -> None:
        for utterance in self._speaker.poll():
            self._utterances.append(utterance)
            if utterance.latency_ms is not None:
                self._audio.add(utterance.latency_ms)
            row = utterance.to_dict()
            del row["schema"]
            self._events.write("utterance", row.pop("t_ms"), **row)
        for event in self._speaker.events():
            self._events.write("voice", event.t_ms or self._last_ms, kind=event.kind, message=event.message)
            tell(event.message)

    def _summary(self, seconds: float) -> dict[str, Any]:
        frames = self._latencies.count
        return {
            "frames": frames,
            "frames_expected": self._source.frames_expected,
            "truncated": self._source.truncated,
            "dropped": self._source.dropped,
            "face_fraction": round(self._faces / frames, 4) if frames else 0.0,
            "fps": round(frames / seconds, 2) if seconds else 0.0,
            "latency_ms": {
                "frame_p50": _rounded(self._latencies.percentile(50)),
                "frame_p95": _rounded(self._latencies.percentile(95)),
                "first_audio_p95": _rounded(self._audio.percentile(95)),
            },
            "utterances": [
                {
                    "t_s": round(said.t_ms / 1e3, 3),
                    "text": said.text,
                    "gesture": said.gesture,
                    "affect": said.affect,
                    "confidence": round(said.confidence, 4),
                }
                for said in self._utterances
            ],
            "outputs": {name: str(path) if path.exists() else None for name, path in self._paths.items()},
            "timings": self._live.timings.table(),
        }

    def _progress(self, steps: Iterator[Step]) -> Iterator[Step]:
        from rich.console import Console
        from rich.progress import track

        total = self._source.frames_expected
        if self._source.kind == "camera":
            return steps
        console = Console(stderr=True)
        return iter(track(steps, self._source.name, total=total, console=console, disable=not console.is_terminal))


class Overlay:
    """What is drawn over a frame: the newest caption and the newest expression's attention, each for a while."""

    def __init__(self) -> None:
        self._caption: tuple[float, str, bool] | None = None
        self._expression: tuple[float, ExpressionResult] | None = None

    def draw(self, step: Step) -> np.ndarray:
        """Return the frame of a step, annotated: RGB, 0 to 255, ``[height, width, 3]``."""
        from multimodal.face.regions import region_polygons
        from multimodal.media.draw import annotate

        now = step.frame.t_ms
        self._remember(step)
        caption = self._caption if self._caption and now - self._caption[0] <= CAPTION_MS else (now, "", True)
        felt = self._expression[1] if self._expression and now - self._expression[0] <= ATTENTION_MS else None
        found = step.face.landmarks
        polygons = {} if found is None else dict(zip(REGIONS, region_polygons(found), strict=True))
        attention = None if felt is None else felt.attention
        return annotate(step.frame, step.face, polygons, attention, None, step.gesture.hands, caption[1], caption[2])

    def _remember(self, step: Step) -> None:
        if step.expression is not None:
            self._expression = (step.frame.t_ms, step.expression)
        if step.decision is not None:
            self._caption = (step.frame.t_ms, caption_of(step.decision), step.decision.sure)


def warning_of(source: Source) -> str | None:
    """Return what is to be said of a video whose compression may have eaten small movements; None of any other."""
    from multimodal.face.quality import bits_per_pixel, compression_warning

    if source.kind != "video" or source.fps <= 0:
        return None
    bits = bits_per_pixel(source.bit_rate, source.width, source.height, source.fps)
    return compression_warning(source.codec, bits)


def caption_of(decision: Decision) -> str:
    """Return what is shown of a decision: the sentence, that it waits to be confirmed, or that nothing is sure."""
    if decision.asks:
        return f"{decision.sentence} - confirm?"
    return decision.sentence or "" if decision.sure else f"not sure: {decision.gesture}"


def report(summary: dict[str, Any]) -> str:
    """Return a summary as lines for a person: what was said and when, how fast, and where the files are."""
    said = [f"{row['t_s']:7.2f} s  {row['text']}" for row in summary["utterances"]] or ["nothing was said"]
    missing = " - the input ended early" if summary["truncated"] else ""
    passed = f", {summary['dropped']} passed over since reading was slower" if summary["dropped"] else ""
    faces = f"face in {summary['face_fraction']:.0%}"
    speed = f"{summary['frames']} frames at {summary['fps']} a second{passed}{missing}, {faces}"
    parts = [
        f"  {row['part']:<15} {row['calls']:>5} x {row['median_ms']:>8.2f} ms (p95 {row['p95_ms']:.2f})"
        for row in summary["timings"]
    ]
    files = [f"  {path}" for path in summary["outputs"].values() if path]
    return "\n".join(["said:", *said, speed, "where the time goes:", *parts, "files:", *files])


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 2)


def tell(line: str) -> None:
    """Print a line for the person who waits, on standard error."""
    print(line, file=sys.stderr, flush=True)
