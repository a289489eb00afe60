from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from fake_faces import picture, write_picture, write_video

from multimodal.data.index import ClipIndex
from multimodal.data.open_index import open_index
from multimodal.data.spotting.videos import find_videos, frames_of_video
from multimodal.testing import fabricate

HEADER = "subject,clip,onset,apex,offset,fps,emotion,path,macro\n"


def test_expressions_of_one_video_file_come_together(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", [picture((120, 60), seed=n) for n in range(60)], "mjpeg")
    rows = ["p1,e2,30,33,40,25,disgust,a.avi,", "p1,e1,5,8,12,25,anger,a.avi,", "p1,e3,42,50,59,25,anger,a.avi,1"]
    (tmp_path / "index.csv").write_text(HEADER + "\n".join(rows) + "\n")
    index = open_index([tmp_path / "index.csv"])
    (video,), problems = find_videos(index, least_s=2.0)
    assert problems == ()
    assert (video.name, video.subject, video.frames) == ("a.avi", "table/p1", 60)
    assert video.truth == {"micro": ((5, 12), (30, 40)), "macro": ((42, 59),)}
    frames = list(frames_of_video(video))
    assert [frame.index for frame in frames] == list(range(60))
    assert frames[25].t_ms == 1000.0


def test_short_recordings_are_no_long_videos(tmp_path: Path) -> None:
    write_video(tmp_path / "a.avi", [picture((120, 60), seed=n) for n in range(20)], "mjpeg")
    (tmp_path / "index.csv").write_text(HEADER + "p1,e1,5,8,12,25,anger,a.avi,\n")
    assert find_videos(open_index([tmp_path / "index.csv"]), least_s=1.0) == ((), ())


def test_a_folder_is_read_whole_and_frames_are_told_by_their_numbers(tmp_path: Path) -> None:
    for number in (*range(100, 110), *range(112, 140)):  # two frames are missing
        write_picture(tmp_path / "long" / f"img{number}.png", picture((120, 60), seed=number))
    rows = ["p1,e1,102,104,108,10,anger,long,", "p1,e2,120,124,130,10,anger,long,"]
    (tmp_path / "index.csv").write_text(HEADER + "\n".join(rows) + "\n")
    index = open_index([tmp_path / "index.csv"])
    (video,), _ = find_videos(index, least_s=3.0)
    assert video.frames == 38
    assert video.truth["micro"] == ((2, 8), (18, 28))
    frames = list(frames_of_video(video))
    np.testing.assert_array_equal(frames[18].image, picture((120, 60), seed=120))


def test_stretches_of_an_official_layouts_recordings_are_put_back_together(tmp_path: Path) -> None:
    fabricate("casme_sq", tmp_path, people=2)
    index = open_index([tmp_path])
    videos, _ = find_videos(index, least_s=0.1)
    assert sum(len(intervals) for video in videos for intervals in video.truth.values()) == len(index)
    assert {kind for video in videos for kind in video.truth if video.truth[kind]} == {"micro", "macro"}
    for video in videos:
        own = [clip for clip in index if clip.path == video.name]
        assert video.frames > max(len(clip.frames) for clip in own)
        for clip in own:
            assert clip.onset is not None
            place = clip.onset - video.whole.first
            assert place in {first for rows in video.truth.values() for first, _ in rows}


def test_expressions_and_videos_that_cannot_be_compared_are_problems(tmp_path: Path) -> None:
    fabricate("casme_sq", tmp_path, people=1, takes=2)
    index = open_index([tmp_path])
    endless = ClipIndex(tuple(replace(clip, offset=None) for clip in index), (), index.roots)
    videos, problems = find_videos(endless, least_s=0.1)
    assert all(not intervals for video in videos for intervals in video.truth.values())
    assert [problem.kind for problem in problems] == ["unknown offset"] * len(index)
    timeless = ClipIndex(tuple(replace(clip, fps=0.0) for clip in index), (), index.roots)
    videos, problems = find_videos(timeless, least_s=0.1)
    assert videos == ()
    assert {problem.kind for problem in problems} == {"unknown frame rate"}


def test_a_video_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_bytes(b"no video at all")
    (tmp_path / "index.csv").write_text(HEADER + "p1,e1,5,8,12,25,anger,a.avi,\n")
    videos, problems = find_videos(open_index([tmp_path / "index.csv"]))
    assert videos == ()
    assert [problem.kind for problem in problems] == ["unreadable video"]
