from __future__ import annotations

import cv2
import numpy as np
import pytest
from synthetic_faces import textured

from multimodal.errors import UsageError
from multimodal.face.canonical import GRID, SCALE
from multimodal.face.flow import (
    FLOWS,
    SIDE,
    face_mask,
    flow_map,
    register_flow,
    relief,
    remove_rigid,
    rigid_part,
    shrink,
)


def moved(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return the picture after its points moved by ``flow`` (small and smooth, so that it inverts itself)."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    return cv2.remap(image, x - flow[0], y - flow[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def bump(x0: float, y0: float, u: float, v: float) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    hill = np.exp(-(((x - x0) / 14) ** 2 + ((y - y0) / 9) ** 2))
    return np.stack([u * hill, v * hill])


@pytest.mark.parametrize("name", FLOWS.names())
def test_every_method_recovers_a_warp_with_x_and_y_apart(name: str) -> None:
    truth = bump(40, 80, 1.5, -0.8)
    image = textured((SIDE, SIDE))
    found = FLOWS.get(name)()(image, moved(image, truth))
    inside = np.hypot(*truth) > 0.5
    assert found.shape == (2, SIDE, SIDE)
    # The quick one smooths a bump of this size to about half its height.
    quick = name == "dis-quick"
    assert np.abs(found - truth)[:, inside].mean() < (0.5 if quick else 0.2)
    assert found[0][inside].mean() > (0.3 if quick else 0.6)
    assert found[1][inside].mean() < (-0.15 if quick else -0.35)


def test_dis_of_a_still_face_is_zero() -> None:
    image = textured((SIDE, SIDE))
    assert np.abs(flow_map(image, image, FLOWS.get("dis")())).max() < 1e-3


def test_map_is_in_percent_of_the_eye_distance() -> None:
    truth = bump(36, 50, 1.2, 0.7)
    image = textured((SIDE, SIDE))
    u, v, _ = flow_map(image, moved(image, truth), FLOWS.get("dis")())
    row, column = int(50 * GRID / SIDE), int(36 * GRID / SIDE)
    assert u[row, column] == pytest.approx(100 * 1.2 / (SCALE[0] * SIDE), abs=0.35)
    assert v[row, column] == pytest.approx(100 * 0.7 / (SCALE[1] * SIDE), abs=0.35)


def test_head_motion_is_removed_and_expression_stays() -> None:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE - 0.5
    head = np.stack([1.1 + 0.8 * x - 0.6 * y, -0.7 + 0.6 * x + 0.8 * y])
    smile = bump(34, 90, -1.2, -0.9) + bump(94, 90, 1.2, -0.9)
    image = textured((SIDE, SIDE))
    method = FLOWS.get("dis")()
    alone = flow_map(image, moved(image, smile), method)
    both = flow_map(image, moved(image, head + smile), method)
    middle = face_mask() > 0
    assert np.abs(both - alone)[:2, middle].mean() < 0.12
    assert np.corrcoef(both[0][middle], alone[0][middle])[0, 1] > 0.95


def test_mirrored_input_mirrors() -> None:
    image = textured((SIDE, SIDE))
    later = moved(image, bump(40, 80, 1.5, -0.8))
    method = FLOWS.get("dis")()
    plain = flow_map(image, later, method)
    mirrored = flow_map(np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(later[:, ::-1]), method)
    back = mirrored[:, :, ::-1] * np.array([-1, 1, 1])[:, None, None]
    assert np.abs(back - plain)[:2].mean() < 0.05
    assert np.corrcoef(back[0].ravel(), plain[0].ravel())[0, 1] > 0.97


def test_affine_motion_is_fitted_exactly_despite_a_moving_mouth() -> None:
    y, x = np.mgrid[:GRID, :GRID] / (GRID - 1)
    head = np.stack([1 + 2 * x - y, -2 + 0.5 * x + 3 * y])
    flow = head.copy()
    flow[:, 18:23, 8:20] += 2.5
    weight = np.ones((GRID, GRID))
    np.testing.assert_allclose(rigid_part(flow, weight), head, atol=0.02)
    residual = remove_rigid(flow, weight)
    assert np.abs(residual[:, 20, 14] - 2.5).max() < 0.02


def test_parallax_of_a_turning_head_is_fitted() -> None:
    y, x = np.mgrid[:GRID, :GRID] / (GRID - 1)
    turn = np.stack([0.3 - 4 * relief() + 0.5 * x, 1 + 3 * relief() - y])
    mouth = turn.copy()
    mouth[0, 18:23, 4:10] -= 2
    np.testing.assert_allclose(rigid_part(mouth, face_mask().astype(float)), turn, atol=0.03)


def test_hidden_cells_have_no_say_in_the_rigid_part() -> None:
    flow = np.zeros((2, GRID, GRID))
    flow[:, 10:] = 3.0
    weight = np.zeros((GRID, GRID))
    weight[:10] = 1
    np.testing.assert_allclose(rigid_part(flow, weight)[:, :10], 0, atol=1e-6)
    np.testing.assert_allclose(rigid_part(flow, np.zeros((GRID, GRID))), 0)


def test_shrink_takes_area_means() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 4 * GRID, 4 * GRID)).astype(np.float32)
    slow = maps.reshape(2, GRID, 4, GRID, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(shrink(maps), slow, atol=1e-6)


def test_registry_refuses_twice_and_unknown() -> None:
    with pytest.raises(ValueError, match="twice"):
        register_flow("dis")(FLOWS.get("dis"))
    with pytest.raises(UsageError, match="tvl1"):
        FLOWS.get("nonsense")
