from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_spotting import fake_clip, fake_film
from hypothesis import given
from hypothesis import strategies as st

from multimodal.expression.zoo.systems import SystemConfig, systems, systems_for
from multimodal.training.spotting_nets import (
    SIGMA,
    Lesson,
    apex_lesson,
    centred,
    interval_lesson,
    nearness,
    overlap,
    scores,
    train,
)

SHAPES = {"onset_flow": (3, 28, 28), "strips": (3, 42, 42)}


@pytest.fixture(params=list(systems_for("spot")))
def one(request: pytest.FixtureRequest) -> SystemConfig:
    return systems()[request.param]


def eight(given: SystemConfig) -> Lesson:
    """Eight frames, half of which are to score 1, that any network can learn by heart."""
    wanted = torch.tensor([0.0, 1.0] * 4)
    rows = torch.rand(8, *SHAPES[given.inputs[0]], generator=torch.Generator().manual_seed(3))
    rows[:, :, :14] += 2 * wanted[:, None, None, None]
    return Lesson(rows, wanted)


def test_it_learns_eight_frames_by_heart(one: SystemConfig) -> None:
    lesson = eight(one)
    quick = one.model_copy(update={"epochs": 60, "batch": 4, "learning_rate": max(one.learning_rate, 1e-3)})
    found = scores(train(quick, lesson, 1), lesson.rows)
    assert found[1::2].min() > found[::2].max() + 0.5


def test_a_seed_gives_one_network(one: SystemConfig) -> None:
    quick, lesson = one.model_copy(update={"epochs": 1, "batch": 4}), eight(one)
    before = torch.random.get_rng_state()
    first, again, other = (scores(train(quick, lesson, seed), lesson.rows) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    assert torch.equal(before, torch.random.get_rng_state())


def test_bytes_stand_for_0_to_1(one: SystemConfig) -> None:
    network = train(one.model_copy(update={"epochs": 1}), eight(one), 1)
    rows = torch.randint(0, 256, (5, *SHAPES[one.inputs[0]]), dtype=torch.uint8)
    np.testing.assert_allclose(scores(network, rows), scores(network, rows.float() / 255, batch=2), atol=1e-5)


@given(
    st.integers(1, 40),
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 39), st.integers(0, 9)).map(lambda p: (p[0], p[0] + p[1])), max_size=4),
)
def test_pseudo_labels_are_where_the_pair_of_frames_meets_an_expression(
    count: int, half: int, truth: list[tuple[int, int]]
) -> None:
    slow = [
        float(any(set(range(n - half // 2, n - half // 2 + half + 1)) & set(range(a, b + 1)) for a, b in truth))
        for n in range(count)
    ]
    assert overlap(count, half, truth).tolist() == slow


def test_the_target_is_a_gaussian_about_the_apex() -> None:
    near = nearness(np.array([0, 1, 2, 4, 5]), 4)
    assert near[3] == 1
    assert near[0] == pytest.approx(np.exp(-0.5 * (4 / SIGMA) ** 2))
    assert near[4] == pytest.approx(np.exp(-0.5 / SIGMA**2))


def test_unit_and_head_motion_drop_out_and_the_rise_stays() -> None:
    flow = fake_clip(6).motion.flow
    shifted = 2.5 * flow + np.linspace(0, 9, len(flow))[:, None, None, None].astype(np.float32)
    torch.testing.assert_close(centred(flow), centred(shifted.astype(np.float32)), atol=1e-3, rtol=1e-3)
    strength = centred(flow).abs().mean(dim=(1, 2, 3))
    assert int(strength.argmax()) == 6
    assert strength[1] < 0.5 * strength[6]
    assert (centred(np.zeros((3, 3, 28, 28), np.float32)) == 0).all()


def test_lessons_have_a_row_a_frame_that_can_be_seen() -> None:
    clips = (fake_clip(3, 9), fake_clip(33, 50))
    lesson = apex_lesson(clips, frames=12)
    assert len(lesson.rows) == len(lesson.wanted) == 9 + 13
    assert (lesson.wanted == 1).sum() == 2
    torch.testing.assert_close(lesson.rows[3], centred(clips[0].motion.flow)[3])
    film = fake_film({"micro": ((40, 52),), "macro": ((80, 120),)})
    for kind in ("micro", "macro"):
        scale = film.film.scales[kind]
        lesson = interval_lesson([film, film], kind)
        assert lesson.rows.dtype == torch.uint8
        assert len(lesson.rows) == len(lesson.wanted) == 2 * scale.there.sum()
        first, last = film.truth[kind][0]
        assert lesson.wanted.sum() == 2 * (last - first + 1 + scale.half)
