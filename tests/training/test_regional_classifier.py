from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_regional import OPTIONS, tiny_config, tiny_weights
from fake_samples import fake_samples

from multimodal.config import load_config, shipped
from multimodal.data.samples import FlowSamples
from multimodal.errors import MissingError, UsageError
from multimodal.evaluation.classification import uf1
from multimodal.evaluation.conditions import draw_covers
from multimodal.evaluation.protocols import folds_of
from multimodal.face.canonical import MIRROR
from multimodal.results import OBJECTIVE_CLASSES
from multimodal.training.classifiers import regional
from multimodal.training.classifiers.base import FoldTask, Scores, build_classifier
from multimodal.training.classifiers.regional import RegionalClassifier
from multimodal.training.fold_nets import threads
from multimodal.training.regional_config import RegionalFoldConfig
from multimodal.training.regional_folds import learn, name_tests
from multimodal.training.regional_lessons import draw_batch, inputs_of, lesson_of, loss_of
from multimodal.weights.tensors import read_weights

ABLATIONS = {
    "regional-unrelated": regional.WithoutRelations,
    "regional-ungated": regional.WithoutAttention,
    "regional-timeless": regional.WithoutGRU,
    "regional-scratch": regional.FromScratch,
    "regional-tuned": regional.Tuned,
}


@pytest.fixture(scope="module")
def samples() -> FlowSamples:
    return fake_samples(people=4, clips=6)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_weights(tmp_path_factory.mktemp("ready"))


def task_of(samples: FlowSamples, seed: int = 0) -> FoldTask:
    """The first subject is held out."""
    fold = folds_of("loso", samples)[0]
    return FoldTask(fold.name, samples.pick(fold.train), (samples.pick(fold.test).sealed(),), seed)


def scores(config: RegionalFoldConfig, task: FoldTask) -> Scores:
    return RegionalClassifier(config).fit_predict(task)[0]


def test_it_is_registered_with_the_shipped_settings(ready: str) -> None:
    classifier = build_classifier("regional")
    assert classifier.iterative
    config = load_config(RegionalFoldConfig, shipped("expression/regional-folds.yaml"))
    assert classifier.config == config == RegionalFoldConfig()  # type: ignore[attr-defined]
    assert RegionalClassifier(tiny_config()).describe() == tiny_config().model_dump(mode="json")


def test_other_ready_weights_make_another_run(ready: str, tmp_path: Path) -> None:
    one = RegionalClassifier(tiny_config(tuned=1, ready=ready)).describe()
    again = RegionalClassifier(tiny_config(tuned=1, ready=tiny_weights(tmp_path))).describe()
    other = RegionalClassifier(tiny_config(tuned=1, ready=tiny_weights(tmp_path, seed=1))).describe()
    assert one["ready_sha256"] == again["ready_sha256"] != other["ready_sha256"]


@pytest.mark.parametrize("covers", [0.0, 0.5])
def test_it_learns_what_there_is_to_learn(covers: float) -> None:
    samples = fake_samples(people=4, clips=15, strength=5.0)
    config = tiny_config(epochs=12, learning_rate=8e-3, average=0.8, cover=covers, options={**OPTIONS, "dropout": 0.1})
    task = task_of(samples)
    given = scores(config, task)
    np.testing.assert_allclose(given.sum(axis=1), 1)
    held_out = folds_of("loso", samples)[0].test
    assert uf1(samples.labels[held_out].tolist(), given.argmax(axis=1).tolist()) > 0.75


def test_the_same_seed_gives_the_same_numbers_whatever_ran_before(samples: FlowSamples, ready: str) -> None:
    config, task = tiny_config(tuned=1, ready=ready), task_of(samples)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = scores(config, task)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(99)
    torch.rand(7)
    scores(config, task_of(samples, seed=4))
    assert np.array_equal(scores(config, task), first)


def test_another_seed_and_another_network_give_other_numbers(samples: FlowSamples) -> None:
    first, seed = (scores(tiny_config(), task_of(samples, seed)) for seed in (0, 1))
    assert not np.allclose(first, seed, atol=1e-4)
    both = scores(tiny_config(scratch=2), task_of(samples))
    assert not np.allclose(first, both, atol=1e-4)


def test_several_networks_are_their_geometric_mean(samples: FlowSamples, ready: str) -> None:
    task = task_of(samples)
    config = tiny_config(tuned=1, ready=ready)
    with threads(1):
        members = [name_tests([*learn(config, task, number)][-1], task)[0] for number in range(2)]
    mean = np.sqrt(members[0] * members[1])
    np.testing.assert_allclose(scores(config, task), mean / mean.sum(axis=1, keepdims=True), rtol=1e-6)


def test_a_trace_ends_where_the_fit_ends(samples: FlowSamples, ready: str) -> None:
    config, task = tiny_config(tuned=1, ready=ready, epochs=3), task_of(samples)
    (trace,) = RegionalClassifier(config).trace(task)
    assert trace.shape == (3, 6, 3)
    assert np.array_equal(trace[-1], scores(config, task))
    assert not np.allclose(trace[0], trace[-1], atol=1e-5)


def test_tests_do_not_change_what_is_learned(samples: FlowSamples) -> None:
    task = task_of(samples)
    (clean,) = task.tests
    poison = replace(clean, flow=np.full_like(clean.flow, 1e4), visibility=np.zeros_like(clean.visibility))
    alone = RegionalClassifier(tiny_config()).fit_predict(task)[0]
    poisoned, beside = RegionalClassifier(tiny_config()).fit_predict(replace(task, tests=(poison, clean)))
    assert np.array_equal(beside, alone)
    assert np.isfinite(poisoned).all()


def test_a_fold_with_one_class_names_it(samples: FlowSamples) -> None:
    one = samples.pick(samples.labels == 1)
    task = FoldTask("one", one, (samples.sealed(),))
    assert (scores(tiny_config(epochs=12, learning_rate=1e-2, average=0.5), task).argmax(axis=1) == 1).all()


def test_five_classes_have_a_head_of_their_own(samples: FlowSamples, ready: str) -> None:
    five = replace(samples, classes=OBJECTIVE_CLASSES)
    assert scores(tiny_config(tuned=1, ready=ready), task_of(five)).shape == (6, 5)


def test_clips_that_are_covered_already_are_learned_from(samples: FlowSamples) -> None:
    fold = folds_of("loso", samples)[0]
    clean = samples.pick(fold.train)
    covers = draw_covers("block:0.5", clean, 1, workers=1)
    copies = covers.over(clean, clean.flow.mean(axis=0))
    both = replace(
        clean,
        flow=np.concatenate([clean.flow, copies.flow]),
        visibility=np.concatenate([clean.visibility, copies.visibility]),
        labels=np.tile(clean.labels, 2),
        **{name: getattr(clean, name) * 2 for name in ("subjects", "datasets", "names")},
    )
    task = replace(task_of(samples), train=both)
    assert np.isfinite(scores(tiny_config(), task)).all()
    covered = (copies.visibility < 1).any(axis=1)
    free = np.concatenate([clean.flow, copies.flow[~covered]])
    fill = lesson_of(tiny_config(), task).fill.numpy()
    assert covered.any()
    np.testing.assert_allclose(fill, free.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("side", ["train", "test", "both"])
def test_hidden_and_motionless_clips_do_not_crash(samples: FlowSamples, side: str) -> None:
    task = task_of(samples)
    train, (test,) = task.train, task.tests
    if side != "test":
        train = train.with_flow(np.zeros_like(train.flow), np.zeros_like(train.visibility))
    if side != "train":
        test = replace(test, flow=np.zeros_like(test.flow), visibility=np.zeros_like(test.visibility))
    given = scores(tiny_config(), replace(task, train=train, tests=(test,)))
    assert np.isfinite(given).all()


def test_folds_without_tests_and_small_last_batches_go_through(samples: FlowSamples) -> None:
    assert RegionalClassifier(tiny_config()).fit_predict(replace(task_of(samples), tests=())) == []
    empty = samples.pick(np.zeros(len(samples), bool)).sealed()
    nine = samples.pick(np.arange(9))  # the last batch has one clip
    (given,) = RegionalClassifier(tiny_config()).fit_predict(FoldTask("few", nine, (empty,)))
    assert given.shape == (0, 3)


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_runs_and_differs_in_what_it_names(samples: FlowSamples, ready: str, name: str) -> None:
    kind, base = ABLATIONS[name], tiny_config(scratch=1, tuned=1, ready=ready)
    classifier = kind(base)
    assert type(build_classifier(name)) is kind
    config = classifier.config
    assert config.scratch + config.tuned == 1
    assert config.options == {**OPTIONS, **kind.changes.get("options", {})}
    assert config.model_copy(update={key: getattr(base, key) for key in kind.changes}) == base
    given = classifier.fit_predict(task_of(samples))[0]
    assert given.shape == (6, 3)
    plain = scores(tiny_config(ready=ready), task_of(samples))
    assert np.array_equal(given, plain) == (name == "regional-scratch")


def test_options_leave_their_part_of_the_network_out(samples: FlowSamples) -> None:
    parts = {
        "relations": regional.WithoutRelations,
        "attention": regional.WithoutAttention,
        "over_time": regional.WithoutGRU,
    }
    task = task_of(samples)
    for part, kind in parts.items():
        network = next(learn(kind(tiny_config()).config, task, 0)).network
        assert [name for name in parts if getattr(network, name) is None] == [part]


def test_tuned_networks_start_from_the_ready_weights(samples: FlowSamples, ready: str) -> None:
    task, still = task_of(samples), {"learning_rate": 1e-12, "tuned_rate": 1e-12, "ready": ready}
    tuned, fresh = tiny_config(scratch=0, tuned=1, **still), tiny_config(**still)
    one, other = (next(learn(config, task, 0)) for config in (tuned, fresh))
    expected = type(one.network)(**OPTIONS)
    read_weights(expected, Path(ready))
    for name, value in expected.named_parameters():
        torch.testing.assert_close(dict(one.network.named_parameters())[name], value)
    torch.testing.assert_close(one.head.weight, expected.expression.weight)
    assert not torch.allclose(other.network.project, expected.project)


def test_linear_readers_of_the_ready_weights_have_no_say_in_a_fold(samples: FlowSamples, tmp_path: Path) -> None:
    plain, both = tiny_weights(tmp_path / "plain"), tiny_weights(tmp_path / "both", linear=True)
    first, second = (scores(tiny_config(scratch=0, tuned=1, ready=one), task_of(samples)) for one in (plain, both))
    np.testing.assert_array_equal(first, second)


def test_a_clip_and_its_mirror_image_are_named_alike(samples: FlowSamples) -> None:
    task = task_of(samples)
    seen = np.random.default_rng(0).random((6, 12)).astype(np.float32)
    clips = replace(task.tests[0], visibility=seen)
    sign = np.array([-1, 1, 1], np.float32)[:, None, None]
    turned = replace(clips, flow=clips.flow[..., ::-1] * sign, visibility=seen[:, list(MIRROR)])
    one, other = RegionalClassifier(tiny_config()).fit_predict(replace(task, tests=(clips, turned)))
    np.testing.assert_allclose(other, one, atol=1e-5)
    assert not np.allclose(one[0], one[1], atol=1e-5)


def test_what_is_told_is_mirrored_with_the_clip(samples: FlowSamples) -> None:
    train = task_of(samples).train
    seen = np.tile(np.linspace(0.1, 1, 12, dtype=np.float32), (len(train), 1))
    config = tiny_config(mix=0.0, cover=0.0, shift=0.0, turn=0.0, scale=0.0)
    lesson = lesson_of(config, FoldTask("f", train.with_flow(train.flow, seen), ()))
    batch = draw_batch(config, lesson, torch.arange(len(train)), torch.Generator().manual_seed(0))
    same = torch.isclose(batch.maps[:, 2], lesson.maps[:, 2], atol=1e-4).flatten(1).all(dim=1).numpy()
    assert 0 < same.sum() < len(same)
    np.testing.assert_allclose(batch.told[same], seen[same])
    np.testing.assert_allclose(batch.told[~same], seen[~same][:, list(MIRROR)])


def test_what_is_hidden_in_either_clip_is_hidden_in_their_mix(samples: FlowSamples) -> None:
    train = task_of(samples).train
    seen = np.ones((len(train), 12), np.float32)
    seen[::2] = 0.5
    config = tiny_config(cover=0.0)
    lesson = lesson_of(config, FoldTask("f", train.with_flow(train.flow, seen), ()))
    batch = draw_batch(config, lesson, torch.arange(len(train)), torch.Generator().manual_seed(0))
    assert (batch.told[::2] == 0.5).all()
    assert 0 < (batch.told[1::2] == 0.5).all(dim=1).sum() < len(train) // 2


def test_a_running_mean_is_kept(samples: FlowSamples) -> None:
    last, mean = (scores(tiny_config(average=average), task_of(samples)) for average in (0.0, 0.9))
    assert not np.allclose(last, mean, atol=1e-6)


def test_the_loss_is_that_of_one_clip_after_the_other(samples: FlowSamples) -> None:
    config, task = tiny_config(cover=1.0, untold=0.5, smoothing=0.2), task_of(samples)
    lesson, source = lesson_of(config, task), torch.Generator().manual_seed(0)
    batch = draw_batch(config, lesson, torch.arange(12), source)
    assert batch.untold.any()
    assert torch.equal(batch.told[~batch.untold], batch.visible[~batch.untold])
    assert (batch.told[batch.untold] == 1).all()
    logits, attention = torch.randn(12, 3, generator=source), torch.rand(12, 12, generator=source)
    classes = [
        -sum((0.8 * row[k] + 0.2 * row.sum() / 3) * said.log_softmax(dim=0)[k] for k in range(3))
        for row, said in zip(batch.targets, logits, strict=True)
    ]
    hits = [
        -torch.log(a if v >= 0.3 else 1 - a)
        for n in range(12)
        if batch.untold[n]
        for a, v in zip(attention[n], batch.visible[n], strict=True)
    ]
    expected = sum(classes) / 12 + config.hidden_weight * sum(hits) / len(hits)
    torch.testing.assert_close(loss_of(config, batch, logits, attention), expected)
    assert inputs_of(config, batch, source).isfinite().all()


def test_rare_classes_weigh_more_as_balance_says(samples: FlowSamples) -> None:
    few = samples.pick(np.concatenate([np.flatnonzero(samples.labels == 0), np.flatnonzero(samples.labels == 1)[:2]]))
    for balance, ratio in ((0.0, 1.0), (1.0, 4.0)):
        targets = lesson_of(tiny_config(balance=balance), FoldTask("f", few, ())).targets
        weights = targets.sum(dim=1).numpy()
        assert weights.mean() == pytest.approx(1)
        assert weights[-1] / weights[0] == pytest.approx(ratio)


def test_wrong_settings_are_told(samples: FlowSamples, tmp_path: Path) -> None:
    (tmp_path / "none.yaml").write_text("scratch: 0\ntuned: 0\n", encoding="utf-8")
    with pytest.raises(UsageError, match="train one network at least"):
        load_config(RegionalFoldConfig, tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="scarff"):
        scores(tiny_config(covers={"scarff": 1.0}), task_of(samples))
    with pytest.raises(MissingError, match="missing"):
        scores(tiny_config(tuned=1, ready="nothing"), task_of(samples))
