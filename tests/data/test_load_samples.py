from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from multimodal.data.features import FEATURES, Seen, aligned, clip_feature
from multimodal.data.flow_cache import clip_motion
from multimodal.data.flow_folder import read_flow_folder
from multimodal.data.index import ClipIndex
from multimodal.data.labels import LabelRule
from multimodal.data.lbp_top import lbp_top
from multimodal.data.load import load_samples
from multimodal.data.open_index import open_index
from multimodal.data.samples import of_folder
from multimodal.errors import UsageError
from multimodal.results import EXPRESSIONS
from multimodal.testing import fabricate


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rendered people in CASME II's layout: real frames for the real face room."""
    return fabricate("casme2", tmp_path_factory.mktemp("faces"), people=2, takes=3, faces=True)


def maps(root: Path) -> Path:
    rng = np.random.default_rng(0)
    for subject in ("sub01", "sub02", "s01", "006"):
        for label in "012":
            path = root / subject / "u_test" / label / f"{subject}_x{label} .png"
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), rng.integers(0, 255, (28, 28, 3)))
    return root


def test_recordings_are_measured_by_the_face_room(faces: Path, tmp_path: Path) -> None:
    index = open_index([faces])
    samples, problems = load_samples(index, "megc2019", cache=tmp_path)
    assert problems == ()
    assert len(samples) == 6
    assert samples.classes == EXPRESSIONS
    assert sorted(samples.labels.tolist()) == [0, 0, 1, 1, 2, 2]
    assert set(samples.subjects) == {"casme2/sub01", "casme2/sub02"}
    assert samples.names == tuple(clip.clip for clip in index)
    assert (samples.visibility > 0.5).all()
    lengths = np.hypot(samples.flow[:, 0], samples.flow[:, 1])
    for row, clip in enumerate(index):
        motion = clip_motion(clip, faces, tmp_path)
        np.testing.assert_array_equal(samples.flow[row], motion.flow)
        # Smiles move the lower half of the face, lowered or raised brows the upper one.
        lower = lengths[row, 14:, 4:24].mean() > lengths[row, :10, 4:24].mean()
        assert lower == (EXPRESSIONS[samples.labels[row]] == "positive")


def test_workers_and_the_cache_change_nothing(faces: Path, tmp_path: Path) -> None:
    index = open_index([faces])
    plain, _ = load_samples(index, "megc2019")
    for workers in (1, 2):
        again, _ = load_samples(index, "megc2019", cache=tmp_path, workers=workers)
        np.testing.assert_array_equal(again.flow, plain.flow)
        np.testing.assert_array_equal(again.visibility, plain.visibility)
        assert again.names == plain.names


def test_clips_without_apex_face_or_frames_are_problems_and_left_out(faces: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(faces, root)
    index = open_index([root])
    blank, broken, gone = (root / clip.path for clip in index.clips[:3])
    apex = [clip.frames[4] for clip in index.clips]
    cv2.imwrite(str(blank / apex[0]), np.full((160, 160, 3), 90, np.uint8))
    (broken / apex[1]).write_bytes(b"no picture")
    (gone / apex[2]).unlink()
    clips = [replace(clip, apex=None) if number == 3 else clip for number, clip in enumerate(index)]
    clips = [replace(clip, apex=clip.onset) if number == 4 else clip for number, clip in enumerate(clips)]
    samples, problems = load_samples(replace(index, clips=tuple(clips)), "megc2019")
    assert [problem.kind for problem in problems] == [
        "no face",
        "unreadable frame",
        "missing frame",
        "no motion",
        "no motion",
    ]
    assert all(problem.dropped for problem in problems)
    assert "apex frame" in problems[0].what
    assert problems[0].where == "/".join(index.clips[0].key)
    assert samples.names == (index.clips[5].clip,)


def test_problems_of_the_index_come_first(tmp_path: Path) -> None:
    fabricate("casme2", tmp_path, ["unknown emotion"], people=1, takes=2)
    _, problems = load_samples(open_index([tmp_path]), "megc2019")
    assert [problem.kind for problem in problems] == ["unknown emotion", "no face"]


def test_flow_maps_give_the_very_samples_of_the_flow_folder(tmp_path: Path) -> None:
    expected = of_folder(read_flow_folder(maps(tmp_path)))
    samples, problems = load_samples(open_index([tmp_path]), "megc2019")
    assert problems == ()
    order = {key: row for row, key in enumerate(zip(expected.subjects, expected.names, strict=True))}
    rows = np.array([order[key] for key in zip(samples.subjects, samples.names, strict=True)])
    assert sorted(rows.tolist()) == list(range(12))
    expected = expected.pick(rows)
    np.testing.assert_array_equal(samples.flow, expected.flow)
    np.testing.assert_array_equal(samples.visibility, expected.visibility)
    np.testing.assert_array_equal(samples.labels, expected.labels)
    assert (samples.datasets, samples.classes) == (expected.datasets, expected.classes)


@pytest.mark.shared_data
def test_the_real_flow_maps_are_309_of_40_people(shared_data: Path) -> None:
    samples, problems = load_samples(open_index([shared_data / "megc_flow" / "norm_u_v_os"]), "megc2019")
    assert problems == ()
    assert (len(samples), len(set(samples.subjects))) == (309, 40)
    assert np.bincount(samples.labels).tolist() == [158, 83, 68]


def test_units_are_never_mixed_and_maps_have_no_features(faces: Path, tmp_path: Path) -> None:
    flow = open_index([maps(tmp_path)])
    with pytest.raises(UsageError, match="lbp_top"):
        load_samples(flow, "megc2019", needs=["lbp_top"])
    recordings = open_index([faces])
    mixed = ClipIndex((*flow.clips, *recordings.clips), (), {**recordings.roots, **flow.roots})
    with pytest.raises(UsageError, match="units"):
        load_samples(mixed, "megc2019")


def test_an_index_without_a_label_gives_no_samples(faces: Path) -> None:
    index = open_index([faces])
    samples, _ = load_samples(index, LabelRule("none", ("a", "b"), lambda clip: None), needs=["lbp_top"])
    assert len(samples) == 0
    assert samples.flow.shape == (0, 3, 28, 28)
    assert samples.classes == ("a", "b")
    for wrong in ({"rule": "megc2031"}, {"rule": "megc2019", "needs": ["hog"]}):
        with pytest.raises(UsageError, match="unknown"):
            load_samples(index, **wrong)  # type: ignore[arg-type]


LBP = FEATURES.get("lbp_top").view


def test_features_are_of_the_aligned_face_and_kept(faces: Path, tmp_path: Path) -> None:
    index = open_index([faces])
    samples, _ = load_samples(index, "megc2019", needs=["lbp_top"], cache=tmp_path)
    assert samples.features["lbp_top"].shape == (6, 25 * 3 * 59)
    for row, clip in enumerate(index):
        seen = aligned(clip, faces, LBP)
        assert seen is not None
        assert seen.squares.shape == (10, 128, 128)
        np.testing.assert_array_equal(samples.features["lbp_top"][row], lbp_top(seen.squares))
        kept = clip_feature(clip, faces, "lbp_top", tmp_path)
        np.testing.assert_array_equal(samples.features["lbp_top"][row], kept)
    assert len(list(tmp_path.glob("*.npz"))) == 12
    assert samples.pick(np.array([3])).features["lbp_top"].shape == (1, 4425)


def test_a_face_that_a_feature_misses_is_a_problem_and_its_clip_left_out(faces: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(faces, root)
    index = open_index([root])
    assert index.clips[0].frames[2]
    cv2.imwrite(str(root / index.clips[0].path / index.clips[0].frames[2]), np.full((160, 160, 3), 90, np.uint8))
    samples, problems = load_samples(index, "megc2019", needs=["frames", "flows"], cache=tmp_path / "cache")
    again, _ = load_samples(index, "megc2019", needs=["frames", "flows"], cache=tmp_path / "cache")
    assert [(problem.kind, problem.dropped) for problem in problems] == [("no face", True)]
    assert problems[0].what == "no face was found in a frame that flows takes"
    assert samples.names == again.names == tuple(clip.clip for clip in index.clips[1:])
    assert samples.features["flows"].shape == (5, 3, 15, 28, 28)
    np.testing.assert_array_equal(samples.features["frames"], again.features["frames"])


def test_squares_are_evenly_spread_in_time(faces: Path) -> None:
    clip = open_index([faces]).clips[0]
    seen = aligned(clip, faces, LBP)
    assert seen is not None
    changes = np.abs(np.diff(seen.squares.astype(int), axis=0)).mean(axis=(1, 2))
    assert (changes > 0).all()
    fewer = aligned(replace(clip, frames=clip.frames[::7], offset=clip.offset), faces, LBP)
    assert fewer is not None
    np.testing.assert_array_equal(fewer.squares[[0, -1]], seen.squares[[0, -1]])
    middle = (7 * fewer.squares[0].astype(float) + 2 * fewer.squares[-1].astype(float)) / 9
    assert np.abs(fewer.squares[2] - middle).max() <= 1


@pytest.mark.parametrize("name", list(FEATURES))
def test_every_feature_is_finite_and_has_its_shape(name: str) -> None:
    feature, rng = FEATURES.get(name), np.random.default_rng(0)
    shape = (max(feature.view.frames, 1), *[feature.view.side] * 2, *[3] * feature.view.colour)
    made = feature.describe(Seen(rng.integers(0, 255, shape).astype(np.uint8), np.ones(12, np.float32)))
    assert made.shape == feature.shape
    assert np.isfinite(made).all()
