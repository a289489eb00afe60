from __future__ import annotations

import numpy as np
import pytest
from heads import SHAPE, head
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.results import REGIONS
from occlusion.drawing import coverage, styles
from occlusion.head import Head
from occlusion.kinds.hair import CUTS, STYLES
from occlusion.occluder import Drawing, Scene
from occlusion.registry import entry_of
from occlusion.shapes.combing import comb
from occlusion.shapes.locks import Growth, grow
from occlusion.shapes.scalp import Scalp
from occlusion.shapes.strands import Strands, stroke


def index(*names: str) -> list[int]:
    return [REGIONS.index(name) for name in names]


BROWS, EYES = index(*(name for name in REGIONS if "brow" in name)), index("eye_left", "eye_right")
CORNERS, MOUTH = index("mouth_corner_left", "mouth_corner_right"), index("upper_lip", "chin")
SMALL = (150, 150)


def drawn(style: str, points: np.ndarray, seed: int = 0, shape: tuple[int, int] = SHAPE) -> Drawing:
    result = entry_of("hair").draw(Scene(points, shape, np.random.default_rng(seed), style))
    assert isinstance(result, Drawing)
    return result


def small(turn: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    return head(25, (75, 75), turn)


@pytest.mark.parametrize("style", styles("hair"))
def test_every_style_falls_over_the_brows_and_leaves_mouth_and_chin(style: str) -> None:
    points = small()
    hidden = np.mean([coverage(drawn(style, points, seed, SMALL).alpha, points) for seed in range(2)], axis=0)
    assert hidden[BROWS].mean() > 0.5
    assert hidden[BROWS].min() > 0.3
    assert hidden[CORNERS].max() < 0.1
    assert hidden[MOUTH].max() < 0.02


@pytest.mark.parametrize("style", styles("hair"))
def test_no_skin_shows_between_hairline_and_crown(style: str) -> None:
    points = head(30, (170, 130))
    found, scalp = Head(points), Scalp(Head(points))
    angle, y = np.meshgrid(np.linspace(-0.9, 0.9, 25), np.linspace(scalp.crown + 0.02, found.points[10, 1] - 0.25, 12))
    x, down = np.round(found.place(scalp.place(angle, y, 0 * y))[..., :2]).astype(int).transpose(2, 0, 1)
    assert (drawn(style, points).alpha[down, x] > 0.85).mean() > 0.97


@settings(max_examples=10)
@given(
    style=st.sampled_from(styles("hair")),
    turn=st.tuples(st.floats(-45, 45), st.floats(-30, 30), st.floats(-60, 60)),
    seed=st.integers(0, 999),
)
def test_on_turned_heads_too(style: str, turn: tuple[float, float, float], seed: int) -> None:
    points = small(turn)
    drawing = drawn(style, points, seed, SMALL)
    hidden = coverage(drawing.alpha, points)
    assert hidden[BROWS].mean() > 0.25
    assert hidden[MOUTH].max() < 0.15
    assert 0 <= drawing.colour.min() <= drawing.colour.max() <= 1


@pytest.mark.parametrize(("style", "uneven"), [("emo-black", True), ("swept-blonde", True), ("blunt-black", False)])
def test_asymmetric_hair_is_combed_to_either_side(style: str, uneven: bool) -> None:
    points = small()
    eyes = [coverage(drawn(style, points, seed, SMALL).alpha, points)[EYES] for seed in range(6)]
    apart = np.array([left - right for left, right in eyes])
    assert ((apart < -0.1).any() and (apart > 0.1).any()) == uneven


@pytest.mark.parametrize("cut", CUTS)
def test_the_other_side_is_the_mirror_image(cut: str) -> None:
    one, other = (grow(Scalp(Head(small())), CUTS[cut], side, np.random.default_rng(1)) for side in (1, -1))
    np.testing.assert_allclose(one.tip * (-1, 1), other.tip)
    np.testing.assert_allclose(one.root * (-1, 1), other.root)


def test_styles_differ_by_more_than_chance_does() -> None:
    points = small()
    looks = np.array([(d := drawn(style, points, 0, SMALL)).colour * d.alpha[..., None] for style in STYLES])
    apart = np.abs(looks[:, None] - looks[None]).mean(axis=(2, 3, 4))
    assert apart[np.triu_indices(len(looks), 1)].min() > 0.004


def test_thin_ends_let_the_skin_through() -> None:
    points = head(70)
    alpha = drawn("wispy-dark", points).alpha
    low, high = points[[70, 300], :2].min(axis=0).astype(int), points[[33, 263], :2].max(axis=0).astype(int)
    fringe = alpha[low[1] : high[1], low[0] : high[0]]
    assert ((fringe > 0.1) & (fringe < 0.9)).mean() > 0.15


@pytest.mark.parametrize("style", ["curly-chestnut", "emo-black", "wavy-auburn"])
def test_there_are_never_too_many_pieces_to_draw(style: str) -> None:
    (cut, look), points = STYLES[style], head(100)
    locks = grow(Scalp(Head(points)), CUTS[cut], 1, np.random.default_rng(0))
    strands = comb(Head(points), locks, look, np.random.default_rng(0))
    assert strands.widths.size < 125_000


def test_locks_go_from_their_roots_to_their_tips() -> None:
    growth = Growth(5, (0.1, 0.9), (0.0, 0.5), part=0.2, uneven=(0.0, 0.0))
    locks = grow(Scalp(Head(small())), [growth], 1, np.random.default_rng(0))
    angle, y, lift = locks.line(np.arange(5), np.tile(np.linspace(0, 1, 9), (5, 1)))
    np.testing.assert_allclose(np.stack([angle[:, 0], y[:, 0]], axis=1), locks.root)
    np.testing.assert_allclose(np.stack([angle[:, -1], y[:, -1]], axis=1), locks.tip)
    assert (np.diff(y, axis=1) > 0).all()
    assert (lift > 0).all()
    assert (np.diff(locks.root[:, 1]) <= 0).all()


def line(colour: tuple[float, float, float], facing: float = -1.0, x: float = 30.0) -> Strands:
    points = np.stack([np.full(5, x), np.linspace(10, 60, 5), np.zeros(5)], axis=-1)[None]
    normals = np.tile([0.0, 0.0, facing], (1, 5, 1))
    return Strands(points, normals, np.full((1, 5), 4.0), np.tile(colour, (1, 5, 1)), np.zeros(1))


def test_a_strand_covers_its_length_times_its_width_and_lies_behind_what_comes_later() -> None:
    red, blue = line((0.8, 0.0, 0.0)), line((0.0, 0.0, 0.8))
    assert stroke((80, 60), red)[1].sum() == pytest.approx(200, rel=0.2)
    both = Strands(*(np.concatenate([getattr(red, n), getattr(blue, n)]) for n in red.__dataclass_fields__))
    assert stroke((80, 60), both)[0][35, 30].argmax() == 2


def test_the_head_hides_strands_behind_it_and_the_picture_cuts_others_off() -> None:
    assert stroke((80, 60), line((1.0, 1.0, 1.0), facing=1.0))[1].max() == 0
    assert stroke((80, 60), line((1.0, 1.0, 1.0), x=-500.0))[1].max() == 0
    assert drawn("afro", head(40, (3000, -2000))).alpha.max() == 0
