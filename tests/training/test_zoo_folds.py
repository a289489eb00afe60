"""Every system of the zoo that takes flow maps, trained in a fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_samples import fake_samples

from multimodal.data.samples import UNITS, FlowSamples
from multimodal.errors import UsageError
from multimodal.expression.zoo.systems import SystemConfig, systems, systems_for
from multimodal.training.classifiers.base import FoldTask, build_classifier
from multimodal.training.unit_labels import MOST, positive_weights
from multimodal.training.zoo_folds import fit, lesson_of, mirrored, trace

EIGHT = {"apex": (3, 112, 112), "frames": (3, 16, 64, 64), "flows": (3, 15, 28, 28)}


def _rise(kind: str) -> np.ndarray:
    """Return how far a class shows: from nothing at the onset on, where there are frames."""
    return np.linspace(0, 1, 16, dtype=np.float32)[:, None, None] if kind == "frames" else np.ones(1, np.float32)


def eight_clips() -> FlowSamples:
    """Eight clips of two classes that any network can learn by heart."""
    rng = np.random.default_rng(3)
    labels = np.array([0, 1] * 4, np.int64)
    features = {}
    for kind, shape in EIGHT.items():
        rows = rng.random((8, *shape), np.float32)
        rows[..., : shape[-1] // 2, :] += 0.5 * labels.reshape(-1, *(1,) * len(shape)) * _rise(kind)
        features[kind] = rows.astype(np.float16) if kind == "flows" else (rows / 1.5 * 255).astype(np.uint8)
    flow = rng.normal(size=(8, 3, 28, 28)).astype(np.float32)
    flow[:, :, :14] += 2 * labels[:, None, None, None]
    names = tuple(f"c{number}" for number in range(8))
    return FlowSamples(
        flow, np.ones((8, 12), np.float32), labels, ("a",) * 8, ("x",) * 8, names, ("one", "other"), features
    )


def task_of(samples: FlowSamples, seed: int = 0) -> FoldTask:
    return FoldTask("all", samples, (samples.sealed(), samples.sealed()), seed)


@pytest.fixture(params=[name for name in systems_for("classify") if name != "ststnet"])
def one(request: pytest.FixtureRequest) -> SystemConfig:
    return systems()[request.param]


def test_it_learns_eight_clips_by_heart(one: SystemConfig) -> None:
    samples = eight_clips()
    quick = one.model_copy(update={"epochs": 60, "batch": 8, "mirror": False, "learning_rate": 1e-3})
    scores = fit(quick, task_of(samples))
    assert (scores[0].argmax(axis=1) == samples.labels).all()
    np.testing.assert_array_equal(scores[0], scores[1])
    np.testing.assert_allclose(scores[0].sum(axis=1), 1)


def test_a_seed_gives_one_result(one: SystemConfig) -> None:
    quick = one.model_copy(update={"epochs": 1, "batch": 4})
    first, again, other = (fit(quick, task_of(eight_clips(), seed))[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_the_last_epoch_of_a_trace_is_the_fit() -> None:
    quick = systems()["off-apexnet"].model_copy(update={"epochs": 3})
    samples = fake_samples(people=2, clips=6)
    traced, fitted = trace(quick, task_of(samples)), fit(quick, task_of(samples))
    assert traced[0].shape == (3, len(samples), 3)
    np.testing.assert_array_equal(traced[0][-1], fitted[0])


def test_steps_shrink_as_the_published_schedule_says() -> None:
    samples = fake_samples(people=2, clips=6)
    plain = systems()["off-apexnet"].model_copy(update={"epochs": 4})
    shrunk = plain.model_copy(update={"decay_every": 2, "decay": 1e-9})
    steady, slowed = (trace(given, task_of(samples))[0] for given in (plain, shrunk))
    np.testing.assert_array_equal(slowed[:2], steady[:2])
    moved = np.abs(np.diff(slowed, axis=0)).max(axis=(1, 2))
    assert moved[0] > 1e-5 > 1e-6 > moved[1:].max()
    assert not np.allclose(steady[3], steady[2], atol=1e-6)


def test_class_weights_follow_the_training_side() -> None:
    samples = fake_samples(people=2, clips=6)
    even = lesson_of(systems()["off-apexnet"], task_of(samples))
    assert even.weights.tolist() == [1.0] * 3
    lopsided = samples.pick(np.array([0, 3, 6, 9, 1, 2]))
    full = lesson_of(systems()["off-apexnet"].model_copy(update={"balance": 1.0}), task_of(lopsided))
    counts = np.bincount(lopsided.labels, minlength=3)
    each = counts * full.weights.numpy()
    np.testing.assert_allclose(each[counts > 0], each[counts > 0][0])


def test_a_mirror_image_twice_is_the_clip() -> None:
    rows = torch.rand(2, 3, 28, 28)
    torch.testing.assert_close(mirrored("flow", mirrored("flow", rows, True), True), rows)
    assert torch.equal(mirrored("flow", rows, False)[:, 0], -rows[:, 0].flip(-1))
    assert torch.equal(mirrored("apex", rows, False), rows.flip(-1))


def test_maps_for_a_system_that_takes_frames_are_refused_with_the_remedy() -> None:
    frames = systems()["off-apexnet"].model_copy(update={"inputs": ("frames",)})
    with pytest.raises(UsageError, match=r"off-apexnet takes frames, .*veilspeak synth expressions"):
        fit(frames, task_of(fake_samples(people=2, clips=6)))


def test_a_system_is_a_classifier_that_asks_for_what_it_takes(one: SystemConfig) -> None:
    classifier = build_classifier(one.name)
    units = ("units",) if one.units else ()
    assert classifier.needs == (*(kind for kind in one.inputs if kind != "flow"), *units)
    assert classifier.describe()["name"] == one.name


def test_a_backbone_of_timm_is_a_classifier_under_its_whole_name() -> None:
    classifier = build_classifier("timm:mobilenetv3_small_050@apex")
    assert classifier.needs == ("apex",)
    assert classifier.describe()["options"]["backbone"] == "mobilenetv3_small_050"
    with pytest.raises(UsageError, match=r"did you mean .*resnet18"):
        build_classifier("timm:resnet81")
    with pytest.raises(UsageError, match="unknown classifier 'ststnet:3'"):
        build_classifier("ststnet:3")


def test_coded_units_teach_a_system_that_learns_from_them_and_no_other() -> None:
    plain = eight_clips()
    units = np.full((8, 12), np.nan, np.float32)
    units[:4] = np.arange(12) % 2
    coded = replace(plain, features={**plain.features, UNITS: units})
    for name, differs in (("adp-dstn", True), ("off-apexnet", False)):
        quick = systems()[name].model_copy(update={"epochs": 1, "batch": 8})
        one, other = (fit(quick, task_of(samples))[0] for samples in (plain, coded))
        assert np.array_equal(one, other) != differs


def test_a_shown_unit_weighs_as_much_as_it_is_rare() -> None:
    rows = np.full((30, 12), np.nan, np.float32)
    rows[:, 0] = [1.0] + [0.0] * 29
    rows[:10, 1] = [1.0] * 2 + [0.0] * 8
    rows[:, 2], rows[:, 3] = 1, 0
    assert positive_weights(rows)[:5].tolist() == [MOST, 4.0, 1.0, 1.0, 1.0]
