from __future__ import annotations

import csv
import json
from pathlib import Path

import av
import numpy as np
import pytest

from multimodal.data.people.dataset import COLUMNS, synth_expressions
from multimodal.data.people.sample import SAMPLE_SEED, _mask, write_video
from multimodal.errors import UsageError

SHIPPED = Path(__file__).resolve().parents[2] / "multimodal" / "media" / "sample"


def frames_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synth")
    synth_expressions(out, 2, seed=5, workers=1, size=96, fps=10)
    return out


def test_index_describes_every_clip(made: Path) -> None:
    with (made / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 2
    for row in rows:
        frames = frames_of(made / row["path"])
        assert frames.shape[1:] == (96, 96, 3)
        assert 0 <= int(row["onset"]) <= int(row["apex"]) <= int(row["offset"]) < len(frames)
        assert row["action_units"]


def test_an_interrupted_run_goes_on(made: Path) -> None:
    before = (made / "clips" / "000000.avi").stat().st_mtime_ns
    index = (made / "index.csv").read_text()
    (made / "clips" / "000001.json").unlink()
    synth_expressions(made, 2, seed=5, workers=1, size=96, fps=10)
    assert (made / "clips" / "000000.avi").stat().st_mtime_ns == before
    assert (made / "index.csv").read_text() == index


@pytest.mark.slow
def test_workers_do_not_matter(made: Path, tmp_path: Path) -> None:
    synth_expressions(tmp_path, 2, seed=5, workers=2, size=96, fps=10)
    assert (tmp_path / "index.csv").read_text() == (made / "index.csv").read_text()
    for name in ("000000.avi", "000001.avi"):
        assert (tmp_path / "clips" / name).read_bytes() == (made / "clips" / name).read_bytes()


def test_so_many_clips_show_one_person(made: Path, tmp_path: Path) -> None:
    def people(folder: Path) -> list[tuple[str, str]]:
        with (folder / "index.csv").open(newline="") as file:
            return [(row["subject"], row["melanin"]) for row in csv.DictReader(file)]

    synth_expressions(tmp_path, 2, seed=5, workers=1, size=96, fps=10, each=1)
    first, second = people(tmp_path)
    assert people(made) == [first, first]
    assert first[0] != second[0]
    with pytest.raises(UsageError, match="another seed"):
        synth_expressions(made, 2, seed=5, workers=1, size=96, fps=10, each=1)


def test_other_settings_are_refused(made: Path) -> None:
    with pytest.raises(UsageError, match="another seed"):
        synth_expressions(made, 2, seed=6, workers=1, size=96, fps=10)
    with pytest.raises(UsageError, match="fps"):
        synth_expressions(made, 2, fps=0)


def test_videos_keep_what_flow_needs(tmp_path: Path) -> None:
    """Compression spoils optical flow, so what is written must be nearly what was rendered."""
    y, x = np.mgrid[:96, :96]
    picture = np.repeat((128 + 40 * np.sin(x / 5) + 40 * np.sin(y / 7))[..., None], 3, axis=2)
    frames = np.stack([picture, np.roll(picture, 1, axis=1)]).astype(np.uint8)
    for name, codec, options in (("a.avi", "mjpeg", {"qmin": "1", "qmax": "1"}), ("b.mp4", "libx264", {"crf": "10"})):
        write_video(tmp_path / name, frames, 30.0, codec, options)
        error = frames_of(tmp_path / name).astype(float) - frames
        assert np.sqrt((error**2).mean()) < 2.0


def test_the_shipped_sample_is_what_its_truth_says() -> None:
    truth = json.loads((SHIPPED / "sample.json").read_text())
    assert truth["seed"] == SAMPLE_SEED
    assert (SHIPPED / "sample.mp4").stat().st_size <= 3_000_000
    with av.open(str(SHIPPED / "sample.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.average_rate) == (640, 480, 30)
        assert sum(1 for _ in container.decode(video=0)) == truth["frames"]
    kinds = [event["kind"] for event in truth["events"]]
    assert kinds.count("expression") == 2
    assert {"blink", "mask", "sign"} <= set(kinds)
    assert [event["gesture"] for event in truth["events"] if event["kind"] == "sign"] == ["like", "palm", "like"]


def test_the_mask_is_put_on_halfway() -> None:
    assert _mask(0.0) is None
    assert _mask(3100.0) > 0.1
    assert _mask(5000.0) == 0.0
