"""A long stream in a process of its own, whose memory is nobody else's and where no shapes are checked.

python three_hours.py light|real FRAMES EVERY FOLDER  prints what was seen every so many frames, as JSON.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from light_rooms import STEP_MS, LightLive, ScriptedSource, light_config, talk

from multimodal.demo import Overlay
from multimodal.events import Story
from multimodal.live import Live, load_live_config
from multimodal.media.sinks import EventsSink, FramesSink
from multimodal.media.sources import open_source
from multimodal.speech.process import Speaker
from multimodal.timings import RECENT


def resident_mb() -> float:
    """Return what this process holds in memory, millions of bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


class Watch:
    """Looks at memory, time and queues every so many frames."""

    def __init__(self, every: int) -> None:
        self.every = every
        self.blocks: list[int] = []
        self.resident: list[float] = []
        self.frame_ms: list[float] = []
        self._times: list[float] = []
        self._last = time.perf_counter()

    def see(self, number: int) -> bool:
        """Take in a frame; True where it was looked."""
        now = time.perf_counter()
        self._times.append(1e3 * (now - self._last))
        self._last = now
        if (number + 1) % self.every:
            return False
        self.frame_ms.append(float(np.median(self._times)))
        self._times.clear()
        gc.collect()
        self.blocks.append(sys.getallocatedblocks())
        self.resident.append(resident_mb())
        self._last = time.perf_counter()
        return True

    def to_dict(self) -> dict[str, Any]:
        return {"blocks": self.blocks, "resident": self.resident, "frame_ms": self.frame_ms}


def check_queues(live: Live, speaker: Speaker) -> None:
    """Whatever waits anywhere is little."""
    assert live._face_thread._work_queue.qsize() <= 2
    assert live._hand_thread._work_queue.qsize() <= 2
    assert speaker._inbox.maxsize > 0
    assert len(speaker._waiting) <= 8
    assert len(live._decider._vote._frames) <= 32
    assert len(live._decider._said) <= 8
    assert len(live._spotter._times) <= 60
    assert len(live._spotter._noise) <= 120
    assert all(len(times._recent) <= RECENT for times in live.timings.by_part.values())


def light(frames: int, every: int, folder: Path) -> dict[str, Any]:
    """Frames, spotting, votes, decisions, events, captions and speech; only what looks at pixels is light."""
    watch, said, number = Watch(every), 0, -1
    story, overlay = Story(), Overlay()
    config = light_config()
    with (
        EventsSink(folder / "events.jsonl") as events,
        FramesSink(folder / "frames.csv") as rows,
        Speaker(config.voice(), play=False, wav=None) as speaker,
        LightLive(config) as live,
    ):
        for number, step in enumerate(live.steps(ScriptedSource(talk(frames)))):
            for row in story.rows(step):
                events.write(**row)
            rows.write(step.frame, step.face, step.gesture, step.expression, step.decision, step.latency_ms)
            overlay.draw(step)
            if step.decision is not None:
                speaker.say(step.decision)
            said += len(speaker.poll())
            speaker.events()
            if watch.see(number):
                check_queues(live, speaker)
    return {"frames": number + 1, "t_ms": step.frame.t_ms, "said": said, **watch.to_dict()}


def round_and_round(frames: int) -> Iterator[tuple[float, np.ndarray]]:
    """Play the sample, small, over and over, while the time goes on."""
    with open_source("sample") as source:
        images = [cv2.resize(frame.image, (320, 240), interpolation=cv2.INTER_AREA) for frame in source]
    for number in range(frames):
        yield number * STEP_MS, images[number % len(images)]


def real(frames: int, every: int, folder: Path) -> dict[str, Any]:
    """Run all the real rooms."""
    watch, said, number = Watch(every), 0, -1
    with Live(load_live_config()) as live:
        for number, step in enumerate(live.steps(ScriptedSource(round_and_round(frames)))):
            watch.see(number)
            said += step.decision is not None
    return {"frames": number + 1, "t_ms": step.frame.t_ms, "said": said, **watch.to_dict()}


if __name__ == "__main__":
    kind, frames, every, folder = sys.argv[1:]
    work = {"light": light, "real": real}[kind]
    print(json.dumps(work(int(frames), int(every), Path(folder))))
