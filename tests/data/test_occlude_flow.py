from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from multimodal.data.flow_folder import read_flow_folder
from multimodal.data.occlude.flow import canonical_cover, mean_landmarks
from multimodal.data.occlude.manifest import read_manifest
from multimodal.data.occlude.run import occlude
from multimodal.data.occlude.settings import settings
from multimodal.errors import UsageError
from multimodal.face.canonical import GRID
from multimodal.results import REGIONS
from occlusion.regions import region_polygon

from fake_faces import write_picture  # isort: skip


OWN = {"sub01": 40, "sub02": 100, "s03": 190}
OTHERS = {"sub01": 145, "sub02": 115, "s03": 70}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three subjects; every map of one subject has one value, so that means are known."""
    for number, subject in enumerate(OWN):
        for name in ("a", "b "):
            flow = np.full((GRID, GRID, 3), OWN[subject], np.uint8)
            flow[:, :, 0] += 5
            write_picture(tmp_path / f"in/{subject}/u_test/{number}/{name}.png", flow)
    return tmp_path / "in"


def test_covered_cells_take_the_mean_of_the_other_subjects(folder: Path, tmp_path: Path) -> None:
    occlude(folder, tmp_path / "out", settings("block", ratio=0.3), workers=1, progress=False)
    copy, source = read_flow_folder(tmp_path / "out"), read_flow_folder(folder)
    assert (copy.names, copy.subjects, copy.labels.tolist()) == (source.names, source.subjects, source.labels.tolist())
    for flow, subject in zip(copy.flow, copy.subjects, strict=True):
        low, high = sorted((OWN[subject], OTHERS[subject]))
        assert (np.abs(flow[1] - OTHERS[subject]) < 2).sum() == pytest.approx(0.3 * GRID**2, abs=40)
        assert (np.abs(flow[1] - OWN[subject]) < 2).sum() == pytest.approx(0.7 * GRID**2, abs=40)
        assert low - 1 <= flow[1].min() <= flow[1].max() <= high + 1
        np.testing.assert_allclose(flow[0] - flow[1], 5, atol=1.01)
    row = next(read_manifest(tmp_path / "out/manifest.jsonl"))
    assert (row["domain"], row["fill"]) == ("flow", "mean of other subjects")
    assert 0 < max(row["coverage"]) <= 1


def test_noise_is_named_and_the_same_each_time(folder: Path, tmp_path: Path) -> None:
    for out in ("one", "two"):
        occlude(folder, tmp_path / out, settings("mask", fill="noise"), workers=1, progress=False)
    one, two = (read_flow_folder(tmp_path / out).flow for out in ("one", "two"))
    np.testing.assert_array_equal(one, two)
    row = next(read_manifest(tmp_path / "one/manifest.jsonl"))
    assert row["fill"].startswith("noise")
    assert row["coverage"][REGIONS.index("chin")] > 0.9


def test_the_clean_copy_is_the_source(folder: Path, tmp_path: Path) -> None:
    occlude(folder, tmp_path / "out", settings("none"), workers=1, progress=False)
    np.testing.assert_array_equal(read_flow_folder(tmp_path / "out").flow, read_flow_folder(folder).flow)


def test_a_mask_hides_the_rows_of_the_mouth_and_glasses_those_of_the_eyes() -> None:
    for seed in range(4):
        mask, _, _ = canonical_cover(settings("mask"), seed)
        dark, _, _ = canonical_cover(settings("sunglasses"), seed)
        assert mask[20:24, 8:20].min() > 0.9
        assert mask[:9, 6:22].max() < 0.1
        assert dark[6:9, 5:9].mean() > 0.5
        assert dark[18:].max() < 0.1


@pytest.mark.parametrize("ratio", [0.05, 0.3, 0.5])
def test_a_block_hides_its_ratio_of_the_map(ratio: float) -> None:
    places = set()
    for seed in range(6):
        hidden, polygon, style = canonical_cover(settings("block", ratio=ratio), seed)
        assert hidden.sum() == pytest.approx(ratio * GRID**2, rel=1e-3)
        assert style == f"{ratio:.2f}"
        (x0, y0), (x1, y1) = polygon.min(axis=0), polygon.max(axis=0)
        assert (x1 - x0) * (y1 - y0) == pytest.approx(hidden.sum(), rel=1e-3)
        assert np.argwhere(hidden > 0)[0] == pytest.approx((np.floor(y0 + 0.5), np.floor(x0 + 0.5)))
        places.add((round(x0, 2), round(y0, 2)))
    assert len(places) == 6


def test_a_degradation_hides_no_area(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="hides no area"):
        occlude(folder, tmp_path / "out", settings("blur"), workers=1, progress=False)


def test_a_map_cannot_jitter(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one frame"):
        occlude(folder, tmp_path / "out", settings("mask", mode="jitter"), workers=1, progress=False)


def test_the_mean_face_looks_to_the_front_and_is_upright() -> None:
    points = mean_landmarks()
    left, right = points[[33, 133], :2].mean(axis=0), points[[362, 263], :2].mean(axis=0)
    assert abs(left[1] - right[1]) < 2
    assert 36 < right[0] - left[0] < 44
    assert region_polygon("chin", points)[:, 1].min() > left[1] + 32
