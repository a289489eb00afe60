from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "mediapipe", "cv2", "onnxruntime", "ultralytics", "numba", "sklearn", "av")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


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
    for verb in ("demo", "train", "evaluate", "synth", "doctor"):
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
