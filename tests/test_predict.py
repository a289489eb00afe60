"""Many files to tables: the rows that ``demo`` gives, and the truth about what could not be read."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from fake_faces import picture, write_video
from test_demo import check_refusal, half_video, veilspeak

from multimodal import predict
from multimodal.demo import run_demo
from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.media.sinks import FRAME_COLUMNS, READ_COLUMNS, frame_cells
from multimodal.media.sources import open_source
from multimodal.media.tables import Table
from multimodal.predict import DECISION_COLUMNS, refuse_failed, report, run_predict
from multimodal.results import Frame

Rows = list[dict[str, Any]]


def rows_of(path: Path) -> Rows:
    return list(csv.DictReader(path.open(encoding="utf-8")))


def by_demo(source: Path, out: Path) -> tuple[Rows, Rows]:
    """Return the rows of frames and the decisions of a demo, without what hangs on the clock."""
    run_demo(str(source), out, None, [], speak=False, show=False)
    frames = rows_of(out / "frames.csv")
    for row in frames:
        del row["latency_ms"]
    told = map(json.loads, (out / "events.jsonl").read_text(encoding="utf-8").splitlines())
    return frames, [row for row in told if row["event"] == "decision"]


def check_same(source: Path, results: Path, out: Path) -> Rows:
    """Check that results have the rows of a demo of the same source; return the decisions."""
    frames, decisions = by_demo(source, out)
    assert rows_of(results.with_name(f"{results.name}.frames.csv")) == frames
    ours = rows_of(results.with_name(f"{results.name}.decisions.csv"))
    for row, told in zip(ours, decisions, strict=True):
        assert (row["gesture"], row["affect"], row["sentence"]) == (told["gesture"], told["affect"], told["sentence"])
        assert float(row["t_ms"]) == told["t_ms"]
        assert float(row["confidence"]) == pytest.approx(told["confidence"], abs=1e-4)
        assert row["sure"] == str(int(told["sure"]))
    return ours


def excerpt(source: str, path: Path, first: int, last: int) -> Path:
    with open_source(source) as opened:
        frames = [frame.image for frame in opened if first <= frame.index < last]
    return write_video(path, frames, fps=30)


def write_picture(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes())
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of one name with a face that is none, a broken video, three pictures, one of them broken."""
    root = tmp_path_factory.mktemp("a föder with blanks") / "in"
    for number, place in enumerate(("one", "zwei drei")):
        faces = [picture((100 + number, 90), seed) for seed in range(4 + number)]
        write_video(root / place / "übung.mp4", faces)
    (root / "one" / "broken.mp4").write_bytes(b"no video at all" * 99)
    for name in ("1.png", "3.png"):
        write_picture(root / "photos" / name, picture((120, 100), 1))
    (root / "photos" / "2.png").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def done(clips: Path) -> tuple[Path, dict[str, Any]]:
    out = clips.parent / "out"
    return out, run_predict([str(clips)], out)


def test_what_can_be_read_is_read_and_the_rest_is_named(clips: Path, done: tuple[Path, dict[str, Any]]) -> None:
    out, summary = done
    assert (summary["sources"], summary["frames"], summary["skipped"]) == (4, 4 + 5 + 2, 0)
    failed = {row["source"]: row["why"] for row in summary["failed"]}
    assert list(failed) == [str(clips / "one/broken.mp4"), str(clips / "photos/2.png")]
    assert "export it again" in failed[str(clips / "one/broken.mp4")]
    names = {Path(path).relative_to(out).as_posix() for path in summary["outputs"]}
    places = ("one/übung.mp4", "zwei drei/übung.mp4", "photos/pictures")
    assert names == {f"{place}.{end}" for place in places for end in ("frames.csv", "decisions.csv", "run.json")}
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == names
    with pytest.raises(DecodeError, match=r"broken\.mp4.*\(and 1 more"):
        refuse_failed(summary)
    assert "failed: " in report(summary)


def test_two_files_of_one_name_keep_their_rows(done: tuple[Path, dict[str, Any]]) -> None:
    out, _ = done
    assert len(rows_of(out / "one/übung.mp4.frames.csv")) == 4
    assert len(rows_of(out / "zwei drei/übung.mp4.frames.csv")) == 5


def test_the_rows_are_those_of_the_demo(clips: Path, done: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    out, _ = done
    check_same(clips / "zwei drei/übung.mp4", out / "zwei drei/übung.mp4", tmp_path / "video")
    check_same(clips / "photos", out / "photos/pictures", tmp_path / "photos")


def test_columns_are_those_of_the_demo_without_the_clock(done: tuple[Path, dict[str, Any]]) -> None:
    out, _ = done
    assert tuple(READ_COLUMNS) == tuple(name for name in FRAME_COLUMNS if name != "latency_ms")
    first = (out / "one/übung.mp4.frames.csv").read_text(encoding="utf-8").splitlines()[0]
    assert first == ",".join(READ_COLUMNS)
    decisions = (out / "one/übung.mp4.decisions.csv").read_text(encoding="utf-8").splitlines()
    assert decisions == [",".join(DECISION_COLUMNS)]


@pytest.mark.slow
def test_signs_and_decisions_are_those_of_the_demo(tmp_path: Path) -> None:
    clip = excerpt("sample", tmp_path / "in" / "a clip.mp4", 0, 84)
    with open_source("sample") as source:
        shots = {frame.index: frame.image for frame in source if frame.index in (40, 110)}
    for number, image in shots.items():
        write_picture(tmp_path / "in" / "photos" / f"{number}.png", image)
    run_predict([str(tmp_path / "in")], tmp_path / "out")
    decisions = check_same(clip, tmp_path / "out/a clip.mp4", tmp_path / "demo")
    assert "Yes, gladly!" in {row["sentence"] for row in decisions}
    assert check_same(tmp_path / "in/photos", tmp_path / "out/photos/pictures", tmp_path / "shots") != []


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["WolfgangLanger_Pexels.mp4", "face_noface.mov", "single_face.mp4"])
def test_rows_of_real_clips_are_those_of_the_demo(shared_data: Path, tmp_path: Path, name: str) -> None:
    clip = shared_data / "video" / name
    summary = run_predict([str(clip)], tmp_path / "out")
    assert summary["frames"] > 60
    check_same(clip, tmp_path / "out" / clip.name, tmp_path / "demo")


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_other_formats_hold_the_same_rows(
    clips: Path, done: tuple[Path, dict[str, Any]], tmp_path: Path, form: str
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow", exc_type=ImportError)
    out, _ = done
    run_predict([str(clips / "one/übung.mp4")], tmp_path, form=form)
    path = tmp_path / f"übung.mp4.frames.{form}"
    if form == "jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    else:
        from pyarrow import parquet

        rows = parquet.read_table(path).to_pylist()
    as_text = [{key: "" if value is None else str(value) for key, value in row.items()} for row in rows]
    assert as_text == rows_of(out / "one/übung.mp4.frames.csv")


def test_a_missing_package_is_told_before_anything_is_read(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingError, match="pyarrow"):
        run_predict([str(clips)], tmp_path / "out", form="parquet")
    assert not (tmp_path / "out").exists()


def test_annotated_video_has_every_frame(clips: Path, tmp_path: Path) -> None:
    summary = run_predict([str(clips / "one/übung.mp4")], tmp_path, video=True)
    assert str(tmp_path / "übung.mp4.annotated.mp4") in summary["outputs"]
    with av.open(str(tmp_path / "übung.mp4.annotated.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 4


class TestGoingOn:
    """What is whole is not read again, and whatever would change the rows has it read again."""

    @pytest.fixture
    def source(self, clips: Path, tmp_path: Path) -> Path:
        path = tmp_path / "in" / "a.mp4"
        path.parent.mkdir()
        shutil.copy(clips / "one/übung.mp4", path)
        run_predict([str(path)], tmp_path / "out")
        return path

    def skipped(self, source: Path, **options: Any) -> int:
        return run_predict([str(source)], source.parents[1] / "out", **options)["skipped"]

    def test_what_is_whole_is_skipped_unless_forced(self, source: Path) -> None:
        summary = run_predict([str(source)], source.parents[1] / "out")
        assert (summary["skipped"], summary["frames"], len(summary["outputs"])) == (1, 4, 3)
        assert self.skipped(source, force=True) == 0

    def test_other_settings_or_files_are_read_anew(self, source: Path, clips: Path) -> None:
        assert self.skipped(source, overrides=["fusion.decision.dwell_ms=300"]) == 0
        assert self.skipped(source) == 0
        assert self.skipped(source, video=True) == 0
        shutil.copy(clips / "zwei drei/übung.mp4", source)
        assert self.skipped(source) == 0
        assert self.skipped(source) == 1

    def test_results_that_are_not_whole_are_made_anew(self, source: Path) -> None:
        (source.parents[1] / "out/a.mp4.decisions.csv").unlink()
        assert self.skipped(source) == 0
        (source.parents[1] / "out/a.mp4.run.json").write_text("{")
        assert self.skipped(source) == 0

    def test_an_interrupted_reading_leaves_the_earlier_results(
        self, source: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        out = source.parents[1] / "out"
        before = {path.name: path.read_bytes() for path in out.iterdir()}

        def interrupt(self: Table, cells: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Table, "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            self.skipped(source, force=True)
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.slow
def test_half_a_video_is_read_as_far_as_it_goes_and_named(tmp_path: Path) -> None:
    half = half_video(tmp_path)
    summaries = [run_predict([str(half)], tmp_path / "out") for _ in range(2)]
    for summary in summaries:  # the second says so too, though it reads nothing
        assert [row["source"] for row in summary["failed"]] == [str(half)]
        assert "frames can be decoded" in summary["failed"][0]["why"]
    assert summaries[1]["skipped"] == 1
    assert len(rows_of(tmp_path / "out/half.mp4.frames.csv")) == summaries[0]["frames"] > 10


def test_a_file_as_the_folder_for_results_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(UsageError, match="name a folder"):
        run_predict(["sample"], tmp_path / "out")


def test_the_command_line_ends_with_4_where_a_file_is_broken(clips: Path, tmp_path: Path) -> None:
    done = veilspeak(tmp_path, "predict", str(clips / "one"), str(clips / "photos"), "--out", "out", "--json")
    assert done.returncode == 4, done.stderr
    summary = json.loads(done.stdout)
    assert summary.keys() >= {"sources", "frames", "failed", "outputs"}
    assert [Path(row["source"]).name for row in summary["failed"]] == ["broken.mp4", "2.png"]
    assert (tmp_path / "out/one/übung.mp4.frames.csv").is_file()
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "socket.log").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("none.mp4",), 2, "no file none.mp4"),
        (("sample", "--set", "fusion.lexikon=a.yaml"), 2, "did you mean 'lexicon'"),
        (("sample", "--format", "xls"), 2, "xls"),
        ((), 2, "sources"),
    ],
)
def test_wrong_usage(tmp_path: Path, words: tuple[str, ...], code: int, said: str) -> None:
    check_refusal(veilspeak(tmp_path, "predict", *words, "--out", "out"), code, said)
    assert not (tmp_path / "out").exists()


def test_each_row_is_in_the_file_before_the_next_is_made(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[int] = []

    def cells(frame: Frame, *rest: Any) -> list[object]:
        (path,) = tmp_path.rglob("*.frames.csv")
        there.append(len(rows_of(path)))
        return frame_cells(frame, *rest)

    monkeypatch.setattr(predict, "frame_cells", cells)
    run_predict([str(clips / "zwei drei/übung.mp4")], tmp_path)
    assert there == list(range(5))
