"""The page with the real models: the packaged sample gives the page the rows that it gives everybody."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from serve.pages import frame, heard, served, start

from multimodal.events import Story
from multimodal.live import Live, load_live_config
from multimodal.media.sources import open_source
from multimodal.results import REGIONS, Frame
from multimodal.serve.protocol import frame_image

FRAMES = 84
"""A face, a sign, an expression and a decision."""


def packed(image: object) -> bytes:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=92)  # type: ignore[arg-type]
    return content.getvalue()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_sample_gives_the_page_the_same_rows_as_live(tmp_path: Path) -> None:
    with open_source("sample") as source:
        pictures = [(one.t_ms, packed(one.image)) for one, _ in zip(source, range(FRAMES), strict=False)]
    with Live(load_live_config()) as live:
        story = Story()
        steps = (
            live.read(Frame(frame_image(bytes(8) + content), number, t_ms, "page"))
            for number, (t_ms, content) in enumerate(pictures)
        )
        wanted = [row for step in steps for row in story.rows(step)]
    told, captions, steps_told = [], [], []
    with served(tmp_path, Live(load_live_config())) as here, here.connect() as socket:
        start(socket)
        for t_ms, content in pictures:
            socket.send_bytes(frame(t_ms, content))
            while (message := heard(socket)[0])["type"] != "step":
                told += [message["row"]] if message["type"] == "event" else []
                captions += [message["text"]] if message["type"] == "caption" else []
            steps_told.append(message)
    assert told == json.loads(json.dumps(wanted))
    assert captions == ["Yes, gladly!"]
    assert all(step["face"] and len(step["regions"]) == len(step["visibility"]) == len(REGIONS) for step in steps_told)
    assert any(step["attention"] for step in steps_told)
