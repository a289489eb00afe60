"""``veilspeak serve`` itself: the port, and what the terminal shows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from multimodal.errors import UsageError
from multimodal.serve.run import HOST, listen

ROOT = Path(__file__).resolve().parents[2]


def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path / "own")}


@pytest.mark.enable_socket
def test_a_port_in_use_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match="--port"):
            listen(port)
        words = [sys.executable, "-m", "cli", "serve", "--port", str(port)]
        done = subprocess.run(
            words, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [done.stderr.strip()]
    assert f"port {port} is in use" in done.stderr


@pytest.mark.enable_socket
def test_it_listens_on_this_machine_alone() -> None:
    with listen(0) as bound:
        assert bound.getsockname()[0] == HOST == "127.0.0.1"


def test_a_spoilt_lexicon_is_one_line(tmp_path: Path) -> None:
    own = tmp_path / "own" / "veilspeak" / "lexicon-en.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("sentences: {wave: {none: Hi}}", encoding="utf-8")
    words = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    done = subprocess.run(words, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "wave" in done.stderr


@pytest.mark.slow
@pytest.mark.enable_socket
def test_the_address_in_the_terminal_opens_the_page_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "cli", "serve", "--port", "0"]
    running = subprocess.Popen(words, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, text=True)
    try:
        assert running.stderr is not None
        lines = iter(running.stderr.readline, "")
        address = next(line.strip() for line in lines if line.startswith("http://"))
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", address)
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert b"<title>veilspeak</title>" in answer.read()
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 130
        assert "Traceback" not in running.stderr.read()
    finally:
        running.kill()
        running.wait()
    assert not (tmp_path / "own" / "veilspeak").exists()
    assert {path.name for path in tmp_path.iterdir()} <= {"own"}  # matplotlib makes its folder there
