from __future__ import annotations

from pathlib import Path

import pytest

from multimodal.errors import UsageError
from multimodal.evaluation.gesture_known import GROUPS, by_known, known_of

HEADER = "picture,sign,side,person,melanin,glove,sleeve,light,level,yaw,pitch,roll,style,visible,x,y,width,height\n"


def line(picture: str, sign: str, glove: str = "none", melanin: float = 0.1, side: float = 0.2, seen: float = 1) -> str:
    start = f"{picture},{sign},left,00000,{melanin},{glove},long,room,0.5,0,0,0,up,"
    return start + (f"{seen},0.5,0.5,{side},0.1\n" if sign else ",,,,\n")


def write(folder: Path, *lines: str) -> Path:
    (folder / "index.csv").write_text(HEADER + "".join(lines))
    return folder


def test_the_largest_labelled_hand_is_known(tmp_path: Path) -> None:
    small, large = line("000000", "ok", side=0.1), line("000000", "no_gesture", glove="knitted", side=0.4)
    for order in ((small, large), (large, small)):
        known = known_of(write(tmp_path, *order, line("000001", "")))
        assert list(known) == ["000000"]
        assert known["000000"]["glove"] == "knitted"


def test_nothing_is_known_without_an_index(tmp_path: Path) -> None:
    assert known_of(tmp_path) == {}


@pytest.mark.parametrize("text", ["subject,clip\n1,2\n", HEADER + "000000,ok,left,0,much,none\n"])
def test_an_index_of_another_kind_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.csv").write_text(text)
    with pytest.raises(UsageError, match="no index of synth gestures"):
        known_of(tmp_path)


def test_groups_hold_every_known_photo_once(tmp_path: Path) -> None:
    rows = [
        line(f"{n:06d}", "ok", "none" if n % 2 else "smooth", n / 12, 0.06 * n + 0.05, 1 - n / 12) for n in range(12)
    ]
    known = known_of(write(tmp_path, *rows))
    pictures = [*known, "unknown"]
    hits = {"both": [n % 3 == 0 for n in range(12)] + [True], "skeleton": [None] * 13}
    table = by_known(pictures, hits, known)
    assert set(table) == set(GROUPS)
    for groups in table.values():
        assert sum(group["images"] for group in groups.values()) == 12
        right = sum(group["images"] * group["both"] for group in groups.values())
        assert right == pytest.approx(4, abs=0.01)
        assert all(group["skeleton"] == 0 for group in groups.values())
    assert table["glove"]["smooth"] == {"images": 6, "both": round(2 / 6, 4), "skeleton": 0}
    assert set(table["size"]) == {"under an eighth", "to a quarter", "to a half", "a half or more"}
    assert set(table["skin"]) == {"light", "middle", "dark"}
    assert set(table["seen"]) == {"all", "most", "part"}
