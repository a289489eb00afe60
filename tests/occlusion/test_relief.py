from __future__ import annotations

import numpy as np
import pytest
from heads import head, turned

from occlusion.degrading.carried import Canvas, Carrier
from occlusion.degrading.relief import Relief, relief_of, unshadowed

FINE = 30.0


def relief(points: np.ndarray) -> tuple[Canvas, Relief]:
    canvas = Canvas.around(points, 1.0, FINE)
    return canvas, relief_of(points, canvas)


def at(values: np.ndarray, canvas: Canvas, points: np.ndarray, number: int) -> np.ndarray:
    x, y = np.round(canvas.inside(points[number, :2])).astype(int)
    return values[y, x]


@pytest.mark.parametrize("turn", [(0, 0, 0), (20, 0, 0), (0, 15, 0), (0, 0, 50), (-25, 10, -30)])
def test_skin_looks_where_it_should(turn: tuple[float, float, float]) -> None:
    points = head(turn=turn)
    canvas, form = relief(points)
    # In the head's own axes: the cheeks to their sides, the forehead forward, the skin under the nose down.
    normals = {number: at(form.normals, canvas, points, number) @ turned(*turn) for number in (50, 280, 151, 2)}
    assert normals[50][0] < -0.25
    assert normals[280][0] > 0.25
    assert normals[151][2] < -0.85
    assert normals[2][1] > 0.3


def test_normals_are_unit_vectors_that_look_at_the_camera() -> None:
    for turn in ((0, 0, 0), (40, -20, 60)):
        _, form = relief(head(turn=turn))
        np.testing.assert_allclose(np.linalg.norm(form.normals, axis=-1), 1, atol=1e-4)
        assert form.normals[..., 2].max() < 0


def test_depth_is_that_of_the_landmarks() -> None:
    points = head(turn=(10, 5, 5))
    canvas, form = relief(points)
    middle = points[[33, 133, 362, 263], 2].mean()
    for number in (4, 50, 280, 9, 199, 33, 263):
        expected = (points[number, 2] - middle) / 70
        assert at(form.places, canvas, points, number)[2] == pytest.approx(expected, abs=0.06)


def test_the_nose_stands_in_the_light() -> None:
    points = head()
    canvas, form = relief(points)
    left = unshadowed(form, np.array([-0.93, -0.2, -0.3]), FINE, 0.1)
    assert at(left, canvas, points, 358) < 0.3
    assert at(left, canvas, points, 129) > 0.7
    front = unshadowed(form, np.array([0.0, 0.0, -1.0]), FINE, 0.1)
    assert front[form.face > 0.9].min() > 0.9


def test_what_is_far_from_the_face_is_not_solid() -> None:
    points = head()
    canvas, form = relief(points)
    assert at(form.solid, canvas, points, 4) == 1
    assert form.solid[0].max() == 0
    assert form.face[form.solid < 0.9].max() < 0.5


def test_places_go_to_the_canvas_and_back() -> None:
    canvas, points = Canvas((-20.0, 7.5), 2.5, (40, 30)), np.array([[3.0, 9.0], [-50.0, 70.0]])
    matrix = canvas.outside()
    np.testing.assert_allclose(canvas.inside(points) @ matrix[:, :2].T + matrix[:, 2], points)
    # The first pixel begins at the corner, and pixels of the picture reach from -.5 to .5.
    np.testing.assert_allclose(canvas.inside(np.array(canvas.corner) - 0.5), [-0.5, -0.5])


def test_a_map_goes_along_with_the_head() -> None:
    points, image = head(), np.full((300, 340, 3), 128, np.uint8)
    canvas = Canvas.around(points, 0.5, FINE)
    y, x = np.indices(canvas.shape)
    spot = canvas.inside(points[4, :2])
    layer = np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / 18).astype(np.float32)
    carrier = Carrier(canvas, points, (1, 4, 5, 195, 48, 278))
    for moved in (points, head(shift=(190, 95)), head(shift=(190, 95), turn=(0, 0, 25)), head(80, (150, 120))):
        carrier.follow(image, moved)
        seen = carrier.place(layer, image.shape)
        peak = np.unravel_index(seen.argmax(), seen.shape)[::-1]
        np.testing.assert_allclose(peak, moved[4, :2], atol=1.6)


def test_the_carrier_tells_the_turn_of_the_head() -> None:
    points, image = head(), np.full((300, 340, 3), 128, np.uint8)
    carrier = Carrier(Canvas.around(points, 0.5, FINE), points, (33, 263, 152))
    carrier.follow(image, points)
    np.testing.assert_allclose(carrier.turn, np.eye(3), atol=1e-6)
    carrier.follow(image, head(turn=(20, 10, 15)))
    np.testing.assert_allclose(carrier.turn, turned(20, 10, 15), atol=0.03)
