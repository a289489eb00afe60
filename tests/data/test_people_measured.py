from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from multimodal.data.people.dataset import synth_expressions
from multimodal.data.people.measured import FIRST_IDENTITY, STEPS, read_measured
from multimodal.errors import MissingError
from multimodal.results import EXPRESSIONS


def test_a_folder_without_an_index_names_the_verb(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="synth expressions"):
        read_measured(tmp_path)


@pytest.mark.slow
def test_rendered_clips_are_measured_through_the_real_chain(tmp_path: Path) -> None:
    index = synth_expressions(tmp_path, 1, seed=3, workers=1)
    with index.open(newline="") as file:
        row = next(csv.DictReader(file))
    apex, sequence = read_measured(tmp_path)
    assert apex.flow.shape == (1, 1, 3, 28, 28)
    assert sequence.flow.shape == (1, STEPS, 3, 28, 28)
    np.testing.assert_array_equal(apex.flow[0, 0], sequence.flow[0, -1])
    assert EXPRESSIONS[int(apex.expression[0])] == row["expression"]
    assert apex.identity[0] == FIRST_IDENTITY + int(row["subject"][-5:])
    assert np.abs(apex.flow).max() > 1
