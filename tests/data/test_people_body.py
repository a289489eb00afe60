from __future__ import annotations

import sys

import numpy as np
import pytest

from multimodal.data.people.body import eye_of, load_body, sample_identity, vertex_normals


def test_skin_triangles_use_no_helper_geometry() -> None:
    body = load_body()
    assert body.triangles.max() < 13380
    assert len(body.triangles) == 26756
    assert "torch" not in sys.modules or "anny" not in sys.modules


def test_normals_point_outwards_and_match_a_slow_version() -> None:
    body = load_body()
    normals = vertex_normals(body.vertices, body.triangles)
    tip = body.vertices[:13380, 2].argmax()
    for vertex in (0, 5000, int(tip)):
        around = body.triangles[(body.triangles == vertex).any(axis=1)]
        total = sum(
            np.cross(body.vertices[b] - body.vertices[a], body.vertices[c] - body.vertices[a]) for a, b, c in around
        )
        np.testing.assert_allclose(normals[vertex], total / np.linalg.norm(total), atol=1e-4)
    crown = body.vertices[:13380, 1].argmax()
    assert normals[crown, 1] > 0.9


def test_picture_left_is_negative_x() -> None:
    vertices = load_body().vertices
    assert eye_of(vertices, "left").centre[0] < 0 < eye_of(vertices, "right").centre[0]


def test_identity_depends_on_the_seed_alone() -> None:
    a, again, other = (sample_identity(np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(a, again)
    assert np.abs(a - other).max() > 0.02


@pytest.mark.parametrize("seed", range(6))
def test_identities_are_human(seed: int) -> None:
    vertices = sample_identity(np.random.default_rng(seed))
    left, right = eye_of(vertices, "left"), eye_of(vertices, "right")
    assert 0.45 < np.linalg.norm(left.centre - right.centre) < 0.8
    assert np.isfinite(vertices).all()
