from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_samples import fake_samples
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError
from multimodal.evaluation.protocols import PROTOCOLS, folds_of


def samples_of(owners: list[int], sets: list[int], labels: list[int]) -> FlowSamples:
    count = len(owners)
    datasets = tuple(f"d{sets[who % len(sets)]}" for who in owners)
    subjects = tuple(f"{dataset}/p{who}" for dataset, who in zip(datasets, owners, strict=True))
    flow, seen = np.zeros((count, 3, 28, 28), np.float32), np.ones((count, 12), np.float32)
    labels_ = np.resize(np.array(labels, np.int64), count)
    return FlowSamples(flow, seen, labels_, subjects, datasets, tuple(str(i) for i in range(count)))


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 9), min_size=4, max_size=40),
    st.lists(st.integers(0, 2), min_size=1, max_size=10),
    st.lists(st.integers(0, 2), min_size=1, max_size=9),
    st.sampled_from(sorted(PROTOCOLS)),
    st.integers(2, 6),
)
def test_nobody_is_on_both_sides_and_every_clip_is_tested_once(
    owners: list[int], sets: list[int], labels: list[int], protocol: str, k: int
) -> None:
    samples = samples_of(owners, sets, labels)
    try:
        folds = folds_of(protocol, samples, k)
    except UsageError:
        people, found = len(set(samples.subjects)), len(set(samples.datasets))
        short = {"loso": people < 2, "cde": found < 2, "cross": found < 2, "hde": found != 2, "kfold": people < k}
        assert short[protocol]
        return
    assert sorted(np.concatenate([fold.test for fold in folds]).tolist()) == list(range(len(samples)))
    subjects = np.array(samples.subjects)
    for fold in folds:
        assert not set(subjects[fold.train]) & set(subjects[fold.test])
        assert len(fold.train) + len(fold.test) == len(samples)


def test_loso_holds_each_subject_out_and_cross_each_data_set() -> None:
    samples = fake_samples()
    assert [fold.name for fold in folds_of("loso", samples)] == sorted(set(samples.subjects))
    assert [fold.name for fold in folds_of("cross", samples)] == ["casme2", "smic"]
    assert len(folds_of("hde", samples)) == 2


def test_equal_names_in_two_data_sets_are_two_people() -> None:
    samples = samples_of([1, 1, 2, 2], [0], [0])
    twice = replace(samples, subjects=("d0/p1", "d1/p1", "d0/p2", "d1/p2"), datasets=("d0", "d1", "d0", "d1"))
    assert len(folds_of("cde", twice)) == 4


def test_kfold_is_the_same_for_a_seed_and_another_for_another() -> None:
    samples = fake_samples(people=12)
    one, same, other = (folds_of("kfold", samples, 4, seed) for seed in (0, 0, 1))
    assert all((a.test == b.test).all() for a, b in zip(one, same, strict=True))
    assert any(a.test.tolist() != b.test.tolist() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("protocol", "k", "message"), [("lose", 2, "unknown protocol"), ("kfold", 9, r"--folds between 2 and 6")]
)
def test_what_cannot_be_parted_is_refused(protocol: str, k: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        folds_of(protocol, fake_samples(), k)
