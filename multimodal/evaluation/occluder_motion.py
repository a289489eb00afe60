"""How still occluders are on a still face, how well they follow a moving one, and how quick they are to apply.

python -m multimodal.evaluation.occluder_motion [--people N] [--ledger results/occlusion.csv]

Measured on rendered people whose true motion is known, with the landmarks that Face Mesh finds in each frame.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.occlude.faces import mediapipe_finder
from multimodal.data.people.person import Pose
from multimodal.evaluation.ledger import record
from multimodal.evaluation.studio import HEIGHT, WIDTH, Studio, triple
from occlusion.drawing import Degradation, JitterOccluder, Occluder, draw, draw_jitter, kinds
from occlusion.registry import entry_of

_FRAMES = 16
_STEP, _FEWEST = 6, 8
_Film = list[tuple[UInt8[np.ndarray, "height width 3"], Float[np.ndarray, "468 3"], Pose]]


def measure(
    people: int, chosen: Sequence[str] | None = None, seed: int = 2000, repeats: int = 40
) -> dict[str, dict[str, float]]:
    """Measure kinds.

    Args:
        people: How many rendered people; each sits still for 16 frames, then sways for 16 (1.2 degrees and 1.5 mm in
            each direction, standard deviations, smoothly).
        chosen: The kinds; None takes all.
        seed: Of the first person.
        repeats: How often a frame is covered to measure the time.

    Returns:
        By kind: ``still``, ``still_jitter``: how far the occluder moves on a still face, pixels, the worst frame of all
        people; ``flow``, ``flow_jitter``: the optical flow (DIS) within it there, the mean length in the worst
        frame, pixels; ``moving``, ``moving_jitter``: by how much its motion differs from that of the head under
        it, pixels, median of frames; ``moving_worst``: the worst frame; ``fps``: frames a second at 640 x 480 on one
        thread, landmarks given, from the median time.
    """
    rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for number in range(people):
            studio = Studio.sample(seed + number)
            still, moving = _film(studio, sway=False), _film(studio, sway=True)
            if still is not None and moving is not None:
                for kind in chosen or kinds():
                    _measure_kind(kind, number, studio, (still, moving), rows[kind], repeats)
    finally:
        cv2.setNumThreads(threads)
    return {kind: _summary(values) for kind, values in rows.items()}


def _summary(values: dict[str, list[float]]) -> dict[str, float]:
    worst = ("still", "flow", "moving_worst", "still_jitter", "flow_jitter")
    figures = {key: max(found) if key in worst else float(np.median(found)) for key, found in values.items()}
    return {key: round(value, 1 if key == "fps" else 3) for key, value in figures.items()}


def _film(studio: Studio, sway: bool) -> _Film | None:
    """Take a short film and find the landmarks in it; None where a frame shows none."""
    rest = studio.rng.normal(0, 8, 3).clip(-20, 20)
    phase, speed = studio.rng.uniform(0, 6.28, 6), studio.rng.uniform(0.15, 0.45, 6)
    size = np.array([1.2, 1.2, 1.2, 0.015, 0.015, 0.015]) * np.sqrt(2) * sway
    film: _Film = []
    with mediapipe_finder(False) as find:
        for frame in range(_FRAMES):
            move = size * (np.sin(phase + speed * frame) - np.sin(phase))
            pose = Pose(turn=triple(rest + move[:3]), shift=triple(move[3:]))
            image = studio.shoot(pose)
            landmarks = find(image)
            if landmarks is None:
                return None
            film.append((image, landmarks, pose))
    return film


def _measure_kind(
    kind: str, seed: int, studio: Studio, films: tuple[_Film, _Film], row: dict[str, list[float]], repeats: int
) -> None:
    still, moving = films
    row["fps"].append(_speed(kind, seed, moving, repeats))
    if entry_of(kind).degrades:
        return
    for ending, jitter in (("", False), ("_jitter", True)):
        found = list(_follow(kind, seed, still, jitter))
        row[f"still{ending}"] += [float(np.abs(polygon - found[0][1]).max()) for _, polygon, _ in found]
        row[f"flow{ending}"] += [_flow_inside(found[0], later) for later in found[1:]]
        found = list(_follow(kind, seed, moving, jitter))
        off = _off_the_face(studio, moving, [polygon for _, polygon, _ in found])
        row[f"moving{ending}"] += off
        if not jitter:
            row["moving_worst"] += off


def _start(kind: str, seed: int, film: _Film, jitter: bool) -> Occluder | Degradation | JitterOccluder:
    image, landmarks, _ = film[0]
    return draw_jitter(kind, seed, landmarks) if jitter else draw(kind, seed, landmarks, image.shape)


def _follow(kind: str, seed: int, film: _Film, jitter: bool) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield, frame by frame, the covered picture in grey, the polygon, and what is hidden."""
    thing = _start(kind, seed, film, jitter)
    for image, landmarks, _ in film:
        done = thing.apply(image, landmarks)
        yield cv2.cvtColor(done.image, cv2.COLOR_RGB2GRAY), done.polygon, done.alpha


def _flow_inside(first: tuple[np.ndarray, ...], later: tuple[np.ndarray, ...]) -> float:
    """Return the mean length of the optical flow well within the occluder, pixels."""
    solid = np.minimum(first[2], later[2]) > 0.98
    inside = cv2.erode(solid.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    if not inside.any():
        return 0.0
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(0)
    flow = method.calc(first[0], later[0], None)
    return float(np.hypot(flow[..., 0], flow[..., 1])[inside].mean())


def _off_the_face(studio: Studio, film: _Film, polygons: Sequence[np.ndarray]) -> list[float]:
    """Return, frame by frame, how far the occluder's motion is from that of the face under it, pixels.

    Both are means over the covered part of the face, as far as the landmarks reach: an occluder is carried as a whole.
    """
    poses = [pose for _, _, pose in film]
    start = studio.places(poses[0])
    where = np.flatnonzero(studio.face(poses[0]))
    places = _inside(polygons[0], _inside(cv2.convexHull(film[0][1][:, :2].astype(np.float32))[:, 0]))
    apart = np.hypot(*(places[:, None] - start[None, where]).transpose(2, 0, 1))
    places, nearest = places[apart.min(axis=1) < _STEP], where[apart.argmin(axis=1)][apart.min(axis=1) < _STEP]
    if len(places) < _FEWEST:
        return []
    design = np.column_stack([polygons[0], np.ones(len(polygons[0]))])
    off = []
    for pose, polygon in zip(poses[1:], polygons[1:], strict=True):
        affine = np.linalg.lstsq(design, polygon, rcond=None)[0]
        carried = np.column_stack([places, np.ones(len(places))]) @ affine - places
        moved = (studio.places(pose) - start)[nearest]
        off.append(float(np.hypot(*np.mean(carried - moved, axis=0))))
    return off


def _inside(outline: np.ndarray, places: np.ndarray | None = None) -> np.ndarray:
    """Return those places that lie within a polygon; None stands for a grid over the picture."""
    if places is None:
        y, x = np.mgrid[:HEIGHT:_STEP, :WIDTH:_STEP].reshape(2, -1)
        places = np.column_stack([x, y]).astype(np.float64)
    contour = outline.astype(np.float32)[:, None]
    return places[[cv2.pointPolygonTest(contour, (float(x), float(y)), False) >= 0 for x, y in places]]


def _speed(kind: str, seed: int, film: _Film, repeats: int) -> float:
    thing, times = _start(kind, seed, film, jitter=False), []
    for repeat in range(repeats + 1):
        image, landmarks, _ = film[repeat % len(film)]
        begin = time.perf_counter()
        thing.apply(image, landmarks)
        times.append(time.perf_counter() - begin)
    return 1 / float(np.median(times[1:]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and if wanted enter the figures into a ledger."""
    parser = argparse.ArgumentParser(description="Measure how occluders follow the head.")
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--kinds", nargs="+", choices=kinds())
    parser.add_argument("--ledger", type=Path)
    given = parser.parse_args(arguments)
    figures = measure(given.people, given.kinds)
    print(json.dumps(figures, indent=1))
    if given.ledger:
        command = ["python", "-m", "multimodal.evaluation.occluder_motion", "--people", str(given.people)]
        record(given.ledger, {"occluder_motion": figures}, config={"people": given.people}, seed=2000, command=command)


if __name__ == "__main__":
    main()
