from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fake_peer import write_peer
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.detection import Boxes
from multimodal.evaluation.gesture_peer import SIGNS, Peer, PeerRun, folded, parse_borders, planes, square
from multimodal.results import GESTURES

IMAGE = np.random.default_rng(0).integers(0, 255, (60, 100, 3), dtype=np.uint8)


def test_its_signs_hold_all_of_ours_but_no_gesture() -> None:
    assert len(SIGNS) == len(set(SIGNS)) == 45
    assert set(GESTURES) - set(SIGNS) == {"no_gesture"}


@pytest.mark.parametrize(("sign", "ours"), [("like", "like"), ("three2", "three2"), ("grip", "no_gesture")])
def test_its_signs_become_ours(sign: str, ours: str) -> None:
    logits = np.zeros(45)
    logits[SIGNS.index(sign)] = 12
    shares = folded(logits)
    assert GESTURES[shares.argmax()] == ours
    assert shares.sum() == pytest.approx(1)


def test_foreign_signs_add_up() -> None:
    assert folded(np.zeros(45))[GESTURES.index("no_gesture")] == pytest.approx(27 / 45)


@pytest.mark.parametrize("border", [0.0, 0.25, 1.0])
def test_boxes_come_back_to_the_picture_without_its_border(tmp_path: Path, border: float) -> None:
    """The detector sees its box at fractions of the picture with the border."""
    pad = round(border * 100)
    width, height = 100 + 2 * pad, 60 + 2 * pad
    want = (20.0, 10.0, 50.0, 40.0)
    corners = [((want[0] + pad) / width, (want[1] + pad) / height, (want[2] + pad) / width, (want[3] + pad) / height)]
    found = Peer(write_peer(tmp_path, corners, [0.9], "ok")).read(IMAGE, border)
    assert found.boxes[0] == pytest.approx(want, abs=1e-3)
    assert [GESTURES[name] for name in found.classes] == ["ok"]
    assert found.scores[0] == pytest.approx(0.9, abs=1e-3)


def test_nothing_found_and_boxes_outside(tmp_path: Path) -> None:
    assert len(Peer(write_peer(tmp_path / "a", [], [], "ok")).read(IMAGE, 0.5).scores) == 0
    outside = write_peer(tmp_path / "b", [(1.2, 0.2, 1.4, 0.4), (-0.1, -0.1, 1.1, 1.1)], [0.9, 0.8], "ok")
    found = Peer(outside).read(IMAGE)
    assert found.boxes.tolist() == [[0, 0, 100, 60]]


def test_a_picture_of_one_pixel(tmp_path: Path) -> None:
    found = Peer(write_peer(tmp_path, [(0, 0, 1, 1)], [0.9], "ok")).read(IMAGE[:1, :1], 1.0)
    assert len(found.scores) == 1


def test_a_huge_picture_is_read_in_its_own_pixels(tmp_path: Path) -> None:
    peer = Peer(write_peer(tmp_path, [(0.25, 0.25, 0.75, 0.75)], [0.9], "ok"))
    assert peer.read(np.zeros((2000, 8000, 3), np.uint8)).boxes[0] == pytest.approx((2000, 500, 6000, 1500))


def test_planes_are_stretched_red_first() -> None:
    image = np.zeros((10, 40, 3), np.uint8)
    image[..., 0] = 255
    got = planes(image, (32, 24))
    assert got.shape == (1, 3, 24, 32)
    assert got[0, :, 0, 0] == pytest.approx([1, -127 / 128, -127 / 128])


@given(st.lists(st.floats(0, 90), min_size=2, max_size=2), st.lists(st.floats(2, 60), min_size=2, max_size=2))
def test_squares_hold_the_box_and_stay_in_the_picture(corner: list[float], size: list[float]) -> None:
    box = np.array([*corner, corner[0] + size[0], corner[1] + size[1]])
    x0, y0, x1, y1 = square(box, 100, 100)
    assert 0 <= x0 < x1 <= 100
    assert 0 <= y0 < y1 <= 100
    inside = np.clip(box, 0, 100)
    assert np.all([x0, y0] <= inside[:2] + 1e-6)
    assert np.all([x1, y1] >= inside[2:] - 1)
    if box.min() - max(size) > 0 and box.max() + max(size) < 100:
        assert abs((x1 - x0) - max(size)) <= 1
        assert abs((y1 - y0) - max(size)) <= 1


def test_the_best_border_is_named(tmp_path: Path) -> None:
    """The fake sees its hand at one place of the bordered picture, right with a border of half the picture's size."""
    want = np.array([20.0, 20, 60, 60])
    run = PeerRun(write_peer(tmp_path, [tuple((want + 50) / 200)], [0.9], "ok"), (0.0, 0.5, 1.0))
    image = np.zeros((100, 100, 3), np.uint8)
    truths = [Boxes(want[None], np.array([GESTURES.index(name)]), np.ones(1)) for name in ("ok", "palm")]
    for _ in truths:
        run.look(image)
    figures = run.figures(truths)
    assert figures["best_border"] == 0.5
    assert {border: row["image_top1"] for border, row in figures["borders"].items()} == {"0": 0.5, "0.5": 0.5, "1": 0.5}
    assert figures["borders"]["0.5"]["map50"] > figures["borders"]["0"]["map50"]
    assert figures["map50"] == figures["borders"]["0.5"]["map50"]
    assert all(row["found"] == 2 and row["ms"] > 0 for row in figures["borders"].values())


def test_what_is_missing_or_something_else(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"hand_detector\.onnx"):
        Peer(tmp_path / "nowhere")
    with pytest.raises(MissingError, match=r"crops_classifier.onnx is not that network"):
        Peer(write_peer(tmp_path / "a", [], [], "ok", signs=34))
    folder = write_peer(tmp_path / "b", [], [], "ok")
    (folder / "hand_detector.onnx").write_bytes((folder / "crops_classifier.onnx").read_bytes())
    with pytest.raises(MissingError, match=r"hand_detector.onnx is not that network"):
        Peer(folder)
    (folder / "hand_detector.onnx").write_text("nothing")
    with pytest.raises(MissingError, match="cannot be read as ONNX"):
        Peer(folder)


def test_borders_as_given(tmp_path: Path) -> None:
    assert parse_borders("0,.5,0.5,1") == (0.0, 0.5, 1.0)
    with pytest.raises(UsageError, match="borders"):
        parse_borders("0,wide")
    for wrong in ((), (-0.1, 1.0)):
        with pytest.raises(UsageError, match="longer side"):
            PeerRun(write_peer(tmp_path, [], [], "ok"), wrong)


@pytest.mark.shared_data
def test_the_true_peer_needs_a_border(shared_data: Path) -> None:
    """On ten photos: without a border many hands that fill the picture are missed."""
    from multimodal.data.yolo_folder import read_rgb

    photos = sorted((shared_data / "gestures/hagrid_mini/images/train").glob("like_*.jpg"))[:10]
    peer = Peer(shared_data / "peers/dynamic_gestures")
    found = {border: [peer.read(read_rgb(path), border) for path in photos] for border in (0.0, 0.75)}
    named = {
        border: sum(bool(len(f.scores)) and GESTURES[f.classes[f.scores.argmax()]] == "like" for f in rows)
        for border, rows in found.items()
    }
    assert named[0.75] > named[0.0]
    assert named[0.75] >= 6
