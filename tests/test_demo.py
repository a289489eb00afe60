"""The main job, run as a user runs it: in a process of its own, with every internet socket refused and noted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).resolve().parents[1]

GUARD = """
import os, sys

def guard(event, args):
    if event == "socket.__new__" and int(args[1]) not in (0, 1):  # all but unspecified and AF_UNIX
        with open(os.environ["SOCKET_LOG"], "a") as log:
            log.write(f"{event} {args[1:]} {sys.argv}\\n")
        raise PermissionError("no sockets here")
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect") and isinstance(args[0], str):
        with open(os.environ["SOCKET_LOG"], "a") as log:
            log.write(f"{event} {args}\\n")

sys.addaudithook(guard)
"""


def veilspeak(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in ``tmp_path``, guarded; ``socket.log`` there lists what was tried."""
    (tmp_path / "guard").mkdir(exist_ok=True)
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    path = os.pathsep.join([str(tmp_path / "guard"), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "SOCKET_LOG": str(tmp_path / "socket.log"), **environment},
        capture_output=True,
        text=True,
        timeout=110,
    )


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("a folder with blänks")
    return folder, veilspeak(folder, "demo", "--no-show", "--no-speak", "--out", "out", "--json")


@pytest.mark.slow
def test_sample_says_yes_gladly(sample_run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = sample_run
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["frames"] == summary["frames_expected"] > 100
    assert summary["face_fraction"] > 0.95
    assert not summary["truncated"]
    assert "Yes, gladly!" in [said["text"] for said in summary["utterances"]]


@pytest.mark.slow
def test_sample_leaves_five_readable_files(sample_run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = sample_run
    outputs = {name: folder / path for name, path in json.loads(done.stdout)["outputs"].items()}
    assert sorted(outputs) == ["audio", "events", "frames", "run", "video"]
    frames = json.loads(done.stdout)["frames"]
    with av.open(str(outputs["video"])) as video:
        assert sum(1 for _ in video.decode(video=0)) == frames
    assert len(outputs["frames"].read_text().splitlines()) == frames + 1
    events = [json.loads(line)["event"] for line in outputs["events"].read_text().splitlines()]
    assert {"face_found", "hidden", "expression", "gesture", "decision", "utterance", "end"} <= set(events)
    with wave.open(str(outputs["audio"])) as audio:
        assert any(audio.readframes(audio.getnframes()))
    assert json.loads(outputs["run"].read_text())["status"] == "done"


@pytest.mark.slow
def test_demo_opens_no_socket_and_writes_only_into_out(
    sample_run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = sample_run
    assert done.returncode == 0
    assert not (folder / "socket.log").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["guard", "out"]


def test_the_guard_itself_refuses(tmp_path: Path) -> None:
    (tmp_path / "cli.py").write_text("import socket; socket.socket()")
    (tmp_path / "guard").mkdir()
    done = veilspeak(tmp_path)
    assert done.returncode != 0
    assert (tmp_path / "socket.log").exists()


def half_video(folder: Path) -> Path:
    """Put the sample's index to the front, and cut it in half: the first half can then be decoded."""
    whole, half = folder / "whole.mp4", folder / "half.mp4"
    with (
        av.open(str(ROOT / "multimodal/media/sample/sample.mp4")) as source,
        av.open(str(whole), "w", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return half


@pytest.mark.parametrize(
    ("name", "content", "code"), [("none.mp4", None, 2), ("empty.mp4", b"", 4), ("text.mp4", b"hello\n" * 99, 4)]
)
def test_bad_files(tmp_path: Path, name: str, content: bytes | None, code: int) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    check_refusal(veilspeak(tmp_path, "demo", "--source", name, "--no-show", "--out", "out"), code, name)


def test_no_such_camera(tmp_path: Path) -> None:
    check_refusal(veilspeak(tmp_path, "demo", "--source", "97", "--no-show", "--out", "out"), 3, "camera")


def test_unknown_config_key(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("fusion: {lexikon: a.yaml}\n")
    check_refusal(veilspeak(tmp_path, "demo", "--config", "mine.yaml", "--out", "out"), 2, "did you mean 'lexicon'")


@pytest.mark.parametrize("name", ["regional-synthetic", "gesture-detector", "gesture-skeleton", "fusion-head"])
def test_missing_or_damaged_weights(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    shipped = ROOT / "multimodal/weights"
    for path in shipped.iterdir():
        if path.suffix in (".json", ".onnx", ".safetensors"):
            (folder / path.name).write_bytes(path.read_bytes())
    weight = next(path for path in folder.glob(f"{name}.*") if path.suffix != ".json")
    weight.write_bytes(b"spoilt" + weight.read_bytes()[6:])
    check_refusal(veilspeak(tmp_path, "demo", "--out", "out", VEILSPEAK_WEIGHTS=str(folder)), 3, "damaged")
    weight.unlink()
    check_refusal(veilspeak(tmp_path, "demo", "--out", "out", VEILSPEAK_WEIGHTS=str(folder)), 3, "missing")


@pytest.mark.slow
def test_half_a_video_is_read_as_far_as_it_goes_and_called_truncated(tmp_path: Path) -> None:
    half_video(tmp_path)
    done = veilspeak(tmp_path, "demo", "--source", "half.mp4", "--no-show", "--no-speak", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["truncated"]
    assert 10 < summary["frames"] < summary["frames_expected"]


def check_refusal(done: subprocess.CompletedProcess[str], code: int, said: str) -> None:
    assert done.returncode == code, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
