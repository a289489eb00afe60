from __future__ import annotations

import cv2
import numpy as np
import pytest
from synthetic_faces import frame, landmarks, observe, textured

from multimodal.errors import UsageError
from multimodal.face.align import face_transform
from multimodal.face.canonical import SCALE
from multimodal.face.flow import FLOWS, flow_map
from multimodal.face.window import MotionWindow, WindowConfig, cell_visibility
from multimodal.results import REGIONS, FaceObservation

POINTS = landmarks(scale=80, shift=(160, 110))
GREY = textured((280, 320), seed=4)


def picture(shift: tuple[float, float] = (0, 0), chin: float = 0.0) -> np.ndarray:
    """Return the face moved by ``shift``, its chin pulled down by ``chin`` pixels."""
    y, x = np.mgrid[:280, :320].astype(np.float32)
    cx, cy = POINTS[[17, 152], :2].mean(axis=0)
    pull = chin * np.exp(-(((x - cx) / 16) ** 2 + ((y - cy) / 14) ** 2))
    grey = cv2.remap(GREY, x - shift[0], y - shift[1] - pull, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.repeat(grey[..., None], 3, axis=2)


def fill(window: MotionWindow, chins: list[float], step_ms: float = 33.0) -> list:
    return [
        window.push(frame(picture(chin=chin), i, i * step_ms), observe(POINTS, i, i * step_ms))
        for i, chin in enumerate(chins)
    ]


def test_a_still_face_has_no_energy() -> None:
    motions = fill(MotionWindow(), [0.0] * 5)
    assert all(motion.energy.max() < 0.05 for motion in motions)


def test_the_chin_moves_and_the_brows_do_not() -> None:
    motion = fill(MotionWindow(), [0, 0, 0.8, 1.6])[-1]
    assert motion.anchor_ms == 0
    assert REGIONS[int(np.argmax(motion.energy))] == "chin"
    assert motion.energy[REGIONS.index("chin")] > 0.25
    assert motion.energy[:6].max() < 0.15


def test_what_is_hidden_does_not_move() -> None:
    window, hidden = MotionWindow(), np.ones(12, np.float32)
    hidden[REGIONS.index("chin")] = 0
    for i, chin in enumerate((0.0, 1.6)):
        motion = window.push(frame(picture(chin=chin), i, i * 33.0), observe(POINTS, i, i * 33.0, hidden))
    assert motion is not None
    assert motion.energy[REGIONS.index("chin")] == 0


def test_a_shift_of_the_whole_head_is_removed() -> None:
    window = MotionWindow()
    window.push(frame(picture(), 0, 0), observe(POINTS, 0, 0))
    motion = window.push(frame(picture((1.5, -0.9)), 1, 33), observe(POINTS, 1, 33))
    assert motion is not None
    assert motion.energy.max() < 0.15


def test_a_lost_face_and_a_gap_start_anew() -> None:
    window = MotionWindow()
    fill(window, [0, 0.5])
    assert window.push(frame(picture(), 2, 66.0), FaceObservation(2, 66.0, False)) is None
    assert window.span is None
    fill(window, [0, 0.5, 1.0])
    motion = window.push(frame(picture(chin=1.6), 9, 66.0 + 151), observe(POINTS, 9, 66.0 + 151))
    assert motion is not None
    assert motion.anchor_ms == 217
    assert motion.energy.max() == 0
    assert window.span == (217, 217)


def test_time_that_runs_backwards_starts_anew() -> None:
    window = MotionWindow()
    fill(window, [0, 0])
    window.push(frame(picture(), 0, 10.0), observe(POINTS, 0, 10.0))
    assert window.span == (10, 10)


def test_memory_is_bounded() -> None:
    window = MotionWindow(WindowConfig(seconds=0.2))
    fill(window, [0.0] * 20)
    assert window.span == (13 * 33.0, 19 * 33.0)
    assert len(window._kept) == 7
    assert all(kept.crop.pixels.ndim == 2 for kept in window._kept)


def test_the_anchor_is_renewed_by_calm_by_age_and_by_head_motion() -> None:
    calm = fill(MotionWindow(), [0.0] * 9)
    assert [m.anchor_ms for m in calm] == [0.0] * 8 + [231.0]
    moving = fill(MotionWindow(WindowConfig(anchor_ms=300)), [0.0, *[2.5] * 11])
    assert {m.anchor_ms for m in moving[:11]} == {0.0}
    assert moving[11].anchor_ms == 330
    window = MotionWindow()
    fill(window, [0.0, 0.0])
    far = POINTS + np.array([0.1 * 80, 0, 0], np.float32)
    motion = window.push(frame(picture((8, 0)), 2, 66), observe(far, 2, 66))
    assert motion is not None
    assert motion.anchor_ms == 66


def test_clip_is_the_exact_flow_from_the_onset() -> None:
    window = MotionWindow()
    chins = [0, 0, 0.4, 0.8, 1.2, 1.6]
    fill(window, chins)
    clip = window.clip(33, 165, steps=4)
    np.testing.assert_allclose(clip.t_ms, [66, 99, 132, 165])
    assert clip.onset_ms == 33
    transform = face_transform(POINTS)
    onset, last = (window._kept[i].crop.square(transform) for i in (1, 5))
    np.testing.assert_allclose(clip.flow[-1], flow_map(onset, last, FLOWS.get("dis")()), atol=1e-5)
    heights = [float(np.abs(m[1]).max()) for m in clip.flow]
    assert heights == sorted(heights)
    assert clip.flow[-1, 1].max() == pytest.approx(100 * 1.6 / 80, rel=0.3)
    assert np.unravel_index(np.argmax(clip.flow[-1, 1]), (28, 28))[0] > 18


def test_clip_keeps_the_onset_frames_transform_when_landmarks_tremble() -> None:
    rng, window = np.random.default_rng(0), MotionWindow()
    for i in range(6):
        shaken = POINTS + rng.normal(0, 0.6, (1, 3)).astype(np.float32)
        window.push(frame(picture(), i, i * 33.0), observe(shaken, i, i * 33.0))
    assert np.abs(window.clip(0, 165, 5).flow[:, :2]).max() < 0.02


def test_clip_repeats_frames_at_a_low_rate_and_takes_the_least_visibility() -> None:
    window, low = MotionWindow(), np.ones(12, np.float32)
    low[3] = 0.25
    window.push(frame(picture(), 0, 0), observe(POINTS, 0, 0))
    window.push(frame(picture(chin=1), 1, 100), observe(POINTS, 1, 100, low))
    window.push(frame(picture(chin=2), 2, 200), observe(POINTS, 2, 200))
    clip = window.clip(0, 200, 8)
    assert clip.flow.shape == (8, 3, 28, 28)
    assert set(clip.t_ms.tolist()) == {100.0, 200.0}
    assert clip.visibility[3] == 0.25
    assert clip.visibility[0] == 1


def test_clip_without_frames_is_refused() -> None:
    window = MotionWindow()
    with pytest.raises(ValueError, match="no frames"):
        window.clip(0, 100)
    fill(window, [0.0])
    with pytest.raises(ValueError, match="no frames"):
        window.clip(0, 100)


def test_unknown_flow_method_is_told() -> None:
    with pytest.raises(UsageError, match="dis"):
        MotionWindow(WindowConfig(flow="nonsense"))


def test_cells_take_their_regions_visibility() -> None:
    visibility = np.ones(12, np.float32)
    visibility[REGIONS.index("chin")] = 0
    cells = cell_visibility(visibility)
    assert cells[27, 14] == 0
    assert cells[0, 0] == 1
    assert 0 < cells[20, 10] < 1
    assert SCALE[0] > SCALE[1]


def test_what_is_put_on_is_a_new_anchor() -> None:
    window, covered = MotionWindow(), np.ones(12, np.float32)
    covered[:6] = 0.5
    anchors = []
    for i, seen in enumerate((np.ones(12, np.float32), 0.8 * np.ones(12, np.float32), covered, covered)):
        motion = window.push(frame(picture(), i, i * 33.0), observe(POINTS, i, i * 33.0, seen))
        assert motion is not None
        anchors.append(motion.anchor_ms)
    assert anchors == [0.0, 0.0, 66.0, 66.0]
