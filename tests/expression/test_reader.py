from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from multimodal.errors import MissingError, UsageError
from multimodal.expression.reader import LONGEST, ExpressionReader, check_clip, thin
from multimodal.expression.registry import build_model
from multimodal.results import EXPRESSIONS, FlowClip
from multimodal.training.common import write_weights

FLAT = dict.fromkeys(EXPRESSIONS, 1.0)
META = {
    "temperatures": {"expression": 2.0, "objective": 1.0, "action_units": 1.0},
    "prior": FLAT,
    "learned_shares": FLAT,
}


def tiny_weights(folder: Path, **meta: Any) -> str:
    """Write weights of a tiny network with a card, and return their path."""
    torch.manual_seed(0)
    card = {
        "kind": "expression",
        "architecture": {"model": "regional", "stem": 4},
        "licence": "CC0-1.0",
        "data": [],
        "figures": {},
        "intended": "",
        "prohibited": "",
        "limits": "",
        "command": "",
        "meta": {**META, **meta},
    }
    return str(write_weights(folder, "tiny", build_model("regional", stem=4).state_dict(), card))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def reader(weights: str) -> ExpressionReader:
    return ExpressionReader(weights)


def clip(time: int = 3, visibility: np.ndarray | None = None, seed: int = 0) -> FlowClip:
    flow = np.random.default_rng(seed).normal(size=(time, 3, 28, 28)).astype(np.float32)
    seen = np.ones(12, np.float32) if visibility is None else visibility
    return FlowClip(flow, np.arange(time, dtype=float), 0.0, seen)


def test_a_result_is_complete(reader: ExpressionReader) -> None:
    result = reader.read(clip(), 10.0, 20.0, 30.0)
    assert (result.onset_ms, result.apex_ms, result.offset_ms) == (10.0, 20.0, 30.0)
    assert result.affect == EXPRESSIONS[result.probabilities.argmax()]
    assert result.confidence == result.probabilities.max()
    assert result.probabilities.sum() == pytest.approx(1)
    assert result.objective.sum() == pytest.approx(1)
    assert result.to_dict()["affect"] in EXPRESSIONS


def test_with_nothing_to_see_nothing_is_guessed(reader: ExpressionReader) -> None:
    result = reader.read(clip(visibility=np.full(12, 0.2, np.float32)), 0.0, 1.0, 2.0)
    assert (result.affect, result.confidence) == ("none", 0.0)
    assert not result.attention.any()


def test_the_prior_shifts_the_odds_by_its_ratio(weights: str, reader: ExpressionReader) -> None:
    other = ExpressionReader(weights, {"negative": 6.0, "positive": 1.0, "surprise": 3.0})
    flat, shifted = (r.read(clip(), 0.0, 1.0, 2.0).probabilities for r in (reader, other))
    np.testing.assert_allclose(shifted / flat / (shifted[1] / flat[1]), [6, 1, 3], rtol=1e-4)


def test_the_classes_shares_in_training_are_taken_out(tmp_path: Path, reader: ExpressionReader) -> None:
    shares = {"negative": 0.5, "positive": 0.2, "surprise": 0.3}
    uneven = ExpressionReader(tiny_weights(tmp_path, learned_shares=shares))
    flat, shifted = (r.read(clip(), 0.0, 1.0, 2.0).probabilities for r in (reader, uneven))
    np.testing.assert_allclose(flat / shifted / (flat[1] / shifted[1]), [2.5, 1, 1.5], rtol=1e-4)


@pytest.mark.parametrize("prior", [{"negative": 1.0}, {**FLAT, "other": 1.0}, {**FLAT, "negative": 0.0}])
def test_a_prior_must_name_the_three_classes(weights: str, prior: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="negative, positive, surprise"):
        ExpressionReader(weights, prior)


def test_head_motion_and_units_drop_out(reader: ExpressionReader) -> None:
    still, moved = clip(), clip()
    moved = FlowClip(moved.flow * 7 + 3, moved.t_ms, 0.0, moved.visibility)
    one, other = (reader.read(c, 0.0, 1.0, 2.0).probabilities for c in (still, moved))
    np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("time", [1, 3, LONGEST + 6])
@pytest.mark.parametrize("name", ["tiny", "regional-synthetic"])
def test_a_batch_reads_as_one_by_one(weights: str, name: str, time: int) -> None:
    reader, rng = ExpressionReader(weights if name == "tiny" else name), np.random.default_rng(5)
    clips = [clip(time, rng.random(12).astype(np.float32), seed) for seed in range(5)]
    clips.append(clip(time, np.eye(12, dtype=np.float32)[3], 5))  # all regions but one are hidden
    times = [(float(row), row + 1.0, row + 2.0) for row in range(len(clips))]
    many = reader.read_batch([c.flow for c in clips], [c.visibility for c in clips], times)
    for one, when, result in zip(clips, times, many, strict=True):
        (single,) = reader.read_batch([one.flow], [one.visibility], [when])
        for alone in (single, reader.read(one, *when)):
            assert (alone.onset_ms, alone.apex_ms, alone.offset_ms, alone.affect) == (*when, result.affect)
            for field in ("probabilities", "objective", "action_units", "attention", "visibility", "embedding"):
                np.testing.assert_allclose(getattr(alone, field), getattr(result, field), atol=1e-5, err_msg=field)


def test_long_clips_are_thinned_and_keep_their_last_map(reader: ExpressionReader) -> None:
    flow = clip(23).flow
    kept = thin(flow)
    assert len(kept) == LONGEST
    np.testing.assert_array_equal(kept[-1], flow[-1])
    np.testing.assert_array_equal(thin(flow[:2]), flow[:2])
    long, short = (
        FlowClip(maps, np.arange(len(maps), dtype=float), 0.0, np.ones(12, np.float32)) for maps in (flow, kept)
    )
    one, other = (reader.read(c, 0.0, 1.0, 2.0).embedding for c in (long, short))
    np.testing.assert_array_equal(one, other)


def test_unreadable_clips_are_refused_with_expected_and_given(reader: ExpressionReader) -> None:
    bad = clip()
    bad.flow[1, 0, 3, 4] = np.nan
    with pytest.raises(UsageError, match="expected finite flow, given 1 values"):
        reader.read(bad, 0.0, 1.0, 2.0)
    small = FlowClip(np.zeros((2, 3, 20, 28), np.float32), np.zeros(2), 0.0, np.ones(12))
    with pytest.raises(UsageError, match=r"time >= 1, 3, 28, 28\], given \[2, 3, 20, 28\]"):
        reader.read(small, 0.0, 1.0, 2.0)
    with pytest.raises(UsageError, match="given \\[0, 3, 28, 28\\]"):
        reader.read(clip(0), 0.0, 1.0, 2.0)
    with pytest.raises(UsageError, match=r"visibility of 12 regions, given shape \[11\]"):
        check_clip(clip().flow, np.ones(11, np.float32))
    with pytest.raises(UsageError, match="expected finite visibilities, given 1 values"):
        check_clip(clip().flow, np.append(np.ones(11, np.float32), np.float32(np.nan)))


def test_missing_weights_are_told_before_torch_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom multimodal.expression.reader import ExpressionReader\n"
        "try:\n    ExpressionReader('nothing')\n"
        "except Exception as error:\n    print(type(error).__name__, 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["MissingError", "False"]


def test_weights_of_another_architecture_are_refused(weights: str, tmp_path: Path) -> None:
    from multimodal.weights import read_card, write_card

    card = read_card(Path(weights).with_suffix(".json"))
    (tmp_path / card.file).write_bytes(Path(weights).read_bytes())
    other = type(card)(**{**card.__dict__, "architecture": {"model": "regional", "stem": 8}})
    write_card(tmp_path / "tiny.json", other)
    with pytest.raises(MissingError, match="do not fit the model"):
        ExpressionReader(str(tmp_path / card.file))


def test_damaged_weights_are_refused(weights: str, tmp_path: Path) -> None:
    given = Path(weights)
    (tmp_path / given.name).write_bytes(given.read_bytes()[:-10])
    (tmp_path / "tiny.json").write_bytes(given.with_suffix(".json").read_bytes())
    with pytest.raises(MissingError, match="damaged"):
        ExpressionReader(str(tmp_path / given.name))
