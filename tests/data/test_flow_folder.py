from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from multimodal.data.flow_folder import dataset_of, read_flow_folder
from multimodal.errors import DecodeError, MissingError


def write_map(path: Path, flow: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = cv2.imencode(".png", flow.transpose(1, 2, 0)[:, :, ::-1])[1]
    path.write_bytes(encoded.tobytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for name in ("sub01/u_test/0/a .png", "s03/u_test/2/b.png", "006/u_test/1/c.png"):
        write_map(tmp_path / name, rng.integers(0, 256, (3, 28, 28), dtype=np.uint8))
    return tmp_path


def test_maps_labels_and_names_are_read(folder: Path) -> None:
    clips = read_flow_folder(folder)
    assert clips.flow.shape == (3, 3, 28, 28)
    assert clips.subjects == ("006", "s03", "sub01")
    assert clips.labels.tolist() == [1, 2, 0]
    assert clips.datasets == ("samm", "smic", "casme2")
    assert clips.names == ("c", "b", "a")


def test_red_is_u_green_is_v_blue_is_strain(tmp_path: Path) -> None:
    flow = np.zeros((3, 28, 28), np.uint8)
    flow[0], flow[1, :, 20:], flow[2, 3] = 10, 20, 30
    write_map(tmp_path / "sub01/u_test/0/a.png", flow)
    np.testing.assert_array_equal(read_flow_folder(tmp_path).flow[0], flow)


@pytest.mark.parametrize(
    ("subject", "expected"), [("sub26", "casme2"), ("s20", "smic"), ("035", "samm"), ("x", "other")]
)
def test_the_data_set_is_told_from_the_subject(subject: str, expected: str) -> None:
    assert dataset_of(subject) == expected


def test_an_empty_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="SUBJECT/u_test/LABEL"):
        read_flow_folder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"text"])
def test_a_file_that_is_no_picture_is_named(folder: Path, content: bytes) -> None:
    (folder / "sub01/u_test/0/bad.png").write_bytes(content)
    with pytest.raises(DecodeError, match=r"bad\.png: expected a 28 x 28 PNG, given no picture"):
        read_flow_folder(folder)


def test_another_size_and_another_label_are_refused(folder: Path) -> None:
    write_map(folder / "sub02/u_test/0/big.png", np.zeros((3, 30, 28), np.uint8))
    with pytest.raises(DecodeError, match="given 28 x 30"):
        read_flow_folder(folder)
    (folder / "sub02/u_test/0/big.png").unlink()
    write_map(folder / "sub02/u_test/3/odd.png", np.zeros((3, 28, 28), np.uint8))
    with pytest.raises(DecodeError, match="0, 1 or 2 as label, given '3'"):
        read_flow_folder(folder)


@pytest.mark.shared_data
def test_the_published_maps_have_the_stated_counts(shared_data: Path) -> None:
    clips = read_flow_folder(shared_data / "megc_flow" / "norm_u_v_os")
    assert (len(clips), len(set(clips.subjects))) == (309, 40)
    assert np.bincount(clips.labels).tolist() == [158, 83, 68]
    assert set(clips.datasets) == {"casme2", "smic"}
