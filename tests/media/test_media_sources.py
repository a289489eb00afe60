from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import corpus
import cv2
import numpy as np
import pytest

from multimodal.errors import DecodeError, MissingError, UsageError
from multimodal.media.sources import open_source
from multimodal.results import Frame

pytestmark = pytest.mark.timeout(20)


def read(path: Path | str) -> tuple[list[Frame], object]:
    with open_source(str(path)) as source:
        frames = list(source)
    return frames, source


HEALTHY = {
    "plain.mp4": {},
    "mpeg4.avi": {"codec": "mpeg4"},
    "motion_jpeg.avi": {"codec": "mjpeg", "pixels": "yuvj420p", "bframes": 0},
    "matroska.mkv": {},
    "stream.ts": {},
    "vp8.webm": {"codec": "libvpx", "bframes": 0},
    "fragmented.mp4": {"container": {"movflags": "frag_keyframe+empty_moov+default_base_moof"}},
    "one.mp4": {"frames": 1},
    "odd.mkv": {"codec": "ffv1", "size": (97, 65), "bframes": 0},
    "grey16.mkv": {"codec": "ffv1", "pixels": "gray16le", "grey16": True, "bframes": 0},
}


@pytest.mark.parametrize("name", sorted(HEALTHY))
def test_healthy_files_are_whole(tmp_path: Path, name: str) -> None:
    options = HEALTHY[name]
    path = corpus.clip(tmp_path / name, **options)
    frames, source = read(path)
    assert len(frames) == options.get("frames", corpus.FRAMES)
    assert (source.truncated, source.decode_errors) == (False, 0)
    assert source.frames_expected == len(frames)
    assert frames[0].image.shape == (*reversed(options.get("size", (96, 64))), 3)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    times = [frame.t_ms for frame in frames]
    assert times[0] == 0
    assert np.allclose(np.diff(times), 1000 / 30, atol=1.1)


@pytest.mark.parametrize("name", ["variable.mp4", "variable.mkv"])
def test_variable_rate_keeps_its_times_and_is_whole(tmp_path: Path, name: str) -> None:
    pts = np.cumsum(np.random.default_rng(0).integers(10, 120, 60)).tolist()
    frames, source = read(corpus.clip(tmp_path / name, pts=pts, time_base=Fraction(1, 1000)))
    assert len(frames) == 60
    assert not source.truncated
    assert np.allclose([frame.t_ms for frame in frames], np.array(pts) - pts[0], atol=1.1)


def test_edit_list_hides_frames_without_calling_the_file_truncated(tmp_path: Path) -> None:
    path = corpus.clip(
        tmp_path / "edit.mp4", pts=[index - 10 for index in range(60)], container={"avoid_negative_ts": "disabled"}
    )
    frames, source = read(path)
    assert len(frames) == 50 == source.frames_expected
    assert not source.truncated


def damaged(folder: Path, name: str) -> Path:
    whole = corpus.front(folder / "whole.mp4")
    if name.endswith("mp4") and "fragmented" not in name:
        return (corpus.cut if "cut" in name else corpus.damage)(folder / name, whole)
    key = {"avi": "motion_jpeg.avi", "mpeg4.avi": "mpeg4.avi"}.get(name.split("-")[1], name.split("-")[1])
    source = corpus.clip(folder / key, **HEALTHY[key])
    return (corpus.cut if "cut" in name else corpus.damage)(folder / name, source)


DAMAGED = [
    f"{how}-{name}"
    for how in ("cut", "damaged")
    for name in ("plain.mp4", "mpeg4.avi", "motion_jpeg.avi", "matroska.mkv", "vp8.webm", "fragmented.mp4")
]


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_never_silently_short(tmp_path: Path, name: str) -> None:
    frames, source = read(damaged(tmp_path, name))
    assert 0 < len(frames) < corpus.FRAMES
    assert source.truncated
    assert source.frames_expected is None or source.frames_expected > len(frames)


def test_a_damaged_transport_stream_reports_decode_errors(tmp_path: Path) -> None:
    path = corpus.damage(tmp_path / "damaged.ts", corpus.clip(tmp_path / "whole.ts"))
    frames, source = read(path)
    assert 0 < len(frames) < corpus.FRAMES
    assert source.truncated


def mangled(path: Path, source: Path, seed: int) -> Path:
    """A file that is cut somewhere, or in which a stretch of bytes is gone, zeroed or made up."""
    rng = np.random.default_rng(seed)
    content = bytearray(source.read_bytes())
    start, length = int(rng.integers(len(content))), int(rng.integers(100, 8000))
    middle = (b"", bytes(length), rng.bytes(length))[seed % 3]
    content[start : start + length if seed % 4 else None] = middle
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["plain.mp4", "motion_jpeg.avi", "matroska.mkv"])
def test_mangled_files_are_refused_or_owned_up_to(tmp_path: Path, name: str) -> None:
    source = corpus.front(tmp_path / name) if name == "plain.mp4" else corpus.clip(tmp_path / name, **HEALTHY[name])
    for seed in range(16):
        try:
            frames, mangled_source = read(mangled(tmp_path / f"{seed}-{name}", source, seed))
        except DecodeError:
            continue
        assert len(frames) == corpus.FRAMES or mangled_source.truncated, seed


def test_a_title_that_is_not_utf8_says_nothing_about_the_pictures(tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "plain.mkv")
    content = path.read_bytes()
    start = content.find(b"00:00:02.0")
    path.write_bytes(content[: start + 10] + b"\x9b" + content[start + 11 :])
    assert len(read(path)[0]) == corpus.FRAMES


@pytest.mark.parametrize(("scale", "rate"), [(1, 0), (0, 0), (0, 1)])
def test_a_rate_that_is_no_number_is_survived(tmp_path: Path, scale: int, rate: int) -> None:
    healthy = corpus.clip(tmp_path / "whole.avi", codec="mjpeg", pixels="yuvj420p", bframes=0)
    frames, source = read(corpus.rateless(tmp_path / "rateless.avi", healthy, scale, rate))
    assert len(frames) == corpus.FRAMES
    assert 1 <= source.fps <= 1000
    assert (np.diff([frame.t_ms for frame in frames]) > 0).all()


def test_rotation_is_applied(tmp_path: Path) -> None:
    path = corpus.rotated(tmp_path / "rotated.mp4", corpus.front(tmp_path / "whole.mp4"))
    frames, source = read(path)
    assert (source.width, source.height) == (64, 96)
    image = frames[0].image
    # The red quarter was top left; turned clockwise it is top right.
    assert image[10, -10, 0] > 200
    assert image[10, 10, 0] < 180


def test_colours_are_rgb(tmp_path: Path) -> None:
    frames, _ = read(corpus.clip(tmp_path / "plain.mp4"))
    red, green, blue = frames[0].image[16, 20].tolist()
    assert red > 200 > 80 > max(green, blue)


def unreadable(folder: Path, name: str) -> Path:
    path = folder / name
    if name == "empty.mp4":
        path.write_bytes(b"")
    elif name == "text.mp4":
        path.write_text("this is no video\n" * 100)
    elif name == "no-index.mp4":
        corpus.without_index(path, corpus.clip(folder / "whole.mp4"))
    elif name == "sound.mp4":
        corpus.sound_only(path)
    elif name == "half-index-at-end.mp4":
        corpus.cut(path, corpus.clip(folder / "whole.mp4"))
    elif name == "shredded.mp4":
        corpus.shredded(path, corpus.front(folder / "whole.mp4"))
    elif name == "list.mp4":
        corpus.clip(folder / "whole.mp4")
        path.write_text("ffconcat version 1.0\nfile whole.mp4\n")
    elif name == "network.m3u8":
        path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    elif name == "broken.png":
        path.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    elif name == "empty.jpg":
        path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    "name",
    [
        "empty.mp4",
        "text.mp4",
        "no-index.mp4",
        "sound.mp4",
        "half-index-at-end.mp4",
        "shredded.mp4",
        "list.mp4",
        "network.m3u8",
        "broken.png",
        "empty.jpg",
    ],
)
def test_what_cannot_be_decoded_ends_in_one_line(tmp_path: Path, name: str) -> None:
    path = unreadable(tmp_path, name)
    with pytest.raises(DecodeError) as caught:
        read(path)
    assert caught.value.exit_code == 4
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spec", ["nowhere.mp4", "nowhere/*.jpg", "rtsp://127.0.0.1/x", "nowhere/"])
def test_wrong_names_are_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        open_source(spec)
    assert caught.value.exit_code == 2
    assert spec in str(caught.value)


def test_a_folder_without_pictures_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(UsageError, match="no picture"):
        open_source(str(tmp_path))


def test_a_pipe_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(UsageError):
        open_source(str(tmp_path / "pipe.mp4"))


def test_a_camera_that_is_not_there_is_missing_without_noise() -> None:
    code = (
        "import sys\n"
        "from multimodal.errors import MissingError\n"
        "from multimodal.media.sources import open_source\n"
        "try: open_source('97')\n"
        "except MissingError as error: print(error.exit_code, error)\n"
        "assert not {'torch', 'mediapipe', 'cv2'} & set(sys.modules), 'heavy import'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 camera 97 is not there")
    assert done.stderr == ""


def test_probing_a_video_loads_no_network_library(tmp_path: Path) -> None:
    path = corpus.clip(tmp_path / "plain.mp4", frames=3)
    code = (
        "import sys; from multimodal.media.sources import open_source\n"
        f"source = open_source({str(path)!r}); print(source.width, source.height)\n"
        "assert not {'torch', 'mediapipe'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert (done.stdout.strip(), done.returncode) == ("96 64", 0), done.stderr


def test_a_missing_sample_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("multimodal.media.sources.importlib.resources.files", lambda _: tmp_path)
    with pytest.raises(MissingError, match="reinstall"):
        open_source("sample")


# Pictures


def photo(path: Path, width: int = 40, height: int = 24) -> Path:
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2, 2] = 255  # OpenCV's order: red, top left
    cv2.imwrite(str(path), image)
    return path


def test_folder_of_photos_in_natural_order_with_a_broken_one(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        photo(tmp_path / f"img{number}.png")
    content = (tmp_path / "img2.png").read_bytes()
    (tmp_path / "img3.png").write_bytes(content[: len(content) // 2])
    frames, source = read(tmp_path)
    assert [Path(frame.source).name for frame in frames] == ["img1.png", "img2.png", "img10.png"]
    assert [frame.index for frame in frames] == [0, 1, 3]
    assert (source.kind, source.independent, source.frames_expected) == ("images", True, 4)
    assert (source.decode_errors, source.truncated) == (1, True)
    assert frames[0].image[3, 3].tolist() == [255, 0, 0]


def test_half_a_jpeg_is_broken_not_grey(tmp_path: Path) -> None:
    path = photo(tmp_path / "photo.jpg", 400, 400)
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(DecodeError):
        open_source(str(path))


@pytest.mark.parametrize(
    "name", ["grey.png", "alpha.png", "deep.png", "deep_grey.png", "photo.bmp", "photo.tiff", "a.webp"]
)
def test_every_kind_of_picture_becomes_rgb(tmp_path: Path, name: str) -> None:
    image = np.zeros((24, 40, 3), np.uint8)
    image[:12, :20, 2] = 255
    stored = {
        "grey.png": image[..., 2],
        "alpha.png": np.dstack([image, np.full((24, 40), 128, np.uint8)]),
        "deep.png": image.astype(np.uint16) * 257,
        "deep_grey.png": image[..., 2].astype(np.uint16) * 257,
    }.get(name, image)
    cv2.imwrite(str(tmp_path / name), stored)
    frames, _ = read(tmp_path / name)
    assert frames[0].image.shape == (24, 40, 3)
    assert frames[0].image.dtype == np.uint8
    expected = [255, 255, 255] if "grey" in name else [255, 0, 0]
    assert np.abs(frames[0].image[4, 4].astype(int) - expected).max() <= 6
    assert frames[0].image[20, 36].max() <= 6


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    from PIL import Image

    image = np.zeros((24, 40, 3), np.uint8)
    image[:12, :20] = (255, 0, 0)
    picture = Image.fromarray(image)
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned clockwise
    picture.save(tmp_path / "phone.jpg", exif=exif, quality=95)
    frames, source = read(tmp_path / "phone.jpg")
    assert (source.width, source.height) == (24, 40)
    assert frames[0].image[5, -5, 0] > 200
    assert frames[0].image[5, 5, 0] < 50


def test_a_pattern_takes_pictures_or_one_video(tmp_path: Path) -> None:
    photo(tmp_path / "like_1.png")
    photo(tmp_path / "like_2.png")
    photo(tmp_path / "fist_1.png")
    frames, _ = read(tmp_path / "like_*.png")
    assert len(frames) == 2
    corpus.clip(tmp_path / "only.mp4", frames=3)
    frames, source = read(tmp_path / "on*.mp4")
    assert (len(frames), source.kind) == (3, "video")


def test_leaving_early_closes_the_file(tmp_path: Path) -> None:
    with open_source(str(corpus.clip(tmp_path / "plain.mp4"))) as source:
        assert next(iter(source)).index == 0
    source.close()


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "count"), [("WolfgangLanger_Pexels.mp4", 472), ("face_noface.mov", 169), ("single_face.mp4", 72)]
)
def test_real_clips_are_whole(shared_data: Path, name: str, count: int) -> None:
    with open_source(str(shared_data / "video" / name)) as source:
        assert source.frames_expected == count
        frames = sum(1 for _ in source)
    assert (frames, source.truncated, source.decode_errors) == (count, False, 0)
