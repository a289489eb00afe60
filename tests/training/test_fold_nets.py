from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
import torch
from fake_samples import fake_samples

from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError
from multimodal.evaluation.classification import uf1
from multimodal.evaluation.protocols import folds_of
from multimodal.training import fold_nets_together
from multimodal.training.classifiers.base import FoldTask
from multimodal.training.fold_nets import NetConfig, fit_alone, scaled, threads, trace_alone
from multimodal.training.fold_nets_together import fit_together, trace_together

TINY = NetConfig(epochs=4, batch=8, learning_rate=1e-4)

TOLERANCE = 1e-3
"""Of probabilities. Where a channel's ReLU lets everything through, batch norm cancels the bias before it: that bias's
gradient is rounding noise, of which Adam makes whole steps. So float32 sums in another order show."""


@pytest.fixture(scope="module")
def samples() -> FlowSamples:
    """Five people with 3, 5, 7, 9 and 11 clips, so that folds differ in size and in their number of steps."""
    whole = fake_samples(people=5, clips=11)
    sizes = np.repeat([3, 5, 7, 9, 11], 11)
    return whole.pick(np.tile(np.arange(11), 5) < sizes)


def tasks_of(samples: FlowSamples, seed: int = 0, probe: FlowSamples | None = None) -> list[FoldTask]:
    """The folds of leave-one-subject-out; the probe, where given, is named in every fold too."""
    extra = () if probe is None else (probe.sealed(),)
    return [
        FoldTask(fold.name, samples.pick(fold.train), (samples.pick(fold.test).sealed(), *extra), seed)
        for fold in folds_of("loso", samples)
    ]


@pytest.mark.parametrize("scaling", ["unit", "centred"])
def test_folds_together_equal_folds_alone(samples: FlowSamples, scaling: str) -> None:
    config = TINY.model_copy(update={"scaling": scaling})
    tasks = tasks_of(samples, probe=fake_samples(people=2, clips=5, seed=3))
    assert len({-(-len(task.train) // config.batch) for task in tasks}) > 1
    for alone, together in zip((fit_alone(config, task) for task in tasks), fit_together(config, tasks), strict=True):
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_allclose(many, one, atol=TOLERANCE)
            assert (many.argmax(axis=1) == one.argmax(axis=1)).all()


def test_traces_agree_and_end_where_the_fit_ends(samples: FlowSamples) -> None:
    tasks = tasks_of(samples)
    fitted = fit_together(TINY, tasks)
    for task, traces, scores in zip(tasks, trace_together(TINY, tasks), fitted, strict=True):
        assert traces[0].shape == (TINY.epochs, len(task.tests[0]), 3)
        assert np.array_equal(traces[0][-1], scores[0])
        alone = trace_alone(TINY, task)
        np.testing.assert_allclose(traces[0], alone[0], atol=TOLERANCE)
        assert np.array_equal(alone[0][-1], fit_alone(TINY, task)[0])


def test_the_same_seed_gives_the_same_numbers_whatever_the_threads(
    samples: FlowSamples, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = tasks_of(samples)
    monkeypatch.setattr(fold_nets_together, "_CLIPS", 8)  # several cohorts
    first = fit_together(TINY, tasks, workers=1)
    torch.manual_seed(99)  # nothing comes from the state of the process
    for again in (fit_together(TINY, tasks, workers=1), fit_together(TINY, tasks, workers=3)):
        for one, other in zip(first, again, strict=True):
            assert np.array_equal(one[0], other[0])


def test_another_seed_gives_other_numbers(samples: FlowSamples) -> None:
    one, other = (fit_together(TINY, tasks_of(samples, seed)[:1])[0][0] for seed in (0, 1))
    assert not np.allclose(one, other)


def test_a_fold_does_not_hang_on_its_company(samples: FlowSamples) -> None:
    tasks = tasks_of(samples)
    whole = fit_together(TINY, tasks)
    for number, task in enumerate(tasks):
        assert np.array_equal(fit_together(TINY, [task])[0][0], whole[number][0])


def test_folds_in_turns_equal_folds_at_once(samples: FlowSamples, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = tasks_of(samples)
    whole = fit_together(TINY, tasks)
    monkeypatch.setattr(fold_nets_together, "_AT_ONCE", 2 * tasks[0].train.flow.nbytes)
    for one, other in zip(fit_together(TINY, tasks), whole, strict=True):
        assert np.array_equal(one[0], other[0])


@pytest.mark.parametrize("what", ["labels", "pixels"])
def test_a_poisoned_clip_changes_every_fold_but_its_own(samples: FlowSamples, what: str) -> None:
    probe = fake_samples(people=2, clips=4, seed=5)
    victim = samples.subjects[0]
    rows = np.array([subject == victim for subject in samples.subjects])
    if what == "labels":
        poisoned = dataclasses.replace(samples, labels=np.where(rows, (samples.labels + 1) % 3, samples.labels))
    else:
        noise = np.random.default_rng(0).normal(0, 9, samples.flow.shape).astype(np.float32)
        poisoned = samples.with_flow(
            np.where(rows[:, None, None, None], noise, samples.flow).astype(np.float32), samples.visibility
        )
    before, after = (tasks_of(some, probe=probe) for some in (samples, poisoned))
    for task, clean, dirty in zip(before, fit_together(TINY, before), fit_together(TINY, after), strict=True):
        assert np.array_equal(clean[1], dirty[1]) == (task.name == victim)


def test_what_fails_in_one_cohort_stops_all(samples: FlowSamples, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    step = fold_nets_together._Cohort._step

    def failing(self: object, rows: object, chance: object) -> None:
        calls.append(1)
        if len(calls) == 10:
            raise MemoryError("no room")
        step(self, rows, chance)

    monkeypatch.setattr(fold_nets_together._Cohort, "_step", failing)
    monkeypatch.setattr(fold_nets_together, "_CLIPS", 8)
    with pytest.raises(MemoryError, match="no room"):
        fit_together(TINY.model_copy(update={"epochs": 1000}), tasks_of(samples))
    assert len(calls) < 200


def test_it_learns_what_there_is_to_learn() -> None:
    samples = fake_samples(people=5, clips=12, strength=6)
    config = NetConfig(epochs=40, batch=8, learning_rate=3e-3)
    tasks, guesses = tasks_of(samples), np.zeros(len(samples), np.int64)
    for fold, scores in zip(folds_of("loso", samples), fit_together(config, tasks), strict=True):
        guesses[fold.test] = scores[0].argmax(axis=1)
        np.testing.assert_allclose(scores[0].sum(axis=1), 1, atol=1e-6)
    assert uf1(samples.labels.tolist(), guesses.tolist()) > 0.9


def test_one_class_folds_and_folds_without_tests_go_through(samples: FlowSamples) -> None:
    one = samples.pick(samples.labels == 0)
    learned, test = one.pick(np.arange(len(one)) > 2), one.pick(np.arange(len(one)) <= 2)
    tasks = [FoldTask("a", learned, (test.sealed(),)), FoldTask("b", learned, ())]
    first, second = fit_together(TINY.model_copy(update={"epochs": 30}), tasks)
    assert (first[0].argmax(axis=1) == 0).all()
    assert second == []
    assert trace_together(TINY, tasks)[1] == []


def test_no_fold_is_no_work() -> None:
    assert fit_together(TINY, []) == []
    assert trace_together(TINY, []) == []


def test_unit_maps_are_the_published_ones_and_centred_maps_forget_scale_and_offset(samples: FlowSamples) -> None:
    published = samples.with_flow(np.round(samples.flow * 10).astype(np.float32), samples.visibility)
    unit = scaled(published, "unit")
    assert unit.amin(dim=(2, 3)).eq(0).all()
    assert unit.amax(dim=(2, 3)).eq(1).all()
    other = samples.with_flow((3 * samples.flow - 7).astype(np.float32), samples.visibility)
    torch.testing.assert_close(scaled(other, "centred"), scaled(samples, "centred"), atol=1e-4, rtol=1e-4)
    still = samples.with_flow(np.ones_like(samples.flow), samples.visibility)
    assert scaled(still, "unit").eq(0).all()


def test_together_takes_less_time_of_the_processor() -> None:
    samples = fake_samples(people=6, clips=30)
    tasks, config = tasks_of(samples), NetConfig(epochs=3, batch=40)
    fit_together(config, tasks[:1])  # compiles

    def seconds(work: object) -> float:
        began = time.process_time()
        work()  # type: ignore[operator]
        return time.process_time() - began

    with threads(1):
        plain = min(seconds(lambda: [fit_alone(config, task) for task in tasks]) for _ in range(2))
    together = min(seconds(lambda: fit_together(config, tasks, workers=1)) for _ in range(2))
    assert plain > 2 * together


def test_the_number_of_threads_is_put_back() -> None:
    before = torch.get_num_threads()
    with threads(2):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before


def test_unknown_networks_are_named(samples: FlowSamples) -> None:
    with pytest.raises(UsageError, match="unknown expression model 'nothing'"):
        fit_alone(NetConfig(model="nothing"), tasks_of(samples)[0])
