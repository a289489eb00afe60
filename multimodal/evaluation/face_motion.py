"""How well the face room measures motion, on rendered people whose true motion is known.

python -m multimodal.evaluation.face_motion [--people N] [--ledger results/face.csv]
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from multimodal.data.people.person import Pose
from multimodal.evaluation.ledger import record
from multimodal.evaluation.studio import Studio, triple
from multimodal.face.align import apply, face_transform
from multimodal.face.canonical import GRID, SCALE, to_percent
from multimodal.face.crop import face_crop, fitting_step
from multimodal.face.flow import FLOWS, face_mask, flow_map, shrink
from multimodal.face.mesh import FaceTracker
from multimodal.results import Frame

_UNITS = (1, 2, 4, 6, 9, 12, 14, 15, 17)


def measure_motion(people: int, seed: int = 1000) -> dict[str, float]:
    """Measure residual motion of expressionless faces, and flow against the truth.

    Args:
        people: How many rendered people; each sits still, then sways (1.2 degrees and 1.5 mm in each
            direction, standard deviations), and shows one action unit at .15 to .4 of its range, without and with sway.
        seed: Of the first person.

    Returns:
        Medians. ``rigid.*``: mean length of what is left, percent of the eye distance; ``METHOD.still|sway.u|v``:
        correlation with the truth over the face's cells; ``METHOD.gain``: measured over true length;
        ``pose_error.*``: degrees; ``found``: share of faces found.
    """
    rows: dict[str, list[float]] = defaultdict(list)
    with FaceTracker(static=True) as tracker:
        for person in range(people):
            _measure_person(Studio.sample(seed + person), tracker, rows)
    found = len(rows["rigid.still"])
    return {"found": found / people, **{name: round(float(np.median(values)), 3) for name, values in rows.items()}}


def _measure_person(studio: Studio, tracker: FaceTracker, rows: dict[str, list[float]]) -> None:
    rng = studio.rng
    rest = rng.normal(0, 8, 3).clip(-20, 20)
    calm = Pose(turn=triple(rest))
    swayed = Pose(turn=triple(rest + rng.normal(0, 1.2, 3)), shift=triple(rng.normal(0, 0.015, 3)))
    first = studio.shoot(calm)
    seen = tracker.track(Frame(first, 0, 0.0, ""))
    if seen.landmarks is None or seen.pose is None:
        return
    for name, true, found in zip(("yaw", "pitch", "roll"), rest, seen.pose, strict=True):
        rows[f"pose_error.{name}"].append(abs(float(found - true)))
    transform = face_transform(seen.landmarks)
    _measure_rigid(studio, tracker, transform, (first, calm, swayed), rows)
    unit, level = int(rng.choice(_UNITS)), float(rng.uniform(0.15, 0.4))
    for name, base in (("still", calm), ("sway", swayed)):
        pulled = Pose({(unit, "left"): level, (unit, "right"): level}, turn=base.turn, shift=base.shift)
        truth, known = _truth(studio, transform, base, pulled)
        later = studio.shoot(pulled)
        for method in FLOWS:
            flow = flow_map(_square(first, transform), _square(later, transform), FLOWS.get(method)())[:2, known]
            for axis, true, seen in zip("uv", truth[:, known], flow, strict=True):
                rows[f"{method}.{name}.{axis}"].append(float(np.corrcoef(true, seen)[0, 1]))
            moving = np.hypot(*truth[:, known]) > 0.3 * np.hypot(*truth[:, known]).max()
            gain = (flow * truth[:, known])[:, moving].sum() / (truth[:, known] ** 2)[:, moving].sum()
            rows[f"{method}.gain"].append(float(gain))


def _measure_rigid(
    studio: Studio,
    tracker: FaceTracker,
    transform: Float[np.ndarray, "2 3"],
    film: tuple[np.ndarray, Pose, Pose],
    rows: dict[str, list[float]],
) -> None:
    first, calm, swayed = film
    onset, method, inside = _square(first, transform), FLOWS.get("dis")(), face_mask() > 0
    still, moved = studio.shoot(calm), studio.shoot(swayed)

    def left(later: np.ndarray, removed: bool) -> float:
        flow = flow_map(onset, later, method)[:2] if removed else shrink(to_percent(method(onset, later)))
        return float(np.hypot(*flow)[inside].mean())

    rows["rigid.still"].append(left(_square(still, transform), True))
    rows["rigid.sway_unaligned"].append(left(_square(moved, transform), False))
    rows["rigid.sway"].append(left(_square(moved, transform), True))
    own = tracker.track(Frame(moved, 0, 0.0, "")).landmarks
    if own is not None:
        rows["rigid.sway_own_landmarks"].append(left(_square(moved, face_transform(own)), False))


def _square(image: np.ndarray, transform: np.ndarray) -> np.ndarray:
    return face_crop(image, transform, fitting_step(transform), grey=True).square(transform)


def _truth(
    studio: Studio, transform: np.ndarray, before: Pose, after: Pose
) -> tuple[Float[np.ndarray, "2 28 28"], np.ndarray]:
    """Return the true motion on the canonical grid, percent of the eye distance, and the cells where it is known."""
    start, end = (apply(transform, studio.places(pose)) for pose in (before, after))
    front = ((start > 0) & (start < 1)).all(axis=1) & studio.front(before)
    row, column = (start[front, axis] * GRID for axis in (1, 0))
    cells = (row.astype(int), column.astype(int))
    total, count = np.zeros((2, GRID, GRID)), np.zeros((GRID, GRID))
    for axis in (0, 1):
        np.add.at(total[axis], cells, 100 * (end - start)[front, axis] / SCALE[axis])
    np.add.at(count, cells, 1)
    return total / np.maximum(count, 1), (count > 0) & (face_mask() > 0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and if wanted enter the figures into a ledger."""
    parser = argparse.ArgumentParser(description="Measure how well facial motion is measured.")
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--ledger", type=Path)
    given = parser.parse_args(arguments)
    figures = measure_motion(given.people)
    print(json.dumps(figures, indent=2))
    if given.ledger:
        command = ["python", "-m", "multimodal.evaluation.face_motion", "--people", str(given.people)]
        record(given.ledger, {"face_motion": figures}, config={"people": given.people}, seed=1000, command=command)


if __name__ == "__main__":
    main()
