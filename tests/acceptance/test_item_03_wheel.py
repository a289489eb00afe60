"""Item 3: the built wheel, in a folder of a name with blanks and foreign letters, gives the rows of the checkout.

The heavy libraries are those of the environment; the program, its weights and its configs are the wheel's alone.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from multimodal.media.sources import open_source

ROOT = Path(__file__).parents[2]
FRAMES = 40
RUN = """
import sys
program = sys.argv[1]
sys.path[:0] = [program, sys.argv[2]]
import cli, multimodal
assert multimodal.__file__.startswith(program) and cli.__file__.startswith(program), multimodal.__file__
sys.argv[:] = ['veilspeak', *sys.argv[3:]]
cli.main()
"""

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("setuptools", minversion="77")
    built = tmp_path_factory.mktemp("built")
    order = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(built)]
    source = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    if not tracked:
        pytest.skip("needs a git checkout: the wheel is built of what is tracked")
    for name in tracked.rstrip("\0").split("\0"):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/", "results/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([*order, str(source)], check=True, capture_output=True)
    folder = tmp_path_factory.mktemp("an") / "Ordner mit Leerzeichen – Größe 手話"
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    with open_source("sample") as source:
        for frame in source:
            if frame.index % 10 == 0:
                Image.fromarray(frame.image).save(folder / f"{frame.index:04d}.png")
            if frame.index >= FRAMES:
                break
    return folder


def rows(program: Path, pictures: Path, out: Path, where: Path) -> list[dict[str, str]]:
    """Run the demo as another process, from a folder of its own, and return its rows but for the times taken."""
    libraries = sysconfig.get_paths()["purelib"]
    order = [sys.executable, "-I", "-S", "-c", RUN, str(program), libraries, "demo", "--source", str(pictures)]
    order += ["--out", str(out), "--no-show", "--no-speak"]
    where.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(order, cwd=where, capture_output=True, text=True, env={**os.environ, "PYTHONSAFEPATH": "1"})
    assert done.returncode == 0, done.stderr
    with (out / "frames.csv").open(encoding="utf-8", newline="") as file:
        return [{name: value for name, value in row.items() if name != "latency_ms"} for row in csv.DictReader(file)]


def test_item_3_the_wheel_gives_the_rows_of_the_checkout(installed: Path, pictures: Path, tmp_path: Path) -> None:
    here = tmp_path / "hier – 手話"
    wheel = rows(installed, pictures, here / "out wheel", here)
    assert wheel == rows(ROOT, pictures, here / "out checkout", here)
    assert [row["success"] for row in wheel] == ["1"] * (FRAMES // 10 + 1)
