from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "mediapipe", "cv2", "onnxruntime", "ultralytics", "numba", "sklearn", "av")


def run(code: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **(environment or {})}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=env)


def test_help_lists_the_verbs_and_loads_nothing_heavy() -> None:
    code = f"""
import sys
sys.argv = ["veilspeak", "--help"]
import cli
try:
    cli.main()
except SystemExit as end:
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    print("END", end.code, loaded)
"""
    done = run(code)
    assert "END 0 []" in done.stdout, done.stderr
    for verb in ("demo", "predict", "train", "evaluate", "synth", "models", "export", "benchmark", "doctor"):
        assert verb in done.stdout


def test_imports_open_no_socket_and_load_nothing_heavy() -> None:
    code = f"""
import sys
sys.addaudithook(lambda event, args: event.startswith("socket.") and sys.exit("socket opened: " + event))
import multimodal, occlusion
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = run(code)
    assert done.stdout.strip() == "[]", done.stderr


def test_wrong_usage_is_one_line_and_exit_2() -> None:
    done = run("import sys; sys.argv = ['veilspeak', 'demo', '--sorce', 'x']; import cli; cli.main()")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "--sorce" in done.stderr


def test_a_damaged_weight_is_one_line_and_exit_3(tmp_path: Path) -> None:
    from test_weights import make

    make(tmp_path).write_bytes(b"weightz")
    code = "import sys; sys.argv = ['veilspeak', 'models', 'verify', '--json']; import cli; cli.main()"
    done = run(code, {"VEILSPEAK_WEIGHTS": str(tmp_path)})
    assert done.returncode == 3
    assert [row["ok"] for row in json.loads(done.stdout)["weights"]] == [False]
    assert len(done.stderr.strip().splitlines()) == 1
    assert "damaged" in done.stderr
    assert "reinstall" in done.stderr


def test_what_is_for_hands_alone_is_refused_elsewhere() -> None:
    for option, value in (("--split", "train"), ("--peer", "x")):
        words = ["veilspeak", "evaluate", "expression", "--data", "x", option, value]
        done = run(f"import sys; sys.argv = {words!r}; import cli; cli.main()")
        assert done.returncode == 2
        assert "'evaluate gesture' only" in done.stderr
