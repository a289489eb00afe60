from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.data.fake_gestures import fake_hand
from multimodal.errors import MissingError
from multimodal.gesture.hands import Skeleton
from multimodal.gesture.skeleton import FEATURES, features, from_tensors, load_skeleton, normalise
from multimodal.results import GESTURES


def tensors(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = (FEATURES, 24, 64, 19)
    found = {"mean": rng.normal(size=FEATURES), "spread": rng.uniform(0.5, 2, FEATURES)}
    for i in range(3):
        found[f"layer{i}.weight"] = rng.normal(size=(sizes[i + 1], sizes[i])) / 8
        found[f"layer{i}.bias"] = rng.normal(size=sizes[i + 1])
    return {name: value.astype(np.float32) for name, value in found.items()}


def hands(count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(1)
    points = np.stack([fake_hand(name, rng) for name in GESTURES[:count]])
    points[:, 1:, 2] = rng.normal(0, 0.2, (count, 20))
    return points


@given(st.floats(0.5, 300), st.floats(-500, 500), st.floats(-500, 500))
def test_place_and_size_drop_out(scale: float, x: float, y: float) -> None:
    points = hands(1)[0]
    moved = points * scale + np.array([x, y, 0.0])
    assert np.allclose(normalise(Skeleton(points, 1, 1.0)), normalise(Skeleton(moved, 1, 1.0)), atol=1e-6)


def test_a_mirrored_hand_gives_the_same_points() -> None:
    points = hands(1)[0]
    mirrored = points * np.array([-1.0, 1.0, 1.0])
    assert np.allclose(normalise(Skeleton(points, 1, 1.0)), normalise(Skeleton(mirrored, -1, 1.0)))


def test_orientation_and_side_stay_known() -> None:
    points = normalise(Skeleton(hands(1)[0], 1, 1.0))
    upside_down = points * np.array([-1.0, -1.0, 1.0])
    back = points * np.array([-1.0, 1.0, 1.0])
    own, turned, behind = features(np.stack([points, upside_down, back]))
    assert np.abs(own - turned).max() > 0.5
    assert np.sign(own[-1]) == -np.sign(behind[-1])


def test_features_by_hand() -> None:
    """A hand of straight fingers along y: straight joints, known lengths."""
    points = np.zeros((1, 21, 3))
    for finger in range(5):
        for joint in range(4):
            points[0, 4 * finger + 1 + joint] = (finger * 0.1, -(joint + 1.0), 0)
    found = features(points)[0]
    assert found.shape == (FEATURES,)
    cosines, tips, wrist = found[60:75].reshape(5, 3), found[75:85], found[85:90]
    assert np.allclose(cosines[:, 1:], 1, atol=1e-4)
    assert tips[0] == pytest.approx(0.1)
    assert wrist[0] == pytest.approx(4)
    assert wrist[4] == pytest.approx(np.hypot(0.4, 4))


def test_degenerate_points_give_finite_features() -> None:
    assert np.isfinite(features(np.zeros((2, 21, 3)))).all()
    assert np.isfinite(normalise(Skeleton(np.zeros((21, 3)), 1, 0.5))).all()


def test_numpy_agrees_with_torch() -> None:
    torch = pytest.importorskip("torch")
    given_tensors = tensors()
    classifier = from_tensors(given_tensors, Path("x"))
    values = torch.from_numpy((features(hands()) - given_tensors["mean"]) / given_tensors["spread"])
    for i in range(3):
        weight, bias = (torch.from_numpy(given_tensors[f"layer{i}.{part}"]) for part in ("weight", "bias"))
        values = torch.nn.functional.linear(torch.relu(values) if i else values, weight, bias)
    found = classifier.classify(classifier.embed(hands()))
    assert np.allclose(found, torch.log_softmax(values, 1).numpy(), atol=1e-4)
    assert np.allclose(np.exp(found).sum(axis=1), 1, atol=1e-5)


def test_one_hand_at_a_time_or_all_together() -> None:
    classifier = from_tensors(tensors(), Path("x"))
    together = classifier.embed(hands())
    assert np.allclose(together, np.concatenate([classifier.embed(hand[None]) for hand in hands()]), atol=1e-5)
    assert together.shape == (6, 64)
    named = classifier.classify(together)
    assert np.allclose(named, np.concatenate([classifier.classify(row[None]) for row in together]), atol=1e-5)


@pytest.mark.parametrize("name", ["mean", "layer1.weight", "layer2.bias"])
def test_wrong_tensors_are_named(name: str) -> None:
    broken = tensors()
    broken[name] = broken[name][:3]
    with pytest.raises(MissingError, match=name):
        from_tensors(broken, Path("x"))
    del broken[name]
    with pytest.raises(MissingError, match=name):
        from_tensors(broken, Path("x"))


def test_the_shipped_classifier_loads() -> None:
    classifier = load_skeleton()
    assert classifier.embed(hands()).shape == (6, 64)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    from fake_detector import write_detector_card

    path = tmp_path / "bad.safetensors"
    path.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00 not json at all")
    write_detector_card(path)
    with pytest.raises(MissingError, match="cannot be read"):
        load_skeleton(str(path))
