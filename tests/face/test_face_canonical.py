from __future__ import annotations

import numpy as np
import pytest
from synthetic_faces import landmarks

from multimodal.face.canonical import CROP, CROP_CORNERS, GRID, MIRROR, crop_regions
from multimodal.face.regions import REGION_LANDMARKS, region_boxes, region_polygons
from multimodal.results import REGIONS


def test_crops_are_cut_where_the_table_says() -> None:
    maps = np.arange(2 * GRID * GRID, dtype=float).reshape(2, GRID, GRID)
    crops = crop_regions(maps)
    assert crops.shape == (2, 12, CROP, CROP)
    for i, name in enumerate(REGIONS):
        x, y = CROP_CORNERS[name]
        np.testing.assert_array_equal(crops[:, i], maps[:, y : y + CROP, x : x + CROP])


def test_crops_and_mirror_agree() -> None:
    maps = np.random.default_rng(0).normal(size=(GRID, GRID))
    flipped = crop_regions(np.ascontiguousarray(maps[:, ::-1]))
    np.testing.assert_array_equal(flipped[list(MIRROR)][..., ::-1], crop_regions(maps))


def test_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match="28 x 28"):
        crop_regions(np.zeros((30, 30)))


def test_regions_have_outlines_in_order() -> None:
    assert tuple(REGION_LANDMARKS) == REGIONS
    points = landmarks()
    polygons = region_polygons(points)
    assert all(len(p) >= 3 for p in polygons)
    centres = {name: p.mean(axis=0) for name, p in zip(REGIONS, polygons, strict=True)}
    for name in ("brow_outer", "brow_inner", "eye", "nose", "mouth_corner"):
        assert centres[f"{name}_left"][0] < 320 < centres[f"{name}_right"][0]
    assert centres["brow_inner_left"][1] < centres["eye_left"][1] < centres["nose_left"][1] < centres["upper_lip"][1]
    assert centres["upper_lip"][1] < centres["chin"][1]


def test_boxes_hold_the_outlines() -> None:
    points = landmarks(turn=(10, 5, 15))
    for box, polygon in zip(region_boxes(points), region_polygons(points), strict=True):
        np.testing.assert_allclose(box, [*polygon.min(axis=0), *polygon.max(axis=0)])
