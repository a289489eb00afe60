from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from multimodal.config import load_config, shipped
from multimodal.data.people.priors import PeopleConfig, default_config, sample_event
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


def test_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(shipped("people.yaml").read_text() + "\nclass_share: {}\n")
    with pytest.raises(UsageError, match="class_shares"):
        load_config(PeopleConfig, path)


@pytest.mark.shared_data
def test_shares_are_those_of_the_two_sources(shared_data: Path) -> None:
    table = json.loads((shared_data / "micro_expression_priors.json").read_text())
    for name, emotion in default_config().emotions.items():
        clips, units = 0, Counter()
        for source in ("DFME_train", "CASME3"):
            for theirs in {name, *(old for old, new in SAME.items() if new == name)}:
                clips += table[source]["emotion"].get(theirs, 0)
                units.update({int(k): v for k, v in table[source]["au_by_emotion"].get(theirs, {}).items()})
        assert clips == emotion.clips
        assert emotion.units == {u: round(n / clips, 3) for u, n in units.items() if u not in (16, 18, 38)}
