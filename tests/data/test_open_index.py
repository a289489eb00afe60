from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from multimodal.data.open_index import detect, open_index
from multimodal.errors import MissingError, UsageError
from multimodal.testing import fabricate


def flow_maps(root: Path) -> Path:
    for subject in ("sub01", "s01", "006"):
        for label in "012":
            path = root / subject / "u_test" / label / f"{subject}_x{label} .png"
            path.parent.mkdir(parents=True)
            cv2.imwrite(str(path), np.zeros((28, 28, 3), np.uint8))
    return root


def test_the_same_name_in_two_data_sets_stays_two_people(tmp_path: Path) -> None:
    for name in ("casme", "casme2"):
        fabricate(name, tmp_path / name)
    index = open_index([tmp_path / "casme", tmp_path / "casme2"])
    assert len(index) == 30
    assert len({clip.subject for clip in index}) == 3
    assert len({(clip.dataset, clip.subject) for clip in index}) == 6
    assert index.counts() == {}
    assert set(index.roots) == {"casme", "casme2"}


def test_parts_of_one_data_set_get_the_folder_above_them_as_root(tmp_path: Path) -> None:
    fabricate("smic-hs", tmp_path)
    fabricate("smic-vis", tmp_path)
    top = tmp_path / "SMIC_all_cropped"
    index = open_index([top / "HS", top / "VIS"])
    assert index.roots == {"smic": top.resolve()}
    assert len(index) == 30
    assert {clip.path.split("/")[0] for clip in index} == {"HS", "VIS"}
    assert all((index.roots["smic"] / clip.path / clip.frames[0]).is_file() for clip in index)


def test_the_same_clip_in_two_places_is_taken_once(tmp_path: Path) -> None:
    fabricate("samm", tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    index = open_index([tmp_path / "a", tmp_path / "b"])
    assert len(index) == 15
    assert index.counts() == {"duplicate clip": 15}
    assert all(problem.dropped for problem in index.problems)


def test_an_archive_is_unpacked_under_the_cache_and_nowhere_else(tmp_path: Path) -> None:
    fabricate("casme3", tmp_path / "set")
    archive = tmp_path / "set.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted((tmp_path / "set").rglob("*.*")):
            file.write(path, f"CASME3/{path.relative_to(tmp_path / 'set')}")
    with pytest.raises(UsageError, match="--cache"):
        open_index([archive])
    index = open_index([archive], cache=tmp_path / "cache")
    assert [clip.key for clip in index] == [clip.key for clip in open_index([tmp_path / "set"])]
    assert (tmp_path / "cache").resolve() in index.roots["casme3"].parents
    assert {path.name for path in tmp_path.iterdir()} == {"set", "set.zip", "cache"}


def test_flow_maps_are_clips_too(tmp_path: Path) -> None:
    flow_maps(tmp_path)
    (tmp_path / "sub01" / "u_test" / "3").mkdir()
    shutil.copy(tmp_path / "sub01/u_test/2/sub01_x2 .png", tmp_path / "sub01/u_test/3/odd.png")
    index = open_index([tmp_path])
    assert len(index) == 9
    assert {clip.dataset for clip in index} == {"casme2", "smic", "samm"}
    assert [clip.emotion for clip in index][:3] == ["negative", "positive", "surprise"]
    assert index.clips[0].clip == "sub01_x0"
    assert index.counts() == {"unknown emotion": 1}


def test_what_looks_like_several_layouts_must_be_told_apart(tmp_path: Path) -> None:
    fabricate("casme2", tmp_path / "casme2")
    fabricate("samm", tmp_path / "samm")
    with pytest.raises(UsageError, match="casme2 and samm"):
        detect(tmp_path)


def test_wrong_calls_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no data set"):
        open_index([])
    with pytest.raises(MissingError, match="nowhere"):
        open_index([tmp_path / "nowhere"])
    with pytest.raises(UsageError, match="unknown layout"):
        open_index([tmp_path], "casme9")
