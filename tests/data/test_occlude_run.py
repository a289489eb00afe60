from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_faces import landmarks_at, marked, picture, write_picture, write_video

import multimodal.data.occlude.writer as writer_module
from multimodal.data.occlude.manifest import read_manifest
from multimodal.data.occlude.run import occlude
from multimodal.data.occlude.settings import settings
from multimodal.errors import DecodeError, MissingError, UsageError, VeilspeakError
from multimodal.media.file import FileSource
from multimodal.results import REGIONS
from occlusion.drawing import coverage, draw


def run(source: Path, out: Path, kind: str = "mask", seed: int = 0, **options: Any) -> dict[str, Any]:
    given = {"workers": 1, "progress": False, "finder": marked, **options}
    wanted = {key: given.pop(key) for key in ("style", "ratio", "mode", "passing", "fill") if key in given}
    return occlude(source, out, settings(kind, seed=seed, **wanted), **given)


def sums(folder: Path) -> dict[str, str]:
    """Return the digest of every file of a copy but the run's own record, which holds times."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "occlude.json"]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def truths(out: Path, clip: str) -> list[dict[str, Any]]:
    return list(read_manifest(out / "manifest" / f"{clip}.jsonl"))


def moving(count: int = 8, hidden: tuple[int, ...] = ()) -> list[np.ndarray]:
    return [picture(None if i in hidden else (100 + 2 * i, 80), seed=1) for i in range(count)]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with a video, a folder of frames, a photo, and files beside them."""
    root = tmp_path / "source with blanks é"
    write_video(root / "s1/a.mp4", moving())
    for i, frame in enumerate(moving(4)):
        write_picture(root / f"s2/clip/img{i + 1}.png", frame)
    write_picture(root / "s3/photo.jpg", picture((120, 90)))
    (root / "labels.csv").write_text("clip,label\na,1\n")
    (root / "notes.docx").write_bytes(b"left out")
    return root


def test_a_folder_is_copied_in_its_own_layout(mixed: Path, tmp_path: Path) -> None:
    summary = run(mixed, tmp_path / "out")
    assert {key: summary[key] for key in ("clips", "frames_in", "frames_out", "kind", "faces_missed", "failed")} == {
        **{"clips": 3, "frames_in": 13, "frames_out": 13, "kind": "mask", "faces_missed": 0, "failed": {}}
    }
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    frames = {f"s2/clip/img{i}.png" for i in range(1, 5)}
    truth = {"manifest/s1/a.mp4.jsonl", "manifest/s2/clip.jsonl"}
    assert found == {"s1/a.mp4", *frames, "s3/photo.jpg", "labels.csv", "manifest.jsonl", "occlude.json", *truth}
    record = json.loads((tmp_path / "out/occlude.json").read_text())
    assert record["regions"] == list(REGIONS)


def test_the_manifest_tells_kind_polygon_and_coverage(mixed: Path, tmp_path: Path) -> None:
    run(mixed, tmp_path / "out", seed=3)
    rows = {row["path"]: row for row in read_manifest(tmp_path / "out/manifest.jsonl")}
    assert list(rows) == ["s1/a.mp4", "s2/clip", "s3/photo.jpg"]
    photo = rows["s3/photo.jpg"]
    points = landmarks_at(120, 90)
    alone = draw("mask", photo["seed"], points, (200, 240, 3)).apply(picture((120, 90)), points)
    np.testing.assert_allclose(photo["coverage"], coverage(alone.alpha, points), atol=0.06)
    assert photo["style"] in {row["style"] for row in rows.values()}
    assert len(photo["polygon"]) > 6
    frames = truths(tmp_path / "out", "s2/clip")
    assert [line["frame"] for line in frames] == [0, 1, 2, 3]
    mean = np.mean([line["coverage"] for line in frames], axis=0)
    np.testing.assert_allclose(rows["s2/clip"]["coverage"], mean, atol=0.002)
    assert rows["s2/clip"]["coverage"][REGIONS.index("chin")] > 0.9
    assert rows["s2/clip"]["coverage"][REGIONS.index("eye_left")] < 0.3


def test_the_same_whatever_the_order_and_the_workers(mixed: Path, tmp_path: Path) -> None:
    run(mixed, tmp_path / "one", seed=5)
    run(mixed, tmp_path / "two", seed=5, workers=2)
    run(mixed, tmp_path / "other", seed=6)
    run(mixed / "s2", tmp_path / "part", seed=5)
    assert sums(tmp_path / "one") == sums(tmp_path / "two")
    assert sums(tmp_path / "one")["s3/photo.jpg"] != sums(tmp_path / "other")["s3/photo.jpg"]


def test_clean_and_masked_copies_match_but_for_the_occluder(mixed: Path, tmp_path: Path) -> None:
    run(mixed, tmp_path / "clean", kind="none")
    run(mixed, tmp_path / "masked", kind="block", ratio=0.2)
    pairs = zip(*(list(read_manifest(tmp_path / name / "manifest.jsonl")) for name in ("clean", "masked")), strict=True)
    for clean, masked in pairs:
        for key in ("path", "frames_in", "frames_out", "encoding", "size", "fps", "files", "onset", "faces_missed"):
            assert clean[key] == masked[key]
        assert max(clean["coverage"]) == 0 < max(masked["coverage"])
        assert clean["masked"] is False
        assert masked["masked"] is True
    with FileSource(tmp_path / "clean/s1/a.mp4") as one, FileSource(tmp_path / "masked/s1/a.mp4") as other:
        frames = list(zip(one, other, strict=True))
    assert len(frames) == 8
    for (a, b), truth in zip(frames, truths(tmp_path / "masked", "s1/a.mp4"), strict=True):
        assert (a.index, a.t_ms) == (b.index, b.t_ms)
        (x0, y0), (x1, y1) = np.min(truth["polygon"], axis=0), np.max(truth["polygon"], axis=0)
        away = np.ones(a.image.shape[:2], bool)
        away[int(y0) - 3 : int(y1) + 4, int(x0) - 3 : int(x1) + 4] = False
        assert np.abs(a.image.astype(int) - b.image)[away].mean() < 2
        assert b.image[int(y0) + 3 : int(y1) - 2, int(x0) + 3 : int(x1) - 2].mean() < 12


def test_frames_without_a_face_are_written_counted_and_not_invented(tmp_path: Path) -> None:
    write_video(tmp_path / "in/a.mp4", moving(8, hidden=(0, 4, 5)))
    summary = run(tmp_path / "in", tmp_path / "out")
    row = next(read_manifest(tmp_path / "out/manifest.jsonl"))
    assert (summary["frames_out"], summary["faces_missed"], row["onset"]) == (8, 3, 1)
    frames = truths(tmp_path / "out", "a.mp4")
    assert [line["coverage"] is None for line in frames] == [i in (0, 4, 5) for i in range(8)]
    assert frames[0]["polygon"] == []
    assert frames[4]["polygon"]


def test_jitter_leaves_frames_without_a_face_uncovered(tmp_path: Path) -> None:
    write_video(tmp_path / "in/a.mp4", moving(6, hidden=(3,)))
    run(tmp_path / "in", tmp_path / "out", kind="glasses", mode="jitter")
    frames = truths(tmp_path / "out", "a.mp4")
    assert [bool(line["polygon"]) for line in frames] == [True, True, True, False, True, True]


def test_what_passes_comes_and_goes(tmp_path: Path) -> None:
    write_video(tmp_path / "in/a.mp4", [picture((110, 80))] * 40)
    run(tmp_path / "in", tmp_path / "out", kind="hand", passing=True)
    hidden = [max(line["coverage"]) for line in truths(tmp_path / "out", "a.mp4")]
    assert hidden[0] == hidden[-1] == 0
    assert max(hidden) > 0.3


def test_no_face_is_told_and_copied_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_picture(tmp_path / "in/a.png", picture(None))
    write_picture(tmp_path / "in/b.png", picture((120, 90), seed=7))
    summary = run(tmp_path / "in", tmp_path / "out", layout="photos")
    assert summary["unmasked"] == ["a.png"]
    assert "no face in 1 of 2 clips" in capsys.readouterr().err
    row = next(read_manifest(tmp_path / "out/manifest.jsonl"))
    assert (row["masked"], row["style"], row["coverage"], row["polygon"]) == (False, None, None, [])


def test_strict_refuses_a_clip_without_a_face_and_keeps_the_others(tmp_path: Path) -> None:
    write_picture(tmp_path / "in/a.png", picture(None))
    write_picture(tmp_path / "in/b.png", picture((120, 90), seed=7))
    with pytest.raises(VeilspeakError, match=r"1 of 2 clips show no face \(first: a.png\).*--strict"):
        run(tmp_path / "in", tmp_path / "out", layout="photos", strict=True)
    assert not (tmp_path / "out/a.png").exists()
    assert [row["path"] for row in read_manifest(tmp_path / "out/manifest.jsonl")] == ["b.png"]


def test_a_target_that_exists_is_refused_and_only_the_copy_is_overwritten(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="--overwrite"):
        run(mixed, out)
    run(mixed, out, overwrite=True)
    with pytest.raises(UsageError, match="other settings"):
        run(mixed, out, seed=1)
    run(mixed / "s3", out, seed=1, overwrite=True)
    assert (out / "mine.txt").read_text() == "keep"
    assert not (out / "s1").exists()
    assert (out / "photo.jpg").exists()


def test_a_second_run_keeps_what_is_valid_and_mends_what_is_not(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(mixed, out)
    first = sums(out)
    (out / "s3/photo.jpg").write_bytes(b"damaged")
    (out / "manifest/s1/a.mp4.jsonl").unlink()
    summary = run(mixed, out)
    assert summary["resumed"] == 1
    assert sums(out) == first


def test_a_full_disk_leaves_what_is_done_valid_and_resumable(
    mixed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, encoded, calls = tmp_path / "out", writer_module.encoded, []

    def full(image: np.ndarray, suffix: str) -> bytes:
        calls.append(suffix)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return encoded(image, suffix)

    monkeypatch.setattr(writer_module, "encoded", full)
    with pytest.raises(VeilspeakError, match=r"disk is full.*1 of 3 clips are done"):
        run(mixed, out)
    assert not (out / ".parts").exists()
    assert not (out / "s2").exists()
    assert [row["path"] for row in read_manifest(out / "manifest.jsonl")] == ["s1/a.mp4"]
    monkeypatch.setattr(writer_module, "encoded", encoded)
    assert run(mixed, out)["resumed"] == 1
    run(mixed, tmp_path / "whole")
    assert sums(out) == sums(tmp_path / "whole")


_WRITING = """
import hashlib, sys
from pathlib import Path
import numpy as np
from multimodal.data.occlude.writer import VideoWriter
out = Path(sys.argv[1])
y, x = np.mgrid[:200, :240]
with VideoWriter(out, ["a.mp4"], 25.0) as writer:
    for i in range(8):
        wave = 128 + 60 * np.sin((x + 3 * i) / 9) + 40 * np.sin(y / 7)
        writer.write(np.repeat(wave[..., None], 3, axis=2).astype(np.uint8), i, 40.0 * i, {})
    writer.commit()
print(hashlib.sha256((out / "a.mp4").read_bytes()).hexdigest())
"""


def test_a_video_does_not_depend_on_what_memory_held(tmp_path: Path) -> None:
    """glibc fills fresh memory with these bytes; x264 with its macroblock tree gave another file for 1."""
    digests = set()
    for filling in ("0", "1", "128"):
        command = [sys.executable, "-c", _WRITING, str(tmp_path / filling)]
        env = {**os.environ, "MALLOC_PERTURB_": filling}
        digests.add(subprocess.run(command, capture_output=True, text=True, env=env, check=True, timeout=60).stdout)
    assert len(digests) == 1


def test_a_manifest_line_cut_off_by_a_kill_is_dropped(mixed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(mixed, out)
    first = sums(out)
    text = (out / "manifest.jsonl").read_text()
    (out / "manifest.jsonl").write_text(text[: len(text) - 40])
    assert run(mixed, out)["resumed"] == 2
    assert sums(out) == first


def test_damaged_clips_are_named_and_the_others_done(
    mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mixed / "s1/broken.mp4").write_bytes(b"no video")
    (mixed / "s2/clip/img3.png").write_bytes(b"no picture")
    summary = run(mixed, tmp_path / "out")
    assert list(summary["failed"]) == ["s1/broken.mp4"]
    assert summary["truncated"] == ["s2/clip"]
    assert (summary["clips"], summary["frames_out"]) == (3, 12)
    assert "broken.mp4" in capsys.readouterr().err
    row = next(row for row in read_manifest(tmp_path / "out/manifest.jsonl") if row["path"] == "s2/clip")
    assert row["unreadable"] == ["img3.png"]


def test_nothing_readable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.mp4").write_bytes(b"no video")
    with pytest.raises(DecodeError, match="none of the 1 clips"):
        run(tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "nonsense"}, "unknown kind"),
        ({"style": "nonsense"}, "no style"),
        ({"ratio": 0.3}, "--ratio belongs"),
        ({"kind": "block", "ratio": 0.33}, "no style '0.33'"),
        ({"passing": True}, "--passing is for"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_picture(tmp_path / "in/a.png", picture((120, 90)))
    with pytest.raises(UsageError, match=message):
        run(tmp_path / "in", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_copy_into_itself_and_an_empty_source_are_refused(tmp_path: Path) -> None:
    write_picture(tmp_path / "in/a.png", picture((120, 90)))
    with pytest.raises(UsageError, match="within each other"):
        run(tmp_path / "in", tmp_path / "in/out")
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match="no picture or video"):
        run(tmp_path / "none", tmp_path / "out")
    with pytest.raises(UsageError, match="no file or folder"):
        run(tmp_path / "away", tmp_path / "out")
    with pytest.raises(MissingError, match="no folder"):
        settings("hand", hands=tmp_path / "away")


def test_a_yolo_folder_stays_one(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for i in range(2):
        write_picture(root / f"images/train/p{i}.jpg", picture((110 + i, 80), seed=1))
        (root / "labels/train").mkdir(parents=True, exist_ok=True)
        (root / f"labels/train/p{i}.txt").write_text("0 .5 .5 .2 .2\n")
    (root / "data.yaml").write_text(f"path: {root}\ntrain: images/train\nnames: [palm]\n")
    summary = run(root / "data.yaml", tmp_path / "out")
    assert (summary["layout"], summary["clips"]) == ("yolo", 2)
    assert (tmp_path / "out/labels/train/p1.txt").read_text() == "0 .5 .5 .2 .2\n"
    assert str(root) not in (tmp_path / "out/data.yaml").read_text()


def test_a_copy_of_a_copy_leaves_the_first_manifest_behind(mixed: Path, tmp_path: Path) -> None:
    run(mixed, tmp_path / "one")
    summary = run(tmp_path / "one", tmp_path / "two", kind="block")
    assert summary["clips"] == 3
    assert next(read_manifest(tmp_path / "two/manifest.jsonl"))["kind"] == "block"


def test_memory_stays_flat_however_long_the_clip_is(tmp_path: Path) -> None:
    peaks = []
    for count in (20, 220):
        source = tmp_path / f"in{count}"
        write_video(source / "a.mp4", [picture((100, 80))] * count)
        run(source, tmp_path / f"warm{count}", kind="block")
        tracemalloc.start()
        run(source, tmp_path / f"out{count}", kind="block")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The landmarks of 200 frames alone would be 1.1 MB, the frames themselves 29 MB.
    assert peaks[1] < peaks[0] + 0.4e6


@pytest.mark.slow
def test_a_ray_cluster_of_two_nodes_gives_the_same_copy(mixed: Path, tmp_path: Path) -> None:
    # In a process of its own: Ray talks over local sockets, which are blocked here.
    code = f"""
import sys
import tracemalloc
from pathlib import Path
sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]!r}
from ray.cluster_utils import Cluster
from fake_faces import marked
from multimodal.data.occlude.run import occlude
from multimodal.data.occlude.settings import settings
import os, ray
cluster = Cluster(initialize_head=True, head_node_args={{"num_cpus": 1, "include_dashboard": False}})
cluster.add_node(num_cpus=1)
paths = {{"PYTHONPATH": os.pathsep.join(sys.path[:2])}}
ray.init(address=cluster.address, log_to_driver=False, runtime_env={{"env_vars": paths}})
source, out = (Path(name) for name in sys.argv[1:])
occlude(source, out, settings("mask"), executor="ray", workers=2, finder=marked, progress=False)
ray.shutdown()
cluster.shutdown()
"""
    run(mixed, tmp_path / "serial")
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(mixed), str(tmp_path / "ray")],
        **{"capture_output": True, "text": True, "timeout": 110, "env": environment, "check": False},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert sums(tmp_path / "ray") == sums(tmp_path / "serial")
