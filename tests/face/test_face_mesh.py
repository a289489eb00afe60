from __future__ import annotations

import numpy as np
import pytest
from synthetic_faces import frame, portrait, textured

from multimodal.face.detect import FaceDetector, FoundFace
from multimodal.face.mesh import FaceTracker
from multimodal.face.pose import eye_centres
from multimodal.results import REGIONS


@pytest.fixture(scope="module")
def tracker():
    with FaceTracker() as made:
        yield made


@pytest.fixture(scope="module")
def static():
    with FaceTracker(static=True) as made:
        yield made


@pytest.fixture(autouse=True)
def _fresh(tracker: FaceTracker) -> None:
    tracker.reset()


def blank(like: np.ndarray) -> np.ndarray:
    return np.repeat(textured(like.shape[:2], grain=20)[..., None], 3, axis=2)


def test_finds_a_face_where_it_is(tracker: FaceTracker) -> None:
    seen = tracker.track(frame(portrait()))
    assert seen.success
    assert seen.confidence > 0.5
    assert seen.landmarks is not None
    assert seen.landmarks.shape == (468, 3)
    assert seen.eye_distance == pytest.approx(70, rel=0.07)
    np.testing.assert_allclose(eye_centres(seen.landmarks).mean(axis=0), (240, 138), atol=8)
    assert seen.visibility is not None
    assert seen.visibility.min() > 0.5


@pytest.mark.parametrize(
    "turn", [(20.0, 0.0, 0.0), (-20.0, 0.0, 0.0), (0.0, 15.0, 0.0), (0.0, -12.0, 0.0), (0.0, 0.0, 20.0)]
)
def test_pose_of_a_rendered_head(static: FaceTracker, turn: tuple[float, float, float]) -> None:
    straight, seen = (static.track(frame(portrait(t))).pose for t in ((0.0, 0.0, 0.0), turn))
    assert straight is not None
    assert seen is not None
    np.testing.assert_allclose(np.subtract(seen, straight), turn, atol=6)


def test_nothing_is_invented(tracker: FaceTracker, static: FaceTracker) -> None:
    for seen in (tracker.track(frame(blank(portrait()))), static.track(frame(blank(portrait())))):
        assert not seen.success
        assert seen.confidence == 0
        assert seen.landmarks is seen.pose is seen.eye_distance is seen.visibility is None


def test_a_face_that_leaves_is_gone_at_once_and_found_again(tracker: FaceTracker) -> None:
    face = portrait()
    found = [
        tracker.track(frame(image, i)).success for i, image in enumerate([face] * 3 + [blank(face)] * 4 + [face] * 2)
    ]
    assert found == [True] * 3 + [False] * 4 + [True] * 2


def test_a_face_that_slides_out_is_not_kept(tracker: FaceTracker) -> None:
    face = portrait()
    hits = []
    for i in range(24):
        image = np.full_like(face, 100)
        shift = i * 20
        image[:, shift:] = face[:, : face.shape[1] - shift]
        hits.append(tracker.track(frame(image, i)).success)
    assert all(hits[:6])
    assert not any(hits[-6:])


def test_the_mask_is_seen_and_the_face_kept(tracker: FaceTracker) -> None:
    images = [portrait(noise=i) for i in range(3)] + [portrait(mask=True, noise=i) for i in range(6)]
    seen = [tracker.track(frame(image, i)) for i, image in enumerate(images)]
    assert all(s.success for s in seen)
    last = seen[-1].visibility
    assert last is not None
    hidden = [REGIONS.index(n) for n in ("mouth_corner_left", "mouth_corner_right", "upper_lip", "chin")]
    free = [REGIONS.index(n) for n in ("brow_inner_left", "brow_inner_right", "eye_left", "eye_right")]
    assert last[hidden].max() < 0.3
    assert last[free].min() > 0.6


def test_a_known_hand_lowers_visibility(static: FaceTracker) -> None:
    face = portrait()
    free = static.track(frame(face))
    assert free.landmarks is not None
    x, y = free.landmarks[13, :2]
    hand = np.array([(x - 60, y - 25), (x + 60, y - 25), (x + 60, y + 90), (x - 60, y + 90)])
    covered = static.track(frame(face), [hand])
    assert covered.visibility is not None
    assert free.visibility is not None
    assert covered.visibility[REGIONS.index("chin")] < 0.1
    assert covered.visibility[REGIONS.index("eye_left")] == pytest.approx(free.visibility[REGIONS.index("eye_left")])


def test_the_nearer_of_two_faces_is_taken(static: FaceTracker, tracker: FaceTracker) -> None:
    near, far = portrait(eyes=80.0), portrait(eyes=40.0)
    both = np.concatenate([far[:, 120:360], near], axis=1)
    for one in (static, tracker):
        seen = one.track(frame(both))
        assert seen.eye_distance == pytest.approx(80, rel=0.1)


def test_a_nearer_face_that_comes_takes_over(tracker: FaceTracker) -> None:
    near, far = portrait(eyes=80.0), portrait(eyes=40.0)
    alone = np.concatenate([far[:, 120:360], blank(near)], axis=1)
    both = np.concatenate([far[:, 120:360], near], axis=1)
    sizes = [tracker.track(frame(image, i)).eye_distance for i, image in enumerate([alone] * 3 + [both] * 40)]
    assert sizes[0] == pytest.approx(40, rel=0.1)
    assert sizes[-1] == pytest.approx(80, rel=0.1)


def side_by_side(left: float, right: float) -> np.ndarray:
    """Return two people, the distances between their eyes in pixels; 0: a blank half."""
    halves = [portrait(eyes=eyes)[:, 90:390] if eyes else blank(portrait())[:, 90:390] for eyes in (left, right)]
    return np.concatenate(halves, axis=1)


def followed(tracker: FaceTracker, images: list[np.ndarray]) -> list[str]:
    """Return in which half the face was that was followed in each picture, ``-`` for none."""
    rows = []
    for i, image in enumerate(images):
        seen = tracker.track(frame(image, i))
        rows.append("-" if seen.landmarks is None else "LR"[int(seen.landmarks[:, 0].mean() > 300)])
    return rows


def test_people_of_nearly_the_same_size_do_not_take_turns(tracker: FaceTracker) -> None:
    sizes = [(72.0, 66.0) if i < 35 or i % 20 < 8 else (66.0, 72.0) for i in range(95)]
    assert followed(tracker, [side_by_side(*each) for each in sizes]) == ["L"] * 95
    seen = tracker.track(frame(side_by_side(66.0, 72.0), 95))
    assert seen.person == 0
    (other,) = seen.others
    assert 300 < other[0] < other[2] < 600


def test_who_hides_the_face_for_a_moment_is_not_replaced_by_a_neighbour(tracker: FaceTracker) -> None:
    both, alone = side_by_side(72.0, 68.0), side_by_side(0.0, 68.0)
    rows = followed(tracker, [both] * 35 + [alone] * 12 + [both] * 6)
    assert rows == ["L"] * 35 + ["-"] * 12 + ["L"] * 6
    assert tracker.track(frame(both, 99)).person == 0


def test_another_face_that_is_overlooked_once_is_still_known(tracker: FaceTracker) -> None:
    found = [FoundFace((9.0, 9.0, 30.0, 30.0), 0.9)]
    known = []
    for faces in (found, [], [], found, [], found):
        tracker._note_others(faces)
        known.append(len(tracker._others))
    assert known == [1, 1, 0, 1, 1, 1]


def test_a_neighbour_speaks_once_the_other_is_gone(tracker: FaceTracker) -> None:
    both, alone = side_by_side(72.0, 68.0), side_by_side(0.0, 68.0)
    rows = followed(tracker, [both] * 35 + [alone] * 40)
    assert rows[35:65] == ["-"] * 30
    assert rows[-6:] == ["R"] * 6
    assert tracker.track(frame(alone, 99)).person == 1


def test_a_small_face_in_a_large_picture_is_found_and_followed(tracker: FaceTracker) -> None:
    small = portrait(eyes=30.0)
    for i in range(6):
        image = np.full((720, 1280, 3), 90, np.uint8)
        image[200:560, 300 + 10 * i : 780 + 10 * i] = small
        seen = tracker.track(frame(image, i))
        assert seen.success
        assert seen.landmarks is not None
        assert eye_centres(seen.landmarks).mean(axis=0)[0] == pytest.approx(540 + 10 * i, abs=5)


def test_native_chatter_is_silenced(capfd: pytest.CaptureFixture[str]) -> None:
    with FaceTracker() as fresh:
        assert fresh.track(frame(portrait())).success
    captured = capfd.readouterr()
    assert captured.err == ""
    assert captured.out == ""


def test_detector_tells_the_largest_first() -> None:
    both = np.concatenate([portrait(eyes=45.0)[:, 100:380], portrait(eyes=80.0)], axis=1)
    with FaceDetector() as detector:
        found = detector(both)
    assert len(found) == 2
    assert found[0].side > found[1].side
    assert found[0].box[0] > 280


@pytest.mark.shared_data
def test_a_real_clip_loses_its_face_once(shared_data, tracker: FaceTracker) -> None:
    import av

    with av.open(str(shared_data / "video" / "face_noface.mov")) as clip:
        images = [f.to_ndarray(format="rgb24") for f in clip.decode(video=0)]
    found = [tracker.track(frame(image, i)).success for i, image in enumerate(images)]
    assert all(found[:70])
    assert not any(found[75:])
