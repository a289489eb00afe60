"""How each official layout names folders, frames and columns; reconstructed where its reader says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from multimodal.data.layouts.sheets import Cell
from multimodal.testing.takes import Take

Rows = Sequence[Sequence[Cell]]


def _no_more(takes: Sequence[Take]) -> Sequence[Rows]:
    return ()


@dataclass(frozen=True)
class Guise:
    """What a layout makes of takes.

    Attributes:
        folder: Take -> its folder.
        frame: Take and frame number -> the file's name.
        sheet: The sheet's path; empty where there is none.
        header: Its column names.
        row: Take -> its cells.
        preamble: Rows above the header.
        more: Takes -> further worksheets.
        needed: The column that the fault ``missing column`` renames.
        whole_video: Whether takes of a person lie in one long video.
    """

    folder: Callable[[Take], str]
    frame: Callable[[Take, int], str]
    sheet: str = ""
    header: Sequence[str | None] = ()
    row: Callable[[Take], Sequence[Cell]] = lambda take: ()
    preamble: Rows = ()
    more: Callable[[Sequence[Take]], Sequence[Rows]] = _no_more
    needed: str = ""
    whole_video: bool = False


def _named(take: Take, negative: str, positive: str, surprise: str = "surprise") -> str:
    names = {"negative": negative, "positive": positive, "surprise": surprise}
    return take.emotion or names[take.expression]


def _episode(take: Take) -> str:
    return f"EP{take.number:02d}_{take.person:02d}f"


_CASME2_TIMES = ("OnsetFrame", "ApexFrame", "OffsetFrame")


def _casme2_old(take: Take) -> Sequence[Cell]:
    emotion = _named(take, "disgust", "happiness")
    return (f"{take.person:02d}", _episode(take), take.onset, take.apex, take.offset, take.units, emotion)


def _casme2_new(take: Take) -> Sequence[Cell]:
    subject, clip, onset, apex, offset, units, emotion = _casme2_old(take)
    return (subject, clip, None, onset, apex, offset, None, units, emotion, take.objective)


_CASME2 = Guise(
    lambda take: f"CASME2_RAW_selected/sub{take.person:02d}/{_episode(take)}",
    lambda take, frame: f"img{frame}.jpg",
    "CASME2-coding-20140508.xlsx",
    ("Subject", "Filename", *_CASME2_TIMES, "Action Units", "Estimated Emotion"),
    _casme2_old,
    needed="ApexFrame",
)
_CASME2_2019 = Guise(
    lambda take: f"Cropped/sub{take.person:02d}/{_episode(take)}",
    lambda take, frame: f"reg_img{frame}.jpg",
    "CASME2-coding-20190701.xlsx",
    ("Subject", "Filename", None, *_CASME2_TIMES, None, "Action Units", "Estimated Emotion", "Objective Classes"),
    _casme2_new,
    needed="OnsetFrame",
)
_CASME = Guise(
    lambda take: f"Section A/sub{take.person:02d}/{_episode(take)}",
    lambda take, frame: f"{_episode(take)}-{frame}.jpg",
    "CASME-coding.xlsx",
    ("Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "AUs", "Emotion"),
    lambda take: (
        *(take.person, _episode(take), None, take.onset, take.apex, 0, take.offset, None, take.units),
        _named(take, "tense" if take.number == 1 else "disgust", "happiness"),
    ),
    needed="OffsetF",
)


def _samm_clip(take: Take) -> str:
    return f"{take.person + 5:03d}_{take.number}_1"


_SAMM = Guise(
    lambda take: f"{take.person + 5:03d}/{_samm_clip(take)}",
    lambda take, frame: f"{take.person + 5:03d}_{frame:05d}.jpg",
    "SAMM.xlsx",
    (
        *("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro"),
        *("Action Units", "Estimated Emotion", "Objective Classes", "Notes"),
    ),
    lambda take: (
        *(f"{take.person + 5:03d}", _samm_clip(take), 1, take.onset, take.apex, take.offset, 8, "Micro - 1/2"),
        *(take.units, _named(take, "Anger", "Happiness", "Surprise"), take.objective, "Blinks"),
    ),
    needed="Estimated Emotion",
)
_SAMM_V2 = Guise(
    _SAMM.folder,
    _SAMM.frame,
    "SAMM_Micro_FACS_Codes_v2.xlsx",
    _SAMM.header,
    _SAMM.row,
    (("Master FACS Codes", None), (None,), ("Symbol Key:",), ('"/" = or',), (None,)),
    needed="Estimated Emotion",
)
_SMIC_NAMES = {"negative": "ne", "positive": "po", "surprise": "sur"}


def _smic_clip(take: Take) -> str:
    return f"s{take.person}_{_SMIC_NAMES[take.expression]}_{take.number:02d}"


def _smic(camera: str) -> Guise:
    return Guise(
        lambda take: f"SMIC_all_cropped/{camera}/s{take.person}/micro/{take.expression}/{_smic_clip(take)}",
        lambda take, frame: f"reg_image{frame:06d}.bmp",
    )


_SMIC_LONG = Guise(
    lambda take: f"HS_long/SMIC_HS_E/s{take.person:02d}/{_smic_clip(take)}",
    lambda take, frame: f"image{frame:06d}.jpg",
    "smic_apex.xlsx",
    ("data", "subject", "clip", "label", "onset_frame", "apex_frame", "offset_frame", "onset_frame_path"),
    lambda take: (
        *("smic", take.person, _smic_clip(take), take.emotion or list(_SMIC_NAMES).index(take.expression)),
        *(take.onset, take.apex, take.offset, "elsewhere/image.jpg"),
    ),
    needed="onset_frame",
)
_FILMS = {"disgust": "0101", "anger": "0502", "happy": "0505", "funny": "0507", "sad": "0401", "shock": "0102"}


def _casme_sq_film(take: Take) -> str:
    return list(_FILMS)[take.number % len(_FILMS)]


_CASME_SQ = Guise(
    lambda take: f"rawpic/s{take.person + 14}/{take.person + 14}_{_FILMS[_casme_sq_film(take)]}film",
    lambda take, frame: f"img{frame}.jpg",
    "CAS(ME)^2code_final(Updated).xlsx",
    row=lambda take: (
        *(take.person, f"{_casme_sq_film(take)}1_1", take.onset, take.apex, take.offset, take.units),
        *(_named(take, "negative", "positive"), "macro-expression" if take.number == 4 else "micro-expression", "fear"),
    ),
    more=lambda takes: (
        [(person, f"s{person + 14}", person) for person in sorted({take.person for take in takes})],
        [(code, f"{name}1") for name, code in _FILMS.items()],
    ),
    whole_video=True,
)


def _casme3_clip(take: Take) -> str:
    return f"spNO.{take.person}_{'abcdefghijklm'[take.number]}_{take.begin}"


_CASME3 = Guise(
    lambda take: f"Part_A_ME_clip/frame/{_casme3_clip(take)}",
    lambda take, frame: f"{frame}.jpg",
    "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"),
    lambda take: (
        *(f"spNO.{take.person}", "abcdefghijklm"[take.number]),
        *(None if cell is None else str(cell) for cell in (take.onset, take.apex, take.offset)),
        *(f"R{take.units}", ["-", "I", "II", "III"][take.objective], _named(take, "sad", "happy")),
    ),
    needed="AU",
)
_MMEW = Guise(
    lambda take: f"Micro_Expression/{_named(take, 'anger', 'happiness')}/S{take.person:02d}-07-{take.number:03d}",
    lambda take, frame: f"{frame}.jpg",
    "MMEW_Micro_Exp.xlsx",
    ("Subject", "Filename", *_CASME2_TIMES, "Action Units", "Estimated Emotion", "remarks"),
    lambda take: (
        *(take.person, f"S{take.person:02d}-07-{take.number:03d}", take.onset, take.apex, take.offset, take.units),
        *(_named(take, "anger", "happiness"), None),
    ),
    needed="OnsetFrame",
)
_FOURDME_NAMES = ("sub_ID'", "video_number'", "ME_number'", "subME_number'", "Onset", "Apex", "Offset", "Length")


def _fourdme(take: Take) -> tuple[Cell, ...]:
    numbers = f"{take.number:03d}'", "01'", 1
    return (f"S{take.person:02d}'", *numbers, take.onset, take.apex, take.offset, 8)


_FOURDME = Guise(
    lambda take: f"gray_micro/S{take.person:02d}_1st_{take.number:03d}_01_1",
    lambda take, frame: f"{frame:05d}.jpg",
    "4DME_Labelling_Micro_release v1.xlsx",
    (*_FOURDME_NAMES, "AUs", "Emotion"),
    lambda take: (
        *_fourdme(take),
        f"AU{take.units}+45(k)",
        _named(take, "Repression+Negative", "Positive"),
    ),
    needed="Apex",
)
_FOURDME_MARKS = ("AU1", "AU2", "AU4", "AU12", "Positive", "Negative", "Surprise", "Repression", "Others")


def _marks(take: Take, names: Sequence[str]) -> list[Cell]:
    wanted = {f"AU{unit}" for unit in take.units.split("+")} | {(take.emotion or take.expression).capitalize()}
    return [int(name in wanted) for name in names]


_FOURDME_MARKED = Guise(
    _FOURDME.folder,
    _FOURDME.frame,
    _FOURDME.sheet,
    (*_FOURDME_NAMES, *_FOURDME_MARKS),
    lambda take: (*_fourdme(take), *_marks(take, _FOURDME_MARKS)),
    needed="Apex",
)
_DFME = Guise(
    lambda take: f"train_data/sub{take.person:04d}_{take.number:02d}",
    lambda take, frame: f"{frame:05d}.png",
    "training_full_with_AU.xlsx",
    ("Subject", "Filename", "Onset", "Apex", "Offset", "Emotion", "AU1", "AU2", "AU4", "AU12"),
    lambda take: (
        *(take.person, f"sub{take.person:04d}_{take.number:02d}", take.onset, take.apex, take.offset),
        *(_named(take, "Contempt", "Happiness", "Surprise"), *_marks(take, ("AU1", "AU2", "AU4", "AU12"))),
    ),
    needed="Emotion",
)

GUISES: dict[str, Guise] = {
    "casme": _CASME,
    "casme2": _CASME2,
    "casme2-2019": _CASME2_2019,
    "samm": _SAMM,
    "samm-v2": _SAMM_V2,
    "smic-hs": _smic("HS"),
    "smic-vis": _smic("VIS"),
    "smic-nir": _smic("NIR"),
    "smic-long": _SMIC_LONG,
    "casme_sq": _CASME_SQ,
    "casme3": _CASME3,
    "mmew": _MMEW,
    "fourdme": _FOURDME,
    "fourdme-marked": _FOURDME_MARKED,
    "dfme": _DFME,
}
