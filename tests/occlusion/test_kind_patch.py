from __future__ import annotations

import numpy as np
import pytest
from heads import SHAPE, head

from occlusion.drawing import Occluder, draw, styles
from occlusion.occluder import Drawing


def drawn(style: str | None, seed: int, scale: float = 70.0) -> Drawing:
    points = head(scale) if scale == 70 else head(scale, (170, 150))
    patch = draw("patch", seed, points, SHAPE, style=style)
    assert isinstance(patch, Occluder)
    return patch.drawing


def area(outline: np.ndarray) -> float:
    x, y = outline.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def colours(style: str, seed: int) -> float:
    """Return by how much the colour varies within the patch."""
    drawing = drawn(style, seed)
    inside = drawing.colour[drawing.alpha > 0.99]
    return float(inside.std(axis=0).max()) if len(inside) else 0.0


def test_there_are_ten_styles_of_a_shape_and_a_pattern() -> None:
    pairs = [style.split("-") for style in styles("patch")]
    assert len(pairs) >= 10
    assert len({shape for shape, _ in pairs}) >= 5
    assert {"plain", "striped", "mottled"} <= {figure for shape, figure in pairs if shape == "blob"}


@pytest.mark.parametrize("style", styles("patch"))
def test_plain_ones_have_one_colour_and_others_more(style: str) -> None:
    spread = max(colours(style, seed) for seed in range(6))
    assert (spread < 1e-3) == style.endswith("plain")


def test_shapes_differ_in_how_they_fill_their_box_and_how_long_they_are() -> None:
    def filling(style: str, seed: int) -> float:
        outline = drawn(style, seed).outline
        # The least box over all turns.
        turns = (np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) for a in np.linspace(0, np.pi / 2, 90))
        return area(outline) / min(float(np.ptp(outline @ turn, axis=0).prod()) for turn in turns)

    def length(style: str, seed: int) -> float:
        sizes = np.linalg.eigvalsh(np.cov(drawn(style, seed).outline.T))
        return float(np.sqrt(sizes[1] / sizes[0]))

    seeds = range(8)
    assert min(filling("card-plain", seed) for seed in seeds) > 0.93
    assert max(filling("oval-plain", seed) for seed in seeds) < 0.88
    assert max(filling("splinter-plain", seed) for seed in seeds) < 0.93
    assert min(length("strip-plain", seed) for seed in seeds) > 2


def test_without_a_style_chance_draws_all_of_them() -> None:
    seen = {draw("patch", seed, head(), SHAPE).style for seed in range(150)}
    assert seen == set(styles("patch"))


@pytest.mark.parametrize("scale", [20, 70, 250])
def test_it_grows_with_the_face(scale: float) -> None:
    for style in styles("patch"):
        outline = drawn(style, 2, scale).outline
        assert 0.15 < np.ptp(outline, axis=0).max() / scale < 5.5
