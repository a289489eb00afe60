from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from multimodal.config import load_config, shipped
from multimodal.data.people.priors import PeopleConfig, default_config, draw_shares, sample_event, unit_shares
from multimodal.errors import UsageError

SAME = {"happy": "happiness", "sad": "sadness"}


def test_events_are_reproducible_and_in_range() -> None:
    for seed in range(200):
        event = sample_event(np.random.default_rng(seed))
        assert event == sample_event(np.random.default_rng(seed))
        assert event.units
        assert all(0 < level < 0.65 for level in event.units.values())
        assert 60 <= event.onset_apex_ms <= event.total_ms - 59.9


def test_timing_follows_the_quantiles() -> None:
    rng = np.random.default_rng(0)
    events = [sample_event(rng) for _ in range(3000)]
    quantiles = np.quantile([event.onset_apex_ms for event in events], [0.1, 0.5, 0.9])
    np.testing.assert_allclose(quantiles, [100, 200, 285], rtol=0.08)


def test_classes_can_be_asked_for() -> None:
    rng = np.random.default_rng(1)
    counts = Counter(unit for _ in range(300) for unit, _ in sample_event(rng, expression="surprise").units)
    assert set(dict(counts.most_common(3))) == {1, 2, 5}


@pytest.mark.parametrize("emotion", ["anger", "sadness", "fear", "happiness"])
def test_units_come_out_as_often_as_a_source_says(emotion: str) -> None:
    """Also the rare ones: an expression without any unit is drawn anew, which must not make all of them commoner."""
    config, rng = default_config(), np.random.default_rng(0)
    chosen = config.emotions[emotion]
    source = chosen.sources["DFME"]
    quiet = config.strength.model_copy(update={"weak_chance": 0.0, "together": ()})
    only = chosen.model_copy(update={"sources": {"DFME": source}})
    alone = config.model_copy(update={"emotions": {emotion: only}, "strength": quiet})
    counts = Counter(
        unit for _ in range(6000) for unit in {key[0] for key in sample_event(rng, alone, chosen.expression).units}
    )
    for unit, share in source.units.items():
        assert counts[unit] / 6000 == pytest.approx(share, abs=0.025), unit


def test_shares_that_leave_no_choice_are_drawn_as_they_are() -> None:
    assert draw_shares({1: 0.4, 2: 0.3}) == {1: 0.4, 2: 0.3}
    chances = draw_shares({1: 0.9, 2: 0.6})
    some = 1 - (1 - chances[1]) * (1 - chances[2])
    assert chances[1] / some == pytest.approx(0.9, abs=1e-6)


def test_the_forehead_lifts_as_a_whole_in_surprise() -> None:
    rng = np.random.default_rng(2)
    shown = [{unit for unit, _ in sample_event(rng, expression="surprise").units} for _ in range(500)]
    assert sum(({1, 2} <= units) for units in shown) > 0.9 * sum((2 in units) for units in shown)


def test_contempt_is_one_sided_and_joy_is_not() -> None:
    rng, seen = np.random.default_rng(3), Counter()
    while min(seen["contempt"], seen["happiness"]) < 60:
        event = sample_event(rng)
        sides = sum(key[0] == 12 and level >= 0.05 for key, level in event.units.items())
        seen[event.emotion] += sides > 0
        seen[event.emotion, "one"] += sides == 1
    assert seen["contempt", "one"] > 0.7 * seen["contempt"]
    assert seen["happiness", "one"] < 0.35 * seen["happiness"]


def test_preferring_rare_units_changes_how_often_and_not_what_they_say() -> None:
    """The chance of a class given the units stays: here that a dimpler (AU14) is negative."""
    shares = []
    for rare in (0.0, 1.0):
        rng = np.random.default_rng(4)
        events = [sample_event(rng, rare=rare) for _ in range(8000)]
        alone = [event for event in events if {unit for (unit, _), peak in event.units.items() if peak > 0.1} == {14}]
        shares.append((len(alone), np.mean([event.expression == "negative" for event in alone])))
    assert shares[1][0] > 1.2 * shares[0][0]
    assert shares[0][1] == pytest.approx(shares[1][1], abs=0.1)


def test_unit_shares_weigh_the_classes_evenly() -> None:
    shares = unit_shares(default_config())
    assert shares[1] > 0.2
    assert shares[17] < 0.05


def test_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(shipped("people.yaml").read_text() + "\nclass_share: {}\n")
    with pytest.raises(UsageError, match="class_shares"):
        load_config(PeopleConfig, path)


@pytest.mark.shared_data
def test_shares_are_those_of_the_two_sources(shared_data: Path) -> None:
    table = json.loads((shared_data / "micro_expression_priors.json").read_text())
    for name, emotion in default_config().emotions.items():
        for source, key in (("DFME", "DFME_train"), ("CASME3", "CASME3")):
            for theirs in {name, *(old for old, new in SAME.items() if new == name)} & set(table[key]["emotion"]):
                clips, units = table[key]["emotion"][theirs], table[key]["au_by_emotion"][theirs]
                assert emotion.sources[source].clips == clips
                assert emotion.sources[source].units == {
                    int(u): round(n / clips, 3) for u, n in units.items() if int(u) not in (16, 18, 38)
                }
