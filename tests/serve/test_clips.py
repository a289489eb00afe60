"""Uploads: what is taken, what is refused, and that nothing is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_faces import write_video
from serve.pages import Served, heard, jpeg, served, soon, start, until

from multimodal.serve.clips import Clips


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as running:
        yield running


def left(here: Served) -> list[str]:
    return [path.name for path in Path(here.clips._folder.name).iterdir()]


def upload(here: Served, content: bytes, kind: str = "video/mp4") -> str:
    answer = here.ask("POST", "/clip", content=content, headers={"content-type": kind})
    assert answer.status_code == 200, answer.text
    return answer.json()["clip"]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    frames = [np.full((48, 64, 3), 90, np.uint8)] * 10
    return write_video(tmp_path_factory.mktemp("video") / "clip.mp4", frames, fps=30).read_bytes()


def test_a_clip_is_read_in_its_own_time_and_removed(here: Served, video: bytes) -> None:
    name = upload(here, video)
    assert len(left(here)) == 1
    with here.connect() as socket:
        start(socket, "clip", clip=name)
        assert until(socket, "started")[0]["source"] == "clip"
        step, picture = until(socket, "step")
        assert (step["width"], step["height"]) == (64, 48)
        assert picture.startswith(b"\xff\xd8")
        end = until(socket, "ended")[0]
        assert (end["frames"], end["truncated"]) == (10, False)
    assert left(here) == []


def test_a_picture_is_read_as_a_scene_of_its_own(here: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multimodal.serve.stream.Live", type(here.stage.live))
    name = upload(here, jpeg("ok"), "image/jpeg")
    with here.connect() as socket:
        start(socket, "clip", clip=name)
        assert until(socket, "caption")[0]["text"] == "All right."
        assert until(socket, "ended")[0]["frames"] == 1
    assert left(here) == []


@pytest.mark.parametrize(
    "content", [b"hello\n" * 99, b"#EXTM3U\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/hosts"]
)
def test_what_cannot_be_decoded_is_told_without_its_path(here: Served, content: bytes) -> None:
    name = upload(here, content)
    with here.connect() as socket:
        start(socket, "clip", clip=name)
        note = until(socket, "notice")[0]
        assert note["kind"] == "failed"
        assert note["message"].startswith("the clip")
        assert str(here.clips._folder.name) not in note["message"]
    assert left(here) == []


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "", "video/mp4/../../x", "image/svg+xml"])
def test_other_types_are_refused(here: Served, kind: str) -> None:
    answer = here.ask("POST", "/clip", content=b"x", headers={"content-type": kind})
    assert answer.status_code == 422
    assert "mp4" in answer.json()["error"]
    assert left(here) == []


def test_too_large_and_empty_are_refused(here: Served) -> None:
    for content, said in ((bytes(1_000_001), "MB"), (b"", "empty")):
        answer = here.ask("POST", "/clip", content=content, headers={"content-type": "video/mp4"})
        assert answer.status_code == 422
        assert said in answer.json()["error"]
        assert left(here) == []


def test_a_length_that_lies_is_no_way_round(here: Served) -> None:
    def pour() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(50_000)

    answer = here.ask("POST", "/clip", content=pour(), headers={"content-type": "video/mp4"})
    assert answer.status_code == 422
    assert left(here) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "", "x" * 64, "unknown", None])
def test_a_clip_goes_by_its_random_name_only(here: Served, video: bytes, name: str | None) -> None:
    upload(here, video)
    with here.connect() as socket:
        start(socket, "clip", clip=name)
        assert "choose it again" in until(socket, "notice")[0]["message"]
    assert len(left(here)) == 1


def test_a_clip_can_be_read_once(here: Served, video: bytes) -> None:
    name = upload(here, video)
    with here.connect() as socket:
        start(socket, "clip", clip=name)
        until(socket, "ended")
        start(socket, "clip", clip=name)
        assert until(socket, "notice")[0]["kind"] == "refused"


def test_a_newer_clip_replaces_one_that_nobody_started(here: Served, video: bytes) -> None:
    first = upload(here, video)
    second = upload(here, video)
    assert first != second
    assert len(left(here)) == 1


def test_a_clip_that_is_stopped_ends_at_once_and_is_removed(here: Served, tmp_path: Path) -> None:
    frames = [np.full((48, 64, 3), 90, np.uint8)] * 300
    name = upload(here, write_video(tmp_path / "long.mp4", frames, fps=30).read_bytes())
    with here.connect() as socket:
        start(socket, "clip", clip=name)
        until(socket, "step")
        socket.send_text(json.dumps({"type": "end"}))
        assert until(socket, "ended")[0]["frames"] < 150
    assert left(here) == []


def test_a_socket_that_goes_ends_its_clip(here: Served, tmp_path: Path) -> None:
    frames = [np.full((48, 64, 3), 90, np.uint8)] * 300
    name = upload(here, write_video(tmp_path / "long.mp4", frames, fps=30).read_bytes())
    with here.connect() as socket:
        start(socket, "clip", clip=name)
        until(socket, "step")
    soon(lambda: left(here) == [] and here.stage._current is None)


def test_the_folder_goes_with_the_server() -> None:
    with Clips() as clips:
        folder = Path(clips._folder.name)
        assert folder.is_dir()
    assert not folder.exists()


def test_no_frame_is_kept_anywhere(here: Served, tmp_path: Path) -> None:
    with here.connect() as socket:
        start(socket)
        socket.send_bytes(bytes(8) + jpeg("ok"))
        while heard(socket)[0]["type"] != "step":
            pass
    assert left(here) == []
    assert list(tmp_path.iterdir()) == []
