from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_faces import marked, picture, write_picture, write_video

from multimodal.data.occlude.layouts import read_plan
from multimodal.data.occlude.preview import preview, sheet
from multimodal.data.occlude.scene import is_one_scene
from multimodal.errors import UsageError
from multimodal.media.images import read_image
from occlusion.registry import styles


def test_numbered_frames_of_one_scene_are_a_clip_and_photos_are_not(tmp_path: Path) -> None:
    clip = [write_picture(tmp_path / f"clip/reg_{i}.png", picture((100 + i, 80), seed=1)) for i in range(8, 12)]
    photos = [write_picture(tmp_path / f"heap/p{i}.png", picture((100, 80), seed=i)) for i in range(4)]
    other = [write_picture(tmp_path / f"named/{name}.png", picture((100, 80))) for name in ("ann", "bob")]
    assert is_one_scene(clip)
    assert not is_one_scene(photos)
    assert not is_one_scene(other)
    jobs = {job.path: job for job in read_plan(tmp_path).jobs}
    assert [path.name for path in jobs["clip"].sources] == ["reg_8.png", "reg_9.png", "reg_10.png", "reg_11.png"]
    assert {"heap/p0.png", "heap/p3.png", "named/ann.png"} <= set(jobs)
    assert {job.shape for job in read_plan(tmp_path, "photos").jobs} == {"picture"}


def test_formats_that_cannot_be_written_well_are_changed_and_never_collide(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.webp", picture((100, 80)))
    write_picture(tmp_path / "a.png", picture((100, 80), seed=3))
    write_video(tmp_path / "b.avi", [picture((100, 80))] * 3, codec="mjpeg")
    targets = {job.path: job.targets for job in read_plan(tmp_path).jobs}
    assert targets == {"a.webp": ("a.webp.png",), "a.png": ("a.png",), "b.avi": ("b.avi",)}


def test_layouts_are_told_by_their_files(tmp_path: Path) -> None:
    write_picture(tmp_path / "flow/sub01/u_test/0/a.png", np.zeros((28, 28, 3), np.uint8))
    write_picture(tmp_path / "flow/sub01/other/x.png", np.zeros((28, 28, 3), np.uint8))
    plan = read_plan(tmp_path / "flow")
    assert (plan.layout, [job.path for job in plan.jobs]) == ("flow", ["sub01/u_test/0/a.png"])


def test_hidden_files_are_left_alone(tmp_path: Path) -> None:
    write_picture(tmp_path / ".thumbs/a.png", picture((100, 80)))
    write_picture(tmp_path / "b.png", picture((100, 80)))
    assert [job.path for job in read_plan(tmp_path).jobs] == ["b.png"]


def test_the_preview_shows_every_style_once(tmp_path: Path) -> None:
    source = write_picture(tmp_path / "face.png", picture((120, 90)))
    (page,) = preview(source, tmp_path / "out", only="block", finder=marked)
    image = read_image(page)
    side = image.shape[1] // 10
    rows = -(-len(styles("block")) // 10)
    assert rows * side < image.shape[0] < (rows + 0.5) * side
    first, last = image[-side:, :side].astype(int), image[-side:, -side:]
    assert np.abs(first - last).max() > 60


def test_the_preview_refuses_a_picture_without_a_face(tmp_path: Path) -> None:
    source = write_picture(tmp_path / "face.png", picture(None))
    with pytest.raises(UsageError, match="no face in"):
        preview(source, tmp_path / "out", finder=marked)


def test_a_sheet_fills_its_last_row_with_white() -> None:
    tiles = [np.full((4, 4, 3), value, np.uint8) for value in (1, 2, 3)]
    page = sheet(tiles, 2)
    assert page.shape == (8, 8, 3)
    assert page[0, 4, 0] == 2
    assert page[4:, 4:].min() == 255
