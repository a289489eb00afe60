"""From what was spotted to a row a method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal.data.spotting.clips import ApexClip
from multimodal.data.spotting.videos import Kind
from multimodal.evaluation.intervals import draws_of, interval, ratio_draws
from multimodal.evaluation.spotted import Counts, count
from multimodal.evaluation.spotting_runs import Apexes, Intervals
from multimodal.training.spotters.base import CodedFilm


def apex_row(method: str, found: Apexes, clips: Sequence[ApexClip]) -> dict[str, Any]:
    """Score one apex spotter.

    Args:
        method: Its name.
        found: Frames after the onset, ``[seeds, clips]``.
        clips: With their truth.

    Returns:
        ``method``; ``apex_mae_frames``, ``apex_mae_ms``: mean distance between predicted and coded apex, mean over
        seeds; ``median`` (frames) and ``median_ms`` of the same distances; ``ci95`` of the mean in frames, over
        subjects; ``sd`` over seeds (None for one); ``clips``; ``by_dataset``.
    """
    truth, rate = np.array([clip.apex for clip in clips]), np.array([clip.motion.fps for clip in clips])
    off = np.abs(found - truth).astype(np.float64)
    people = _by_subject(off, [clip.subject for clip in clips])
    drawn = ratio_draws(*people, draws_of(people[0].shape[1]))
    datasets = np.array([clip.dataset for clip in clips])
    return {
        "method": method,
        **_distances(off, rate),
        "ci95": _rounded(interval(drawn)),
        "sd": round(float(off.mean(axis=1).std(ddof=1)), 4) if len(off) > 1 else None,
        "by_dataset": {
            name: _distances(off[:, datasets == name], rate[datasets == name])
            for name in sorted(set(datasets.tolist()))
        },
    }


def interval_row(method: str, found: Intervals, films: Sequence[CodedFilm]) -> dict[str, Any]:
    """Score one interval spotter by the MEGC rule.

    Args:
        method: Its name.
        found: What it spotted.
        films: With their truth.

    Returns:
        ``method``; of micro-expressions ``f1``, ``precision``, ``recall`` (means over seeds), ``tp``, ``fp``, ``fn``
        (of the first seed), ``f1_sd`` over seeds (None for one), ``f1_ci95`` over subjects, ``videos``, ``by_dataset``;
        where macro-expressions are coded and it can spot them, the same figures under ``macro``, and of both kinds
        together under ``overall``.
    """
    counted = {kind: _counts(seeds, films, kind) for kind, seeds in found.items()}
    row = {"method": method, **_scores(counted["micro"], films), "by_dataset": _by_dataset(counted["micro"], films)}
    if "macro" in counted:
        both = [
            [micro + macro for micro, macro in zip(*seed, strict=True)] for seed in zip(*counted.values(), strict=True)
        ]
        row |= {"macro": _scores(counted["macro"], films), "overall": _scores(both, films)}
    return row


_Counted = Sequence[Sequence[Counts]]
"""By seed, then by video."""


def _counts(seeds: Any, films: Sequence[CodedFilm], kind: Kind) -> _Counted:
    return [[count(spotted, one.truth[kind]) for spotted, one in zip(videos, films, strict=True)] for videos in seeds]


def _scores(counted: _Counted, films: Sequence[CodedFilm]) -> dict[str, Any]:
    totals = [sum(videos, Counts()) for videos in counted]
    hits = np.array([[2 * one.tp for one in videos] for videos in counted], np.float64)
    every = np.array([[2 * one.tp + one.fp + one.fn for one in videos] for videos in counted], np.float64)
    subjects = [one.subject for one in films]
    above, below = _by_subject(hits, subjects)[0], _by_subject(every, subjects)[0]
    return {
        **{name: round(float(np.mean([getattr(one, name) for one in totals])), 4) for name in _SHARES},
        "f1_sd": round(float(np.std([one.f1 for one in totals], ddof=1)), 4) if len(totals) > 1 else None,
        "f1_ci95": _rounded(interval(ratio_draws(above, below, draws_of(above.shape[1])))),
        **{name: getattr(totals[0], name) for name in ("tp", "fp", "fn")},
        "videos": len(films),
    }


_SHARES = ("f1", "precision", "recall")


def _by_dataset(counted: _Counted, films: Sequence[CodedFilm]) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = {}
    for name in sorted({one.dataset for one in films}):
        rows = [row for row, one in enumerate(films) if one.dataset == name]
        totals = [sum((videos[row] for row in rows), Counts()) for videos in counted]
        table[name] = {share: round(float(np.mean([getattr(one, share) for one in totals])), 4) for share in _SHARES}
        table[name]["videos"] = len(rows)
    return table


def _distances(off: Float[np.ndarray, "seeds clips"], rate: Float[np.ndarray, "clips"]) -> dict[str, Any]:
    ms = off * 1000 / rate
    return {
        "apex_mae_frames": round(float(off.mean()), 4),
        "apex_mae_ms": round(float(ms.mean()), 2),
        "median": round(float(np.median(off)), 4),
        "median_ms": round(float(np.median(ms)), 2),
        "clips": off.shape[1],
    }


def _by_subject(
    values: Float[np.ndarray, "seeds n"], subjects: Sequence[str]
) -> tuple[Float[np.ndarray, "seeds people"], Float[np.ndarray, "seeds people"]]:
    """Return sums over each subject's rows, and how many rows there are; subjects sorted by name."""
    owners = np.array(subjects)
    owned = np.stack([owners == who for who in sorted(set(subjects))], axis=1).astype(np.float64)
    return values @ owned, np.broadcast_to(owned.sum(axis=0), (len(values), owned.shape[1]))


def _rounded(pair: tuple[float, float]) -> list[float]:
    return [round(pair[0], 4), round(pair[1], 4)]
