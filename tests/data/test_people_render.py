from __future__ import annotations

import numpy as np
import pytest

from multimodal.data.people.body import load_body
from multimodal.data.people.person import Person, Pose
from multimodal.data.people.raster import cover
from multimodal.data.people.render import (
    Camera,
    Lighting,
    develop,
    open_sky,
    render,
    sample_background,
    sample_lighting,
)
from multimodal.data.people.skin import paint, patches, sample_look

CAMERA = Camera((0.0, 7.0, 9.5), 300.0, 160, 120)
WALL = np.full((120, 160, 3), 0.3, np.float32)


@pytest.fixture(scope="module")
def person() -> Person:
    return Person.sample(np.random.default_rng(5))


def test_cover_matches_a_slow_version() -> None:
    rng = np.random.default_rng(0)
    screen, depth = rng.uniform(0, 20, (12, 2)), rng.uniform(1, 3, 12)
    triangles = rng.permutation(12).reshape(4, 3)
    z, seen = np.zeros((20, 20), np.float32), np.full((20, 20), -1, np.int32)
    cover(screen, depth, triangles, 0, z, seen, np.zeros((20, 20, 2), np.float32))
    for y in range(20):
        for x in range(20):
            best, nearest = -1, 0.0
            for t, corners in enumerate(triangles):
                matrix = np.vstack([screen[corners].T, np.ones(3)])
                if np.linalg.det(matrix) >= 0:
                    continue
                share = np.linalg.solve(matrix, [x, y, 1])
                inverse = float(share @ (1 / depth[corners]))
                if share.min() >= 0 and inverse > nearest:
                    best, nearest = t, inverse
            assert seen[y, x] == best


def test_projection_is_where_the_drawing_is(person: Person) -> None:
    """The nose, turned aside, is drawn where its vertex is projected: x is not y, right is not left."""
    for yaw in (-25.0, 25.0):
        turned = person.surface(Pose(turn=(yaw, 0, 0)))
        nose = CAMERA.project(turned[person.landmarks()["nose_tip"]])
        assert (nose[0] - 79.5) * yaw > 0


def test_true_tracks_move_with_the_picture(person: Person) -> None:
    shift = (8.0 / 300.0) * 8.0
    still = render(person.meshes(Pose()), CAMERA, Lighting(), WALL)
    moved = render(person.meshes(Pose(shift=(shift, 0.0, 0.0))), CAMERA, Lighting(), WALL)
    a, b = (CAMERA.project(person.surface(Pose(shift=(s, 0, 0)))) for s in (0.0, shift))
    step = round(float(np.median((b - a)[:, 0])))
    apart = np.abs(moved[:, step:] - still[:, : 160 - step])[20:90, 50:100]
    assert step >= 5
    assert apart.mean() < 0.3 * np.abs(moved - still)[20:90, 50:100].mean()


def test_light_comes_from_its_side(person: Person) -> None:
    lamp = np.float32([[-0.9, 0.1, 0.42, 1.0, 1.0, 1.0]])
    image = render(person.meshes(Pose()), CAMERA, Lighting(sky=(0.1, 0.1, 0.1), lamps=lamp), WALL)
    place = CAMERA.project(person.surface(Pose()))
    left, right = (place[person.landmarks()[f"mouth_corner_{side}"]].round().astype(int) for side in ("left", "right"))
    assert image[left[1], left[0] - 4].mean() > 1.5 * image[right[1], right[0] + 4].mean()


def test_a_mask_hides_the_mouth_and_not_the_brows(person: Person) -> None:
    smile = {(12, "left"): 0.8, (12, "right"): 0.8, (2, "left"): 0.8, (2, "right"): 0.8}
    change = np.abs(
        render(person.meshes(Pose(units=smile, mask=0.0)), CAMERA, Lighting(), WALL)
        - render(person.meshes(Pose(mask=0.0)), CAMERA, Lighting(), WALL)
    ).max(axis=2)
    place = CAMERA.project(person.surface(Pose())).round().astype(int)
    mouth, brow = (place[person.landmarks()[name]] for name in ("lip_upper", "brow_outer_left"))
    assert change[mouth[1] - 2 : mouth[1] + 3, mouth[0] - 2 : mouth[0] + 3].max() < 1e-3
    assert change[brow[1] - 4 : brow[1] + 5, brow[0] - 4 : brow[0] + 5].max() > 0.02


def test_head_turns_but_chest_stays(person: Person) -> None:
    moved = np.linalg.norm(person.surface(Pose(turn=(20.0, 0, 0))) - person.surface(Pose()), axis=1)
    assert moved[person.landmarks()["nose_tip"]] > 0.3
    assert moved[person.surface(Pose())[:, 1].argmin()] < 1e-3


def test_sky_is_open_above_and_hidden_below() -> None:
    low = [[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]]
    vertices = np.array(low + [[x, 0.3, z] for x, _, z in low], np.float32)
    triangles = np.array([[0, 2, 1], [0, 3, 2], [4, 6, 5], [4, 7, 6]])
    normals = np.tile(np.float32([0, 1, 0]), (8, 1))
    vertices = np.concatenate([vertices, np.float32([[0, 0, 0], [0, 0.3, 0]])])
    normals = np.concatenate([normals, normals[:2]])
    sky = open_sky(vertices, normals, triangles)
    assert sky[8] < 0.35 < 0.9 < sky[9]


def test_pictures_depend_on_the_seed_alone() -> None:
    def draw() -> np.ndarray:
        rng = np.random.default_rng(9)
        who, light, wall = Person.sample(rng), sample_lighting(rng), sample_background(rng, 160, 120)
        return develop(render(who.meshes(Pose()), CAMERA, light, wall), rng)

    np.testing.assert_array_equal(draw(), draw())


def test_supersampling_changes_edges_only(person: Person) -> None:
    one, two = (render(person.meshes(Pose()), CAMERA, Lighting(), WALL, k) for k in (1, 2))
    assert one.shape == two.shape == WALL.shape
    assert np.abs(one - two).mean() < 0.02


def test_dark_and_light_skin_differ() -> None:
    looks = [sample_look(np.random.default_rng(seed)) for seed in range(12)]
    darkest, lightest = (pick(looks, key=lambda look: look.melanin) for pick in (max, min))
    assert lightest.tone.mean() > 2 * darkest.tone.mean()
    assert paint("ears", lightest).mean() > paint("ears", darkest).mean()


@pytest.mark.parametrize("name", ["head", "ears", "hands", "torso"])
def test_texels_know_their_place(name: str) -> None:
    patch = patches()[name]
    height, width = patch.rest.shape[:2]
    middle = patch.uv.mean(axis=1)
    inside = ((middle > 0.01) & (middle < 0.99)).all(axis=1)
    column, row = np.floor(middle[inside] * (width, -height) + (0, height)).astype(int).T
    expected = load_body().vertices[patch.triangles[inside]].mean(axis=1)
    assert np.median(np.linalg.norm(patch.rest[row, column] - expected, axis=1)) < 0.02


def test_face_mesh_finds_the_face(person: Person) -> None:
    mediapipe = pytest.importorskip("mediapipe")
    camera = Camera((0.0, 7.0, 9.5), 700.0, 320, 320)
    wall = np.full((320, 320, 3), 0.3, np.float32)
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True) as finder:
        for mask in (None, 0.0):
            image = develop(render(person.meshes(Pose(mask=mask)), camera, Lighting(), wall))
            assert finder.process(image).multi_face_landmarks
