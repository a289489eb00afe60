"""Faults of sheets and folders, by the name of the problem that they must lead to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from multimodal.testing.takes import Take


def _apex_before_onset(take: Take) -> None:
    take.apex = take.begin - 3


def _apex_after_offset(take: Take) -> None:
    take.apex = take.frames[-1] + 3


def _apex_at_onset(take: Take) -> None:
    take.apex = take.begin


def _offset_before_onset(take: Take) -> None:
    take.offset = take.begin - 3


def _missing_onset(take: Take) -> None:
    take.onset = None


def _unknown_apex(take: Take) -> None:
    take.apex = None


def _non_numeric_frame(take: Take) -> None:
    take.apex = "/"


def _unknown_emotion(take: Take) -> None:
    take.emotion = "bewilderment"


def _missing_frame(take: Take) -> None:
    take.frames.remove(take.peak)


def _duplicate_clip(take: Take) -> None:
    take.rows = 2


def _missing_folder(take: Take) -> None:
    take.frames = []


def _folder_without_row(take: Take) -> None:
    take.rows = 0


FAULTS: dict[str, Callable[[Take], None]] = {
    "apex before onset": _apex_before_onset,
    "apex after offset": _apex_after_offset,
    "apex at onset": _apex_at_onset,
    "offset before onset": _offset_before_onset,
    "missing onset": _missing_onset,
    "unknown apex": _unknown_apex,
    "non-numeric frame": _non_numeric_frame,
    "unknown emotion": _unknown_emotion,
    "missing frame": _missing_frame,
    "duplicate clip": _duplicate_clip,
    "missing folder": _missing_folder,
    "folder without row": _folder_without_row,
}
"""Of one take each; beside them there is ``subject without folder``, of all takes of the last person."""

NOBODY = "subject without folder"


def apply_faults(takes: Sequence[Take], faults: Collection[str]) -> None:
    """Give each fault to a take of its own, in order.

    Raises:
        ValueError: There are more faults than takes, or one that is not known.
    """
    single = [fault for fault in faults if fault != NOBODY]
    last = max(take.person for take in takes)
    free = [take for take in takes if take.person != last or NOBODY not in faults]
    if len(single) > len(free) or not set(single) <= set(FAULTS):
        raise ValueError(f"expected at most {len(free)} faults of {', '.join((*FAULTS, NOBODY))}, given {list(faults)}")
    for fault, take in zip(single, free):  # noqa: B905 - more takes than faults
        FAULTS[fault](take)
    for take in takes:
        if take.person == last and NOBODY in faults:
            take.frames = []
