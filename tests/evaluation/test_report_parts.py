from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import DATASETS, SUBJECTS, write_example

from multimodal.evaluation.classification import uf1
from multimodal.evaluation.intervals import draws_of
from multimodal.evaluation.report.curve import LEFT, PLOT_HEIGHT, WIDTH, curve
from multimodal.evaluation.report.face import RADIUS, VIEW, faces, mean_attention, middle
from multimodal.evaluation.report.matrices import majority_uf1
from multimodal.evaluation.report.numbers import signed
from multimodal.evaluation.report.paired import PairedIntervals
from multimodal.evaluation.report.predictions import Predictions
from multimodal.evaluation.report.runs import Run, read_runs
from multimodal.evaluation.report.summary import Condition, Summary
from multimodal.evaluation.report.tables import by_dataset
from multimodal.evaluation.report.worst import worst_clips
from multimodal.results import REGIONS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("parts")
    write_example(folder)
    return read_runs(folder)[0]


def answers_of(run: Run) -> Predictions:
    assert run.predictions is not None
    return run.predictions


def test_paired_intervals_equal_drawing_people_one_by_one(run: Run) -> None:
    answers = answers_of(run)
    people = sorted({s for s, d in zip(SUBJECTS, DATASETS, strict=True) if d == "smic"})
    rows = {
        (condition, who): [r for r in np.flatnonzero(answers.under(condition)) if answers.subjects[r] == who]
        for condition in ("none", "mask")
        for who in people
    }

    def drawn(condition: str, taken: np.ndarray) -> float:
        chosen = [
            r for who, times in zip(people, taken, strict=True) for _ in range(int(times)) for r in rows[condition, who]
        ]
        by_seed = [[r for r in chosen if answers.seeds[r] == seed] for seed in ("0", "1", "2")]
        return float(np.mean([uf1(answers.truth[r].tolist(), answers.predicted[r].tolist()) for r in by_seed]))

    taken = draws_of(len(people))[:40]
    slow = [drawn("mask", times) - drawn("none", times) for times in taken]
    fast = PairedIntervals(answers, "none")
    found = fast("mask", "smic")
    drawn_fast = fast._drawn("mask", "smic").uf1 - fast._drawn("none", "smic").uf1
    assert drawn_fast[:40].tolist() == pytest.approx(slow)
    assert found == tuple(np.percentile(drawn_fast, [2.5, 97.5]))


def test_paired_intervals_are_of_the_same_clips_or_none(run: Run) -> None:
    answers = answers_of(run)
    assert PairedIntervals(None, "none")("mask", "smic") is None
    assert PairedIntervals(answers, "none")("none", "smic") is None
    assert PairedIntervals(answers, "none")("mask", "nowhere") is None
    smic = [r for r in np.flatnonzero(answers.under("mask")) if answers.datasets[r] == "smic"]
    every_seed = [r for r in smic if answers.clips[r] == answers.clips[smic[0]]]
    for renamed in (smic[:1], every_seed):
        clips = ["another" if r in renamed else clip for r, clip in enumerate(answers.clips)]
        other = Predictions(**{**vars(answers), "clips": tuple(clips)})
        assert PairedIntervals(other, "none")("mask", "smic") is None
        assert PairedIntervals(other, "none")("mask", "samm") is not None


def test_paired_intervals_are_not_told_where_a_seed_lacks_a_person(run: Run) -> None:
    answers = answers_of(run)
    who = next(subject for subject in answers.subjects if subject.startswith("smic"))
    kept = [r for r in range(len(answers)) if (answers.seeds[r], answers.subjects[r]) != ("0", who)]
    columns = {name: column if name == "classes" else _rows(column, kept) for name, column in vars(answers).items()}
    assert PairedIntervals(Predictions(**columns), "none")("mask", "smic") is None


def _rows(column: Any, kept: list[int]) -> Any:
    return column[kept] if isinstance(column, np.ndarray) else tuple(column[row] for row in kept)


def test_worst_clips_are_wrong_most_often_and_then_surest(run: Run) -> None:
    answers = answers_of(run)
    slow = []
    for subject, clip in {(s, c) for s, c in zip(answers.subjects, answers.clips, strict=True)}:
        rows = [
            r
            for r in np.flatnonzero(answers.under("mask"))
            if (answers.subjects[r], answers.clips[r]) == (subject, clip)
        ]
        wrong = [r for r in rows if answers.predicted[r] != answers.truth[r]]
        if wrong:
            slow.append((len(wrong), float(np.mean([answers.scores[r, answers.predicted[r]] for r in wrong])), clip))
    found = worst_clips(answers, "mask", 20)
    assert [(c.wrong, pytest.approx(c.score), c.key[2]) for c in found] == sorted(slow, reverse=True)[:20]
    assert all(c.guesses.total() == c.seeds == 3 and c.guesses[c.truth] == 3 - c.wrong for c in found)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=5).filter(any))
def test_majority_score_is_that_of_naming_one_class_always(totals: list[int]) -> None:
    rows = [[total, *[0] * (len(totals) - 1)] for total in totals]
    condition = Condition(occlusion="none", confusion=rows)
    summary = Summary(conditions=(condition,), classes=tuple(map(str, range(len(totals)))))
    truth = [label for label, total in enumerate(totals) for _ in range(total)]
    constant = [int(np.argmax(totals))] * len(truth)
    assert majority_uf1(summary) == pytest.approx(uf1(truth, constant, len(totals)))


KINDS = ("none", "mask", "block:0.1", "block:0.3", "sunglasses", "hand", "a style with a name " * 5)
CONDITIONS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.floats(0, 1)),
    min_size=1,
    unique_by=lambda pair: pair[0],
)


@given(CONDITIONS, st.integers(1, 6), st.floats(0, 1), st.floats(0, 1))
def test_nothing_of_the_curve_lies_outside_or_on_top_of_each_other(
    conditions: list[tuple[str, float]], runs: int, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    rows = tuple(
        Condition(occlusion=name, covered=covered, uf1=(low + high) / 2, uf1_ci95=(low, high))
        for name, covered in conditions
    )
    drawn = curve([Run(f"run {n}", Summary(conditions=rows), None) for n in range(runs)])
    assert drawn is not None
    for mark in (mark for series in drawn.series for mark in series.marks):
        assert mark.x - 5 >= LEFT
        assert mark.x + 5 <= WIDTH
        assert mark.low is not None
        assert mark.high is not None
        assert drawn.top - 0.1 <= mark.high <= mark.y <= mark.low <= drawn.top + PLOT_HEIGHT + 0.1
    for label in drawn.labels:
        assert 0 < label.y < drawn.top
        assert 4 * len(label.text) <= label.text_x <= WIDTH - 4 * len(label.text)
        for other in drawn.labels:
            if other is not label and other.y == label.y:
                assert abs(other.text_x - label.text_x) >= 8 * (len(label.text) + len(other.text)) / 2


def test_the_line_joins_what_differs_in_extent_only(run: Run) -> None:
    drawn = curve([run])
    assert drawn is not None
    (series,) = drawn.series
    joined = {
        mark.title.split(":")[0] if "block" not in mark.title else "block" for mark in series.marks if mark.joined
    }
    assert joined == {"example-net, clean", "block"}
    places = [tuple(map(float, pair.split(","))) for pair in series.line.split()]
    assert len(places) == 4
    assert places == sorted(places)
    assert set(places) == {(mark.x, mark.y) for mark in series.marks if mark.joined}


def test_conditions_without_covered_share_are_named_not_drawn() -> None:
    rows = (Condition(occlusion="none", uf1=0.7, covered=0.0), Condition(occlusion="hand", uf1=0.6))
    drawn = curve([Run("m", Summary(conditions=rows), None)])
    assert drawn is not None
    assert drawn.absent == ("hand (m)",)
    assert len(drawn.series[0].marks) == 1
    assert curve([Run("m", Summary(conditions=rows[1:]), None)]) is None


def test_discs_lie_within_the_drawing_and_beside_each_other(run: Run) -> None:
    means = mean_attention(run.predictions)
    left, top, width, height = VIEW
    for face in faces(means, "none"):
        assert [disc.region for disc in face.discs] == list(REGIONS)
        assert max(disc.shade for disc in face.discs) <= 1
        for disc in face.discs:
            assert left < disc.x - RADIUS < disc.x + RADIUS < left + width
            assert top < disc.y - RADIUS < disc.y + RADIUS < top + height
            for other in face.discs:
                assert other is disc or np.hypot(other.x - disc.x, other.y - disc.y) > 2 * RADIUS
    assert faces(means, "none")[0].occlusion == "none"
    assert middle("chin")[1] > middle("upper_lip")[1] > middle("nose_left")[1] > middle("eye_left")[1]


def test_mean_attention_is_the_mean_of_the_file(run: Run, tmp_path: Path) -> None:
    answers = answers_of(run)
    assert answers.attention is not None
    rows = [r for r in range(len(answers)) if answers.conditions[r] == "glasses"]
    slow = sum(answers.attention[r] for r in rows) / len(rows)
    assert mean_attention(answers)["glasses"].tolist() == pytest.approx(slow.tolist())
    write_example(tmp_path, attention=False)
    assert mean_attention(read_runs(tmp_path)[0].predictions) == {}


def test_signs() -> None:
    assert [signed(value, 2) for value in (0.126, -0.126, 0.0, -0.004)] == ["+0.13", "−0.13", "0.00", "0.00"]


def test_a_wide_table_is_split_and_loses_nothing() -> None:
    names = [f"set {number}" for number in range(9)]
    scores = {name: {"uf1": 0.5, "uar": 0.5, "clips": 3} for name in names}
    wide = by_dataset(Summary(conditions=(Condition(occlusion="none", by_dataset=scores),)), lambda *_: None)
    parts = wide.split(4)
    assert [part.caption[-8:] for part in parts] == ["(1 of 3)", "(2 of 3)", "(3 of 3)"]
    assert [name for part in parts for name in part.head[1:]] == list(wide.head[1:])
    assert [cell for part in parts for cell in part.rows[0][1:]] == list(wide.rows[0][1:])
    assert all(part.rows[0][0] == "clean" and len(part.rows[0]) == len(part.head) <= 5 for part in parts)
    assert wide.split(9) == [wide]
    assert by_dataset(Summary(conditions=(Condition(occlusion="none"),)), lambda *_: None).split(4) == []
