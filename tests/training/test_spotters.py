"""Every spotter, whatever is in the registries."""

from __future__ import annotations

import numpy as np
import pytest
from fake_spotting import fake_clips, fake_film

from multimodal.data.spotting.videos import Kind
from multimodal.evaluation.spotted import count
from multimodal.expression.peaks import peak_intervals
from multimodal.expression.zoo.systems import systems_for
from multimodal.training.spotters import networks
from multimodal.training.spotters.apex import magnitude
from multimodal.training.spotters.base import (
    ApexSpotter,
    ApexTask,
    CodedFilm,
    IntervalSpotter,
    IntervalTask,
    apex_spotters,
    interval_spotters,
)
from multimodal.training.spotters.intervals import chosen, waves_of

CLIPS = fake_clips(3, 4)


def film(who: int = 0, seed: int = 0) -> CodedFilm:
    return fake_film({"micro": ((40, 52), (70, 80)), "macro": ((95, 135),)}, 150, who, seed)


@pytest.fixture(params=list(apex_spotters()))
def apex(request: pytest.FixtureRequest) -> ApexSpotter:
    return quick(apex_spotters()[request.param])


@pytest.fixture(params=list(interval_spotters()))
def intervals(request: pytest.FixtureRequest) -> IntervalSpotter:
    return quick(interval_spotters()[request.param])


def quick(spotter):  # type: ignore[no-untyped-def]
    """Let networks learn for less long, but learn."""
    if isinstance(spotter, (networks.ApexNetwork, networks.IntervalNetwork)):
        faster = {"epochs": 12, "learning_rate": 2 * spotter.system.learning_rate}
        return type(spotter)(spotter.system.model_copy(update=faster))
    return spotter


def test_every_spotting_system_is_a_spotter() -> None:
    assert set(systems_for("spot")) <= {*apex_spotters(), *interval_spotters()}
    assert {"middle", "magnitude-peak", "magnitude-peak-smooth"} <= set(apex_spotters())
    assert {"live", "magnitude-peak", "of-fd"} <= set(interval_spotters())


def test_apexes_are_frames_of_the_clip_and_repeat(apex: ApexSpotter) -> None:
    task = ApexTask("a", CLIPS[:8], [clip.motion for clip in CLIPS[8:]], 1)
    found = apex.spot(task)
    assert all(frame in clip.motion.numbers for frame, clip in zip(found, CLIPS[8:], strict=True))
    assert apex.spot(task) == found


def test_an_apex_spotter_that_looks_is_nearer_than_the_middle(apex: ApexSpotter) -> None:
    if type(apex).__name__ == "Middle":
        return
    task = ApexTask("a", CLIPS[:8], [clip.motion for clip in CLIPS[8:]], 1)
    truth = np.array([clip.apex for clip in CLIPS[8:]])
    blind = np.abs(np.array(apex_spotters()["middle"].spot(task)) - truth).mean()
    assert np.abs(np.array(apex.spot(task)) - truth).mean() < 0.7 * blind


def test_intervals_lie_in_the_video_and_repeat(intervals: IntervalSpotter) -> None:
    for kind in intervals.kinds:
        task = IntervalTask("a", kind, [film(1)], [film(2).film, film(3, 1).film], 1)
        found = intervals.spot(task)
        assert len(found) == 2
        assert all(0 <= first <= last < 150 for video in found for first, last in video)
        assert intervals.spot(task) == found


def test_plain_micro_expressions_are_spotted(intervals: IntervalSpotter) -> None:
    test = film(2)
    found = intervals.spot(IntervalTask("a", "micro", [film(1)], [test.film], 1))[0]
    assert count(found, test.truth["micro"], 0.3).tp == 2


def test_the_live_spotter_knows_no_macro_expressions() -> None:
    assert interval_spotters()["live"].kinds == ("micro",)


def test_a_lost_face_makes_the_live_spotter_forget() -> None:
    test = film().film
    blind = [None if 44 <= number < 48 else motion for number, motion in enumerate(test.motions)]
    lost = type(test)(test.fps, tuple(blind), test.scales)
    live = interval_spotters()["live"]
    seen, unseen = (live.spot(IntervalTask("a", "micro", [], [one]))[0] for one in (test, lost))
    assert any(38 <= first <= 46 for first, _ in seen)
    assert not any(38 <= first <= 46 for first, _ in unseen)


def test_thresholds_come_from_the_training_side_or_are_those_set_beforehand() -> None:
    kind: Kind = "micro"

    def spotted(one: CodedFilm, p: float) -> list[tuple[int, int]]:
        scale = one.film.scales[kind]
        return peak_intervals(scale.magnitude, scale.there, scale.half, p)

    empty = fake_film({}, 150)
    assert chosen((0.1, 0.9), 0.55, [], kind, spotted) == 0.55
    assert chosen((0.1, 0.9), 0.55, [empty], kind, spotted) == 0.55
    wild = chosen((0.01, 0.5), 0.55, [film()], kind, lambda one, p: list(film().truth[kind]) if p > 0.1 else [])
    assert wild == 0.5
    assert chosen((0.3, 0.5), 0.55, [film()], kind, lambda one, p: []) == 0.3


def test_waves_have_the_length_of_their_kind() -> None:
    one = film()
    for kind, (shortest, longest) in {"micro": (2, 15), "macro": (15, 120)}.items():
        lengths = [wave.last - wave.first + 1 for wave in waves_of(one.film, kind)]  # type: ignore[arg-type]
        assert lengths
        assert shortest <= min(lengths) <= max(lengths) <= longest


def test_magnitude_is_the_mean_length_over_the_face() -> None:
    still = CLIPS[0].motion
    assert magnitude(still)[0] == 0
    assert magnitude(still).argmax() == pytest.approx(CLIPS[0].apex, abs=1)
