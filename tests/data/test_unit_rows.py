from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from multimodal.data.index import Clip, ClipIndex
from multimodal.data.layouts.codes import ACTIVE
from multimodal.data.load import load_samples
from multimodal.data.open_index import open_index
from multimodal.data.people.dataset import synth_expressions
from multimodal.data.samples import UNITS
from multimodal.data.units import CODED, unit_row
from multimodal.results import ACTION_UNITS
from multimodal.testing import fabricate


def clip(*units: str, macro: bool = False) -> Clip:
    return Clip("d", "s", "c", 1, 2, 3, 30.0, "others", action_units=units, macro=macro)


def test_a_unit_on_either_side_is_shown_and_the_rest_is_not() -> None:
    row = dict(zip(ACTION_UNITS, unit_row(clip("L12", "4", "R12", "A1", "24")).tolist(), strict=True))
    assert {unit for unit, shown in row.items() if shown} == {1, 4, 12}
    assert set(row.values()) == {0.0, 1.0}


def test_a_silent_sheet_is_unknown_not_absent() -> None:
    assert np.isnan(unit_row(clip())).all()
    assert unit_row(clip("24")).tolist() == [0.0] * 12


def test_every_coded_micro_expression_counts_whatever_its_emotion() -> None:
    assert [CODED.label(one) for one in (clip("4"), clip(), clip("4", macro=True))] == [0, None, None]


def test_units_come_with_the_clips_and_never_reach_the_side_to_be_named(tmp_path: Path) -> None:
    index = open_index([fabricate("casme2", tmp_path, people=1, takes=3, faces=True)])
    samples, _ = load_samples(index, "megc2019", needs=(UNITS, "lbp_top"))
    order = {"negative": [4], "positive": [12], "surprise": [1, 2]}
    for label, row in zip(samples.labels, samples.features[UNITS], strict=True):
        assert [unit for unit, shown in zip(ACTION_UNITS, row, strict=True) if shown] == order[samples.classes[label]]
    assert set(samples.pick(np.array([0])).sealed().features) == {"lbp_top"}
    plain, _ = load_samples(index, "megc2019")
    assert plain.features == {}


def test_no_clip_no_rows() -> None:
    samples, _ = load_samples(ClipIndex(()), CODED, needs=(UNITS,))
    assert samples.features[UNITS].shape == (0, 12)


@pytest.mark.timeout(60)
def test_synthetic_sets_tell_the_units_that_were_drawn(tmp_path: Path) -> None:
    path = synth_expressions(tmp_path, 4, seed=3, workers=1, size=64, fps=10)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for one, row in zip(open_index([tmp_path]), rows, strict=True):
        peaks = [pair.split(":") for pair in row["action_units"].split()]
        shown = {int(name[:-1]) for name, peak in peaks if float(peak) >= ACTIVE}
        assert shown
        assert unit_row(one).tolist() == [float(unit in shown) for unit in ACTION_UNITS]
