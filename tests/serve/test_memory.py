"""A long stream leaves no more behind than a short one."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from serve.pages import jpeg, served, show, start
from serve.site import site

from multimodal.evaluation.serve_memory import judged, stream

SIGNS = (None, "ok", None, "palm", None, "like")


def test_streaming_leaves_nothing_behind(tmp_path: Path) -> None:
    blocks = []
    with served(tmp_path) as here, here.connect() as socket:
        start(socket)
        for turn in range(24):
            show(socket, SIGNS[turn % len(SIGNS)], 50, turn * 2000.0)
            if turn % 6 == 5:
                gc.collect()
                blocks.append(sys.getallocatedblocks())
    assert blocks[-1] - blocks[1] < 0.01 * blocks[1]


@pytest.mark.enable_socket
def test_the_measuring_itself(tmp_path: Path) -> None:
    frames = [jpeg(sign) for sign in SIGNS for _ in range(45)]
    with site(tmp_path) as here:
        found = stream(here.address, os.getpid(), frames, 0.15)
    assert found["sent"] == pytest.approx(270, rel=0.2)
    assert found["read"] > 0.5 * found["sent"]
    assert min(found["captions"], found["sounds"]) >= 1
    assert found["resident_mb"]["first"] > 50
    assert found["flat"]


def test_what_grows_is_not_flat() -> None:
    assert not judged([100.0, 103.0, 106.0])["flat"]
    assert judged([100.0, 103.0, 104.0])["flat"]
