from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.data import archive
from multimodal.data.archive import Limits, extract, is_archive
from multimodal.errors import DecodeError, MissingError, UsageError, VeilspeakError

Files = dict[str, bytes]


def zipped(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def tarred(path: Path, files: Files, kind: bytes = tarfile.REGTYPE, target: str = "") -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as file:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(content) if kind == tarfile.REGTYPE else 0, kind, target
            file.addfile(member, io.BytesIO(content))
    return path


MAKERS: list[tuple[str, Callable[[Path, Files], Path]]] = [("a.zip", zipped), ("a.tar", tarred), ("a.tar.gz", tarred)]
ESCAPES = [
    *("../evil.txt", "a/../../evil.txt", "/tmp/evil.txt", "..", "a/..", "C:/evil.txt", "c:evil.txt", "..\\evil.txt"),
    *("a\\..\\..\\evil.txt", "\\\\host\\evil.txt", "//evil.txt"),
]


def refused(path: Path, tmp_path: Path, error: type[VeilspeakError], limits: Limits | None = None) -> str:
    """Check that an archive is refused, in one line, and that nothing is left of it anywhere."""
    before = set(tmp_path.rglob("*"))
    cache = tmp_path / "cache"
    with pytest.raises(error) as told:
        extract(path, cache, limits)
    assert set(tmp_path.rglob("*")) - before <= {cache}
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(("name", "make"), MAKERS)
def test_files_and_folders_come_out_as_they_went_in(
    name: str, make: Callable[[Path, Files], Path], tmp_path: Path
) -> None:
    files = {"set/a/1.jpg": b"one", "set/ž ü/2.jpg": b"two" * 1000, "sheet.csv": b""}
    made = make(tmp_path / name, files)
    assert is_archive(made)
    root = extract(made, tmp_path / "cache")
    assert root.parent == tmp_path / "cache"
    assert root.name.startswith("a-")
    assert {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.*")} == files


def test_a_second_time_it_is_found_and_a_changed_archive_is_unpacked_anew(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"x.txt": b"1"})
    first = extract(path, tmp_path / "cache")
    (first / "mark").write_text("kept")
    assert extract(path, tmp_path / "cache") == first
    assert (first / "mark").exists()
    second = extract(zipped(path, {"x.txt": b"12"}), tmp_path / "cache")
    assert second != first
    assert (second / "x.txt").read_bytes() == b"12"


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(("name", "make"), MAKERS)
def test_names_that_lead_out_of_the_folder_are_refused(
    name: str, make: Callable[[Path, Files], Path], escape: str, tmp_path: Path
) -> None:
    made = make(tmp_path / name, {"good.txt": b"fine", escape: b"evil"})
    assert "leads out of the folder" in refused(made, tmp_path, UsageError)
    assert not Path("/tmp/evil.txt").exists()


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "", "c:"]), min_size=1, max_size=5))
def test_whatever_is_accepted_stays_inside(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    tmp_path = tmp_path_factory.mktemp("archive")
    name = "/".join(parts)
    path = tarred(tmp_path / "a.tar", {name: b"x"})
    outside = tmp_path / "cache"
    try:
        root = extract(path, outside)
    except (UsageError, DecodeError):
        assert not outside.exists() or list(outside.iterdir()) == []
        return
    assert all(root in each.resolve().parents for each in root.rglob("*"))
    assert {each.name for each in tmp_path.iterdir()} == {"a.tar", "cache"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_tar_files_are_refused(kind: bytes, tmp_path: Path) -> None:
    made = tarred(tmp_path / "a.tar", {"innocent.jpg": b""}, kind, "/etc/passwd")
    assert "link or a device" in refused(made, tmp_path, UsageError)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_of_zip_files_are_refused(kind: int, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        info = zipfile.ZipInfo("innocent.jpg")
        info.external_attr = (kind | 0o777) << 16
        file.writestr(info, "/etc/passwd")
    assert "link or a device" in refused(path, tmp_path, UsageError)


def test_bombs_are_refused_by_what_they_say(tmp_path: Path) -> None:
    small = Limits(ratio=20, free_bytes=1000)
    for name, make in MAKERS:
        if name != "a.tar":
            made = make(tmp_path / name, {f"{n}.txt": b"\0" * 100_000 for n in range(5)})
            assert "bomb" in refused(made, tmp_path, UsageError, small)
    honest = zipped(tmp_path / "b.zip", {"a.txt": bytes(range(256)) * 8})
    assert extract(honest, tmp_path / "cache2", small).is_dir()


def test_bombs_are_refused_by_what_they_do(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.txt": b"\0" * 100_000})
    said = (100_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(said, (10).to_bytes(4, "little")))  # it claims ten bytes
    refused(path, tmp_path, VeilspeakError)


def test_too_many_members_and_a_full_disk_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", {f"{n}.txt": b"x" for n in range(20)})
    assert "members" in refused(path, tmp_path, UsageError, Limits(members=10))
    full = type("Usage", (), {"free": 5})
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda folder: full)
    assert "free" in refused(path, tmp_path, UsageError, Limits(reserve=0))


@pytest.mark.parametrize("files", [["a.txt", "A.txt"], ["a", "a/b.txt"], ["a/b.txt", "a"]])
def test_names_that_meet_are_refused(files: list[str], tmp_path: Path) -> None:
    made = zipped(tmp_path / "a.zip", dict.fromkeys(files, b"x"))
    assert "twice" in refused(made, tmp_path, UsageError)


def test_damaged_encrypted_and_false_archives_are_told(tmp_path: Path) -> None:
    for name, make in MAKERS:
        made = make(tmp_path / name, {"a.bin": bytes(range(256)) * 400})
        content = made.read_bytes()
        for spoilt in (b"", b"no archive", content[: len(content) // 2]):
            made.write_bytes(spoilt)
            assert name in refused(made, tmp_path, DecodeError)
    path = zipped(tmp_path / "c.zip", {"a.txt": b"x" * 50})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + place] |= 1  # the flag of encrypted files
    path.write_bytes(bytes(content))
    assert "encrypted" in refused(path, tmp_path, DecodeError)


def test_a_missing_archive_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        extract(tmp_path / "a.zip", tmp_path / "cache")
