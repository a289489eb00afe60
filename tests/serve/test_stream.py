"""A stream: captions and voice, the newest frame, rubbish, a second tab."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from light_rooms import light_config
from serve.pages import PageLive, Served, frame, heard, jpeg, served, show, start, until

from multimodal.errors import DecodeError
from multimodal.events import Story
from multimodal.results import FaceObservation, Frame, GestureResult
from multimodal.serve.camera import PageSource
from multimodal.serve.outbox import MOST, Outbox
from multimodal.serve.protocol import LARGEST_FRAME, frame_image


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as running:
        yield running


def test_a_sign_is_captioned_and_spoken(here: Served) -> None:
    with here.connect() as socket:
        start(socket, number=3)
        assert until(socket, "started")[0]["source"] == "camera"
        told = show(socket, "ok", 45)
        (caption,) = [message for message in told if message["type"] == "caption"]
        assert (caption["text"], caption["spoken"], caption["gesture"]) == ("All right.", True, "ok")
        header = next((message for message in told if message["type"] == "speech"), None)
        header = header or until(socket, "speech")[0]
        assert (header["text"], header["number"]) == ("All right.", 3)


def test_the_voice_is_a_whole_wav(here: Served) -> None:
    with here.connect() as socket:
        start(socket)
        content = jpeg("like")
        for number in range(45):
            socket.send_bytes(frame(number * 33.0, content))
            time.sleep(0.01)
        header, payload = until(socket, "speech")
        with wave.open(io.BytesIO(payload)) as sound:
            assert sound.getnframes() / sound.getframerate() == pytest.approx(header["seconds"], abs=0.01)


def test_the_page_is_told_the_same_rows_as_everybody_else(here: Served) -> None:
    signs = [None] * 10 + ["ok"] * 40 + [None] * 20 + ["palm"] * 40
    with PageLive(light_config()) as live:
        story = Story()
        frames = [Frame(frame_image(bytes(8) + jpeg(sign)), n, n * 33.0, "page") for n, sign in enumerate(signs)]
        wanted = [row for one in frames for row in story.rows(live.read(one))]
    told = []
    with here.connect() as socket:
        start(socket)
        for number, sign in enumerate(signs):
            socket.send_bytes(frame(5000 + number * 33.0, jpeg(sign)))
            while (message := heard(socket)[0])["type"] != "step":
                told += [message["row"]] if message["type"] == "event" else []
    assert told == json.loads(json.dumps(wanted))
    assert {"face_found", "gesture", "decision"} <= {row["event"] for row in told}


def test_quiet_stops_the_voice_and_marks_what_comes_later(here: Served) -> None:
    with here.connect() as socket:
        start(socket)
        show(socket, "ok", 45)
        socket.send_text(json.dumps({"type": "quiet", "number": 7}))
        show(socket, None, 30, 2000.0)
        told = [message for message in show(socket, "palm", 45, 4000.0) if message["type"] == "speech"]
        while not told or told[-1]["text"] != "Hello.":
            told.append(until(socket, "speech")[0])
        assert [header["number"] for header in told if header["text"] == "Hello."] == [7]
        assert {header["number"] for header in told if header["text"] != "Hello."} <= {0}


def test_frames_before_a_start_and_after_the_end_are_nobodys(here: Served) -> None:
    with here.connect() as socket:
        socket.send_bytes(frame(0.0, jpeg("ok")))
        start(socket)
        assert show(socket, "ok", 1)[-1]["index"] == 0
        socket.send_text('{"type": "end"}')
        assert until(socket, "ended")[0]["frames"] == 1
        socket.send_bytes(frame(99.0, jpeg("ok")))
        start(socket)
        assert show(socket, "ok", 1)[-1]["index"] == 0


class SlowHands:
    """Takes 100 ms a frame."""

    def read(self, seen: Frame, speaker: FaceObservation | None) -> GestureResult:
        time.sleep(0.1)
        return GestureResult(seen.index, seen.t_ms)

    def reset(self) -> None:
        """Nothing is kept."""


def test_the_newest_frame_wins(tmp_path: Path) -> None:
    live = PageLive(light_config())
    live._gestures = SlowHands()  # type: ignore[assignment]
    with served(tmp_path, live) as here, here.connect() as socket:
        start(socket)
        for number in range(60):
            socket.send_bytes(frame(number * 10.0, jpeg()))
            time.sleep(0.01)
        while (step := until(socket, "step")[0])["t_ms"] < 590:
            pass
        assert step["index"] < 20
        assert step["index"] + step["dropped"] == 59


def test_a_slot_is_all_that_a_stream_keeps() -> None:
    source = PageSource(lambda _: None)
    for number in range(10_000):
        source.push(frame(float(number), b"x"))
    assert source.dropped == 9_999


def test_a_page_that_takes_nothing_keeps_the_box_bounded() -> None:
    async def fill() -> tuple[int, list[object]]:
        box = Outbox(asyncio.get_running_loop())
        for number in range(10_000):
            box.put(f"told {number}")
            box.put_drawn(f"drawn {number}")
        size = len(box)
        return size, [await box.get() for _ in range(size)]

    size, taken = asyncio.run(fill())
    assert size == MOST + 1
    assert taken == [*(f"told {number}" for number in range(10_000 - MOST, 10_000)), "drawn 9999"]


def test_the_box_wakes_the_loop_from_another_thread() -> None:
    async def wait() -> object:
        box = Outbox(asyncio.get_running_loop())
        threading.Timer(0.05, box.put, ["here"]).start()
        return await asyncio.wait_for(box.get(), 5)

    assert asyncio.run(wait()) == "here"


@pytest.mark.parametrize(
    "content",
    [b"", b"x", struct.pack("<d", 9.0), frame(9.0, b"garbage"), frame(float("nan"), jpeg()), frame(9.0, jpeg()[:200])],
    ids=["empty", "one byte", "no picture", "no jpeg", "no time", "half a jpeg"],
)
def test_a_wrong_frame_is_left_out_and_told_once(here: Served, content: bytes) -> None:
    with here.connect() as socket:
        start(socket)
        show(socket, "ok", 2)
        socket.send_bytes(content)
        until(socket, "notice")
        for _ in range(2):
            socket.send_bytes(content)
            time.sleep(0.05)
        told = show(socket, "ok", 2, 100.0)
        assert "notice" not in [message["type"] for message in told]
        assert told[-1]["index"] == 3


def test_no_jpeg_is_none_also_where_its_opener_asks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def asks(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("as that of Ultralytics does")

    monkeypatch.setattr("PIL.Image.open", asks)
    with pytest.raises(DecodeError):
        frame_image(frame(9.0, b"garbage"))


@pytest.mark.parametrize(("size", "said"), [((64, 40), "pixels"), ((3000, 64), "pixels"), ((80, 48), "size")])
def test_a_frame_of_another_size_is_left_out(here: Served, size: tuple[int, int], said: str) -> None:
    with here.connect() as socket:
        start(socket)
        show(socket, "ok", 1)
        socket.send_bytes(frame(50.0, jpeg(size=size)))
        assert said in until(socket, "notice")[0]["message"]
        assert show(socket, "ok", 1, 100.0)[-1]["index"] == 1


def test_a_frame_must_come_later(here: Served) -> None:
    with here.connect() as socket:
        start(socket)
        show(socket, "ok", 1, 100.0)
        socket.send_bytes(frame(100.0, jpeg()))
        assert "later" in until(socket, "notice")[0]["message"]


def test_a_small_file_of_a_huge_picture_is_not_unpacked() -> None:
    content = jpeg()
    place = content.index(b"\xff\xc0") + 5
    huge = content[:place] + struct.pack(">HH", 9_000, 9_000) + content[place + 4 :]
    begin = time.perf_counter()
    with pytest.raises(DecodeError, match="pixels"):
        frame_image(bytes(8) + huge)
    assert time.perf_counter() - begin < 1.0


@pytest.mark.parametrize("content", [bytes(50_000_000), "x" * 5_000_000], ids=["a frame of 50 MB", "text of 5 MB"])
def test_what_is_too_large_closes_its_socket_alone(here: Served, content: bytes | str) -> None:
    with here.connect() as good, here.connect() as bad:
        start(good)
        show(good, "ok", 2)
        assert len(content) > LARGEST_FRAME
        bad.send_bytes(content) if isinstance(content, bytes) else bad.send_text(content)
        assert heard(bad)[0] == {"type": "close", "code": 1009}
        assert show(good, "ok", 2, 100.0)[-1]["index"] == 3


def test_ten_thousand_wrong_messages_close_their_socket_alone(here: Served) -> None:
    wrong = ["{", "[]", "null", '{"type": "root"}', '{"type": "start"}', '{"type": "end", "more": 1}', "\0", "9" * 2000]
    with here.connect() as good, here.connect() as bad:
        start(good)
        show(good, "ok", 2)
        for number in range(10_000):
            bad.send_text(wrong[number % len(wrong)])
        told = []
        while (message := heard(bad)[0])["type"] != "close":
            told.append(message)
        assert message["code"] == 1008
        assert {note["kind"] for note in told} <= {"refused"}
        assert show(good, "ok", 2, 100.0)[-1]["index"] == 3


def test_ten_thousand_wrong_frames_do_no_harm(here: Served) -> None:
    with here.connect() as socket:
        start(socket)
        show(socket, "ok", 2)
        for _ in range(10_000):
            socket.send_bytes(b"garbage that is no frame")
        time.sleep(0.1)
        assert show(socket, "ok", 2, 100.0)[-1]["index"] == 3


def test_the_newest_tab_reads_and_the_older_can_take_it_back(here: Served) -> None:
    with here.connect() as first, here.connect() as second:
        start(first)
        show(first, "ok", 2)
        start(second)
        assert until(first, "taken")
        show(second, "ok", 2)
        first.send_bytes(frame(999.0, jpeg()))  # nobody's
        start(first)
        assert until(second, "taken")
        assert show(first, "ok", 2)[-1]["index"] == 1


def test_a_tab_that_closes_leaves_the_stage(here: Served) -> None:
    with here.connect() as first:
        start(first)
        show(first, "ok", 2)
    with here.connect() as second:
        start(second)
        assert show(second, "ok", 2)[-1]["index"] == 1
        assert sum(thread.name == "stream" for thread in threading.enumerate()) == 1


class Failing:
    """Fails at the third frame."""

    def read(self, seen: Frame, speaker: FaceObservation | None) -> GestureResult:
        if seen.index == 2:
            raise RuntimeError("secret pixels")
        return GestureResult(seen.index, seen.t_ms)

    def reset(self) -> None:
        """Nothing is kept."""


def test_a_stream_that_fails_says_so_and_another_can_begin(tmp_path: Path) -> None:
    live = PageLive(light_config())
    live._gestures = Failing()  # type: ignore[assignment]
    with served(tmp_path, live) as here, here.connect() as socket:
        start(socket)
        show(socket, None, 2)
        socket.send_bytes(frame(900.0, jpeg()))
        note = until(socket, "notice")[0]
        assert (note["kind"], "RuntimeError" in note["message"]) == ("failed", True)
        assert "secret" not in note["message"]
        start(socket)
        assert show(socket, None, 2)[-1]["index"] == 1
