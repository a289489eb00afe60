from __future__ import annotations

import numpy as np
import pytest

from multimodal.data.people.hands import SIGNS, Hand, Sign, blend
from multimodal.data.people.render import Camera, Lighting, develop, render
from multimodal.data.people.skin import sample_look
from multimodal.results import GESTURES

LOOK = sample_look(np.random.default_rng(3))


@pytest.fixture(scope="module")
def hand() -> Hand:
    return Hand(LOOK)


def span(hand: Hand, sign: Sign) -> np.ndarray:
    """Width, height and depth of what lies above the wrist."""
    vertices = hand.mesh(sign, (0.0, 0.0, 0.0)).vertices
    return np.ptp(vertices[vertices[:, 1] > 0.1], axis=0)


def test_signs_bear_known_names() -> None:
    assert set(SIGNS) <= set(GESTURES)
    assert {"like", "palm", "fist", "peace", "ok", "one"} <= set(SIGNS)


@pytest.mark.parametrize(("taller", "shorter"), [("palm", "fist"), ("one", "fist"), ("peace", "fist")])
def test_straight_fingers_stand_higher(hand: Hand, taller: str, shorter: str) -> None:
    assert span(hand, SIGNS[taller])[1] > span(hand, SIGNS[shorter])[1] + 0.25


def test_a_thumb_up_is_highest_of_all(hand: Hand) -> None:
    up, down = (hand.mesh(SIGNS[name], (0.0, 0.0, 0.0)).vertices[:, 1] for name in ("like", "dislike"))
    assert up.max() > 0.9
    assert down.max() < 0.6


def test_the_other_hand_is_the_mirror(hand: Hand) -> None:
    sign = SIGNS["palm"]
    one, other = (h.mesh(sign, (0.0, 0.0, 0.0)) for h in (hand, Hand(LOOK, mirrored=True)))
    np.testing.assert_allclose(one.vertices * [-1, 1, 1], other.vertices, atol=1e-5)
    np.testing.assert_allclose(one.normals * [-1, 1, 1], other.normals, atol=1e-4)


def test_bones_keep_their_length(hand: Hand) -> None:
    """Bending turns bones, it does not stretch them: the hand's volume stays about the same."""
    volumes = []
    for name in ("palm", "peace"):
        mesh = hand.mesh(SIGNS[name], (0.0, 0.0, 0.0))
        a, b, c = (mesh.vertices[mesh.parts[0].triangles[:, k]].astype(float) for k in range(3))
        volumes.append(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)
    assert volumes[0] > 0
    assert volumes[1] == pytest.approx(volumes[0], rel=0.25)


def test_blend_starts_and_ends_at_the_signs() -> None:
    assert blend(SIGNS["fist"], SIGNS["ok"], 0.0) == blend(SIGNS["fist"], SIGNS["fist"], 0.5)
    middle = blend(SIGNS["fist"], SIGNS["palm"], 0.5)
    assert middle.fingers[0][1] == pytest.approx((82 + 5) / 2)


def test_mediapipe_finds_the_hand_and_the_thumb(hand: Hand) -> None:
    mediapipe = pytest.importorskip("mediapipe")
    camera = Camera((0.0, 0.0, 7.0), 900, 320, 320)
    wall = np.full((320, 320, 3), 0.35, np.float32)
    with mediapipe.solutions.hands.Hands(static_image_mode=True, max_num_hands=1) as finder:
        image = develop(render([hand.mesh(SIGNS["like"], (0.0, -0.2, 0.0))], camera, Lighting(), wall, 2))
        found = finder.process(image).multi_hand_landmarks
    assert found
    height = [point.y for point in found[0].landmark]
    assert int(np.argmin(height)) == 4
