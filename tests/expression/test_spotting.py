from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.expression.spotting import MicroExpressionSpotter, Spotted, SpottingConfig, level
from multimodal.results import REGIONS, Motion

MOUTH = ("mouth_corner_left", "mouth_corner_right", "upper_lip", "chin")
BLINK = {"eye_left": 1.8, "eye_right": 1.8, "brow_outer_left": 1.7, "brow_outer_right": 1.7, "brow_inner_left": 1.0}


def bump(times: np.ndarray, start: float, rise: float, fall: float) -> np.ndarray:
    up = np.clip((times - start) / rise, 0, 1)
    down = np.clip((times - start - rise) / fall, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 + 0.5 * np.cos(np.pi * down))


def motions(
    curve: np.ndarray, times: np.ndarray, parts: dict[str, float], noise: float = 0.05, seed: int = 0
) -> list[Motion]:
    rng = np.random.default_rng(seed)
    strength = np.array([parts.get(name, 0.0) for name in REGIONS])
    energy = np.abs(curve[:, None] * strength + noise * rng.normal(size=(len(times), 12)))
    seen = np.ones(12)
    return [Motion(n, float(t), e, seen, float(times[0])) for n, (t, e) in enumerate(zip(times, energy, strict=True))]


def spot(rows: list[Motion], config: SpottingConfig | None = None) -> list[Spotted]:
    spotter = MicroExpressionSpotter(config)
    return [found for found in map(spotter.push, rows) if found is not None]


def smile(strength: float = 2.0) -> dict[str, float]:
    return dict.fromkeys(MOUTH, strength)


@settings(max_examples=60)
@given(
    start=st.floats(300, 900),
    rise=st.floats(80, 280),
    fall=st.floats(80, 200),
    strength=st.floats(1.0, 5.0),
    fps=st.sampled_from([25.0, 30.0, 60.0, 100.0]),
)
def test_a_micro_expression_is_spotted_once_and_timed(
    start: float, rise: float, fall: float, strength: float, fps: float
) -> None:
    times = np.arange(0, 2000, 1000 / fps)
    found = spot(motions(bump(times, start, rise, fall), times, smile(strength), noise=0.02))
    assert len(found) == 1
    slack = 1000 / fps
    assert found[0].onset_ms == pytest.approx(start, abs=0.35 * rise + slack)
    # Noise shifts the peak of a flat top.
    assert found[0].apex_ms == pytest.approx(start + rise, abs=0.3 * (rise + fall) / 2 + slack)
    assert start + rise < found[0].offset_ms <= start + rise + 0.7 * fall + slack


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), noise=st.floats(0.0, 0.25), fps=st.sampled_from([15.0, 30.0, 60.0]))
def test_noise_alone_is_none(seed: int, noise: float, fps: float) -> None:
    times = np.arange(0, 3000, 1000 / fps)
    assert spot(motions(np.zeros(len(times)), times, {}, noise, seed)) == []


@pytest.mark.parametrize(("rise", "fall"), [(600, 200), (900, 900), (20, 1200), (250, 900)])
def test_a_slow_movement_is_none(rise: float, fall: float) -> None:
    times = np.arange(0, 3000, 1000 / 30)
    assert spot(motions(bump(times, 500, rise, fall), times, smile())) == []


@settings(max_examples=30)
@given(rise=st.floats(60, 400), hold=st.floats(600, 1500))
def test_a_movement_that_stays_is_none(rise: float, hold: float) -> None:
    times = np.arange(0, 3000, 1000 / 30)
    curve = np.clip((times - 500) / rise, 0, 1) * (times < 500 + rise + hold)
    assert spot(motions(curve, times, smile())) == []


def test_a_blink_is_none_and_the_same_course_elsewhere_is_one() -> None:
    times = np.arange(0, 1500, 1000 / 30)
    curve = bump(times, 600, 100, 130)
    assert spot(motions(curve, times, BLINK)) == []
    assert len(spot(motions(curve, times, smile()))) == 1
    brows = {name: 1.8 for name in REGIONS if name.startswith("brow")}
    assert len(spot(motions(curve, times, brows))) == 1
    wink = {"eye_left": 1.8, "brow_outer_left": 1.7, "brow_inner_left": 1.0}
    assert len(spot(motions(curve, times, wink))) == 1


def test_the_same_peak_counts_only_above_the_persons_own_noise() -> None:
    times = np.arange(0, 4000, 1000 / 30)
    curve = bump(times, 3000, 150, 150)
    speech = np.abs(np.sin(times / 60.0)) * (times < 4000)
    restless = motions(curve + speech, times, smile(1.0))
    calm = motions(curve, times, smile(1.0))
    assert len(spot(calm)) == 1
    assert not [found for found in spot(restless) if found.apex_ms > 1500]


def test_a_twitch_of_two_frames_is_none() -> None:
    times = np.arange(0, 1500, 1000 / 30)
    curve = np.isin(np.arange(len(times)), [20]) * 1.0
    assert spot(motions(curve, times, smile())) == []


def test_putting_a_mask_on_is_none() -> None:
    times = np.arange(0, 2000, 1000 / 30)
    rows = motions(bump(times, 1000, 150, 150), times, dict.fromkeys(REGIONS[:8], 2.0))
    lower = np.array([name in MOUTH for name in REGIONS])
    for hidden, spotted in ((0.0, 0), (1.0, 1)):
        seen = [np.where(lower & (row.t_ms > 1100), hidden, row.visibility) for row in rows]
        covered = [replace(row, visibility=one) for row, one in zip(rows, seen, strict=True)]
        assert len(spot(covered)) == spotted


def test_a_movement_too_large_for_a_micro_expression_is_none() -> None:
    times = np.arange(0, 1500, 1000 / 30)
    curve = bump(times, 600, 120, 150)
    assert spot(motions(curve, times, smile(12.0))) == []
    assert len(spot(motions(curve, times, smile(4.0)))) == 1


def test_hidden_regions_do_not_count() -> None:
    times = np.arange(0, 1500, 1000 / 30)
    rows = motions(bump(times, 600, 120, 150), times, smile())
    hidden = np.array([float(name not in MOUTH) for name in REGIONS])
    assert spot([Motion(r.index, r.t_ms, r.energy, hidden, r.anchor_ms) for r in rows]) == []


def test_a_change_of_the_anchor_or_a_gap_is_no_fall() -> None:
    times = np.arange(0, 1500, 1000 / 30)
    rising = np.clip((times - 600) / 150, 0, 1) * (times <= 800)
    rows = motions(rising, times, smile())
    assert len(spot(rows)) == 1
    anchored = [Motion(r.index, r.t_ms, r.energy, r.visibility, 0.0 if r.t_ms <= 800 else 800.0) for r in rows]
    assert spot(anchored) == []
    late = [Motion(r.index, r.t_ms + (500.0 if r.t_ms > 800 else 0.0), r.energy, r.visibility, 0.0) for r in rows]
    assert spot(late) == []


def test_calm_anchors_renewed_every_so_often_do_not_hinder() -> None:
    times = np.arange(0, 1500, 1000 / 30)
    rows = motions(bump(times, 700, 120, 150), times, smile())
    anchored = [Motion(r.index, r.t_ms, r.energy, r.visibility, min(r.t_ms // 200 * 200, 600.0)) for r in rows]
    assert len(spot(anchored)) == 1


def test_reset_forgets() -> None:
    times = np.arange(0, 1500, 1000 / 30)
    rows = motions(bump(times, 600, 120, 150), times, smile())
    spotter = MicroExpressionSpotter()
    first = [spotter.push(row) for row in rows]
    spotter.reset()
    assert [spotter.push(row) for row in rows] == first


def test_memory_is_bounded() -> None:
    times = np.arange(0, 8_000, 10.0)
    spotter = MicroExpressionSpotter()
    for row in motions(np.zeros(len(times)), times, {}):
        spotter.push(row)
    assert len(spotter._times) < 200
    assert len(spotter._noise) < 400


def test_a_part_of_the_face_is_enough_for_the_level() -> None:
    assert level(np.array([3.0, 3.0, 3.0] + [0.0] * 9)) == 3.0
