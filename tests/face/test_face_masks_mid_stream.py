"""Things put on and taken off in mid-stream, through the whole live path: nobody's expression comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from light_rooms import STEP_MS, ScriptedSource
from synthetic_faces import frame, portrait

from multimodal.events import GROUPS
from multimodal.face.mesh import FaceTracker
from multimodal.live import Live, Step, load_live_config
from multimodal.results import REGIONS
from occlusion.drawing import draw

FRAMES = 90
LOWER = [REGIONS.index(name) for name in GROUPS["mouth"]]
SMILE = (0.1, 0.25, 0.4, 0.5, 0.5, 0.4, 0.25, 0.1)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with Live(load_live_config()) as made:
        yield made


@pytest.fixture(scope="module")
def still() -> list[np.ndarray]:
    """Half a dozen pictures of one calm person that differ by the sensor's noise only."""
    return [portrait(noise=number) for number in range(6)]


def covered(images: Sequence[np.ndarray], kind: str, seed: int) -> list[np.ndarray]:
    with FaceTracker(static=True) as tracker:
        points = tracker.track(frame(images[0])).landmarks
    assert points is not None
    thing = draw(kind, seed, points, images[0].shape)
    return [thing.apply(image, points).image for image in images]


def watch(live: Live, images: Sequence[np.ndarray]) -> list[Step]:
    live.reset()
    timed = [(number * STEP_MS, image) for number, image in enumerate(images)]
    return list(live.steps(ScriptedSource(timed)))


def smiling(images: Sequence[np.ndarray], begin: int) -> list[np.ndarray]:
    shown = list(images)
    shown[begin : begin + len(SMILE)] = [portrait(smile=strength) for strength in SMILE]
    return shown


@pytest.mark.parametrize("kind", ["mask", "scarf", "sunglasses", "cup"])
@pytest.mark.parametrize(("on", "off"), [(40, 75), (50, 70)])
def test_what_is_put_on_and_taken_off_is_no_expression(
    live: Live, still: list[np.ndarray], kind: str, on: int, off: int
) -> None:
    behind = covered(still, kind, 1)
    steps = watch(live, [(behind if on <= n < off else still)[n % 6] for n in range(FRAMES)])
    assert [step.frame.index for step in steps if step.expression is not None] == []
    assert sum(step.face.success for step in steps[:on]) == on
    if kind == "mask":
        seen = [step.face.visibility for step in steps[on + 10 : off]]
        assert all(one is not None and one[LOWER].mean() < 0.4 for one in seen)


def test_a_smile_is_seen_before_and_well_after_a_mask(live: Live, still: list[np.ndarray]) -> None:
    """The rule makes the program blind for a moment, and no longer."""
    behind = covered(still, "mask", 1)
    calm = [(behind if 45 <= n < 60 else still)[n % 6] for n in range(115)]
    steps = watch(live, smiling(smiling(calm, 25), 95))
    spotted = [step.expression.apex_ms / STEP_MS for step in steps if step.expression is not None]
    assert len(spotted) == 2
    assert 25 <= spotted[0] <= 33
    assert 95 <= spotted[1] <= 103
