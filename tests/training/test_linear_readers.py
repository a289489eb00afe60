from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from multimodal.data.samples import FlowSamples
from multimodal.training import flow_features
from multimodal.training.classifiers.base import FoldTask
from multimodal.training.linear_readers import STRENGTH, moved, read_linearly
from multimodal.training.regional_folds import fit
from tests.fake_regional import tiny_config
from tests.fake_samples import fake_samples

CONFIG = tiny_config(covers={"block:0.2": 1.0}, bank=8)


@pytest.fixture(scope="module")
def samples() -> FlowSamples:
    return fake_samples()


def task_of(samples: FlowSamples, visibility: np.ndarray | None = None, seed: int = 0) -> FoldTask:
    people = sorted(set(samples.subjects))
    held_out = np.array([who in people[:2] for who in samples.subjects])
    test = samples.pick(held_out)
    if visibility is not None:
        test = test.with_flow(test.flow, np.tile(visibility.astype(np.float32), (len(test), 1)))
    return FoldTask("fold", samples.pick(~held_out), (test.sealed(),), seed)


def test_a_map_moves_where_it_is_told_to() -> None:
    maps = torch.zeros(1, 3, 28, 28)
    maps[..., 5, 9] = 1
    assert moved(maps, 1, 0)[0, 0, 5, 10] == moved(maps, 0, -1)[0, 0, 4, 9] == 1
    assert torch.equal(moved(maps, 0, 0), maps)
    edge = torch.arange(28.0).expand(1, 3, 28, 28)
    assert moved(edge, 1, 0)[0, 0, 0, :3].tolist() == [0, 0, 1]


def test_free_faces_are_read_by_plain_logistic_regression_on_moved_and_mirrored_maps(samples: FlowSamples) -> None:
    task = task_of(samples)
    rows, labels = [], []
    for flip in (False, True):
        for across, down in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)):
            for flow, label in zip(task.train.flow, task.train.labels, strict=True):
                one = flow[:, :, ::-1].copy() if flip else flow.copy()
                if flip:
                    one[0] = 2 * flow[0].mean() - one[0]
                padded = np.pad(one, ((0, 0), (1, 1), (1, 1)), mode="edge")
                rows.append(padded[:, 1 - down : 29 - down, 1 - across : 29 - across])
                labels.append(label)
    features = flow_features.centred(np.stack(rows))
    scaler = StandardScaler().fit(features)
    counts = np.bincount(task.train.labels)
    weights = counts[labels] ** -CONFIG.balance
    model = LogisticRegression(C=STRENGTH / 10, max_iter=2000)
    model.fit(scaler.transform(features), labels, sample_weight=weights / weights.mean())
    plain = task.tests[0].flow
    turned = plain[..., ::-1].copy()
    turned[:, 0] = 2 * plain[:, 0].mean(axis=(1, 2), keepdims=True) - turned[:, 0]
    pair = [model.predict_proba(scaler.transform(flow_features.centred(flow))) for flow in (plain, turned)]
    expected = np.sqrt(pair[0] * pair[1])
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(read_linearly(CONFIG, task)[0], expected, atol=2e-3)


def test_covered_faces_have_a_reader_of_their_own(samples: FlowSamples) -> None:
    half = np.ones(12)
    half[:3] = 0.5
    free, covered = read_linearly(CONFIG, task_of(samples))[0], read_linearly(CONFIG, task_of(samples, half))[0]
    assert np.abs(free - covered).max() > 1e-3
    np.testing.assert_allclose(covered.sum(axis=1), 1)


def test_chance_comes_from_the_seed_alone(samples: FlowSamples) -> None:
    half = np.full(12, 0.5)
    first, again = (read_linearly(CONFIG, task_of(samples, half))[0] for _ in range(2))
    other = read_linearly(CONFIG, task_of(samples, half, seed=1))[0]
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


def test_one_class_is_all_that_one_class_teaches(samples: FlowSamples) -> None:
    task = task_of(samples)
    task = replace(task, train=task.train.pick(task.train.labels == 1))
    assert (read_linearly(CONFIG, task)[0] == np.eye(len(samples.classes))[1]).all()


def test_the_linear_share_is_a_share_of_the_logarithms(samples: FlowSamples) -> None:
    task = task_of(samples)
    alone, both = (fit(CONFIG.model_copy(update={"linear": share}), task)[0] for share in (0.0, 0.4))
    mean = 0.6 * np.log(alone.clip(1e-9)) + 0.4 * np.log(read_linearly(CONFIG, task)[0].clip(1e-9))
    np.testing.assert_allclose(both, np.exp(mean) / np.exp(mean).sum(axis=1, keepdims=True), atol=1e-9)
