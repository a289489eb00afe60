from __future__ import annotations

import cv2
import numpy as np
import pytest

from multimodal import weights
from multimodal.config import load_config, shipped
from multimodal.face.appearance import FEATURES, Look
from multimodal.face.visibility import VisibilityNet, load_net
from multimodal.training.visibility import VisibilityTraining, features_of, figures, fit, typical_face
from multimodal.training.visibility_samples import Sample, landmark_finder, photo_samples, rendered_samples


@pytest.fixture(scope="module")
def find():
    return landmark_finder()


def fake(rng: np.random.Generator, person: int, kind: str) -> Sample:
    """Return a flat face whose lower half is dark where it is covered."""
    lab = np.full((56, 56, 3), 0.6, np.float32) + rng.normal(0, 0.02, (56, 56, 3)).astype(np.float32)
    clean = Look(lab.copy(), lab[2:14, 21:35].reshape(-1, 3).mean(axis=0))
    visibility = np.ones(12, np.float32)
    if kind == "mask":
        lab[30:, :, 0] = 0.1
        visibility[8:] = 0
    return Sample(Look(lab, clean.skin), clean, visibility, f"p{person}", kind, "rendered")


def test_the_net_learns_what_is_covered() -> None:
    rng = np.random.default_rng(0)
    samples = [fake(rng, i, "mask" if i % 2 else "none") for i in range(60)]
    typical = typical_face(samples)
    features = features_of(samples, typical, rng)
    assert features.shape == (60, FEATURES)
    truth = np.stack([sample.visibility for sample in samples])
    tensors = fit(features[:40], truth[:40], VisibilityTraining(rounds=150, hidden=16))
    net = VisibilityNet({**tensors, "typical": typical})
    rows = figures(net, features[40:], samples[40:])
    assert rows["rendered"]["auc"] > 0.99
    assert rows["rendered"]["auc_by_kind"] == {"mask": rows["rendered"]["auc"]}
    assert rows["rendered"]["auc_by_region"]["chin"] > 0.99
    assert rows["rendered"]["auc_by_region"]["eye_left"] is None
    assert rows["rendered"]["false_alarms"] < 0.05


def test_rendered_samples_know_what_is_hidden(find) -> None:
    samples = list(rendered_samples(3, find, views=1, kinds=2))
    assert {sample.kind for sample in samples} >= {"none"}
    assert {sample.person for sample in samples} == {"person-3"}
    for sample in samples:
        assert sample.look.lab.shape == (56, 56, 3)
        assert 0 <= sample.visibility.min() <= sample.visibility.max() <= 1
        if sample.kind == "none":
            assert sample.visibility.min() == 1
    again = list(rendered_samples(3, find, views=1, kinds=2))
    np.testing.assert_array_equal(samples[-1].look.lab, again[-1].look.lab)


def test_photos_with_a_hand_on_the_face_are_left_out(find, tmp_path) -> None:
    from multimodal.data.people.person import Person, Pose
    from multimodal.data.people.render import Camera, Lighting, develop, render

    person = Person.sample(np.random.default_rng(3))
    x, y, z = (float(v) for v in person.eye_middle())
    camera = Camera((x, y - 0.3, z + 10), 60 * 10 / person.eye_distance(), 400, 320)
    image = develop(render(person.meshes(Pose()), camera, Lighting(), np.full((320, 400, 3), 0.3, np.float32)))
    for folder in ("images", "labels"):
        (tmp_path / folder / "train").mkdir(parents=True)
    photo = tmp_path / "images" / "train" / "a.jpg"
    cv2.imwrite(str(photo), image[..., ::-1])
    label = tmp_path / "labels" / "train" / "a.txt"
    label.write_text("0 0.05 0.9 0.1 0.1\n")
    assert len(list(photo_samples(photo, find, np.random.default_rng(0), kinds=2))) == 3
    label.write_text("0 0.5 0.5 0.2 0.2\n")
    assert list(photo_samples(photo, find, np.random.default_rng(0))) == []


def test_the_shipped_weights_and_config_fit() -> None:
    load_config(VisibilityTraining, shipped("face") / "visibility.yaml")
    _, card = weights.find("region-visibility")
    assert card.kind == "face"
    assert card.figures["rendered"]["auc"] > 0.95
    assert load_net().typical.shape == (56, 56)
