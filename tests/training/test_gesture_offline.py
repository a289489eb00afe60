"""Training has Ultralytics' reports off before it is imported, also where there would be a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import json, socket, sys
socket.getaddrinfo = lambda *given, **more: []  # every name is found: as Ultralytics sees it, this is online
sys.argv = ["train"]
from pathlib import Path
from multimodal.training.gesture_detector import _trainer, set_offline
set_offline(Path(sys.stdin.read()))
assert "ultralytics" not in sys.modules
_trainer({}, False)
from ultralytics.utils import ONLINE, SETTINGS
from ultralytics.utils.events import events
SEEN = {"online": ONLINE, "sync": SETTINGS["sync"], "reports": events.enabled, "settings": str(SETTINGS.file)}
print(json.dumps(SEEN))
"""


def test_ultralytics_is_offline_and_reports_nothing(tmp_path: Path) -> None:
    """In a process of its own, which nothing tells that it is a test: then Ultralytics would be silent by itself."""
    pytest.importorskip("ultralytics")
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        **{"input": str(tmp_path / "settings"), "capture_output": True, "text": True, "timeout": 110, "check": False},
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path / "home")},
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert Path(seen.pop("settings")).is_relative_to(tmp_path / "settings")
    assert seen == {"online": False, "sync": False, "reports": False}
    assert not (tmp_path / "home" / ".config" / "Ultralytics").exists()
