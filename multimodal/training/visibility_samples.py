"""Faces with known occluders, to train and test the visibility net on: rendered people and photos with painted things.

The landmarks are found anew behind every occluder, as they will be in use, since masks and hands shift them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.people.person import Person, Pose
from multimodal.data.people.render import Camera, develop, render, sample_background, sample_lighting
from multimodal.data.people.units import UNITS
from multimodal.face.align import cut_square, face_transform
from multimodal.face.appearance import SIDE, Look
from multimodal.face.canonical import crop_regions
from multimodal.face.mesh import FaceTracker
from multimodal.face.pose import eye_distance
from multimodal.face.visibility import Unjudged, see
from multimodal.results import Frame
from occlusion.drawing import draw

KINDS = (
    *("none", "mask", "sunglasses", "glasses", "block", "hand", "patch"),
    *("scarf", "hair", "cup", "phone", "microphone"),
)
"""What is painted on; ``mask3d`` is rendered with the person."""

_SIZE = (240, 320)

Finder = Callable[[np.ndarray], "np.ndarray | None"]


@dataclass(frozen=True)
class Sample:
    """A face behind something.

    Attributes:
        look: What is seen.
        clean: How the same person looked at another time, uncovered.
        visibility: ``[12]``, the truth.
        person: Whose face; samples of one person never lie on both sides of a split.
        kind: What covers it.
        origin: ``rendered`` or ``photo``.
    """

    look: Look
    clean: Look
    visibility: Float[np.ndarray, "12"]
    person: str
    kind: str
    origin: str


def landmark_finder() -> Finder:
    """Return a function that finds the landmarks in single RGB pictures, or None."""
    tracker = FaceTracker(static=True, visibility=Unjudged())

    def find(image: UInt8[np.ndarray, "height width 3"]) -> np.ndarray | None:
        return tracker.track(Frame(image, 0, 0.0, "")).landmarks

    return find


def rendered_samples(seed: int, find: Finder, views: int = 4, kinds: int = 5) -> Iterator[Sample]:
    """Make samples of one synthetic person.

    Args:
        seed: Who, and all else.
        find: See ``landmark_finder``.
        views: Number of poses and faces pulled.
        kinds: Number of occluders on each view.
    """
    rng = np.random.default_rng((seed, 71))
    person, light = Person.sample(rng), sample_lighting(rng)
    camera, background = _camera(person, rng), sample_background(rng, *_SIZE[::-1])

    def shoot(pose: Pose) -> np.ndarray:
        return develop(render(person.meshes(pose), camera, light, background), rng, float(rng.uniform(0.3, 2)))

    clean = None
    for _ in range(views):
        pose = _pose(rng)
        image = shoot(pose)
        landmarks = find(image)
        if landmarks is None:
            continue
        now = see(image, face_transform(landmarks))
        yield from _covered(image, landmarks, clean or now, f"person-{seed}", "rendered", kinds, find, rng)
        if rng.random() < 0.6:
            masked = shoot(Pose(pose.units, pose.gaze, pose.turn, pose.shift, mask=0.0))
            alpha = (np.abs(masked.astype(int) - image).max(axis=2) > 24).astype(np.float32)
            alpha = cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
            yield _sample(masked, alpha, landmarks, clean or now, (f"person-{seed}", "mask3d", "rendered"), find, rng)
        clean = now


def photo_samples(path: Path, find: Finder, rng: np.random.Generator, kinds: int = 4) -> Iterator[Sample]:
    """Make samples of one photo, unless a labelled hand touches the face.

    Args:
        path: A photo in ``images/``, with its YOLO label in ``labels/`` beside it.
        find: See ``landmark_finder``.
        rng: Where chance comes from.
        kinds: Number of occluders.
    """
    image = cv2.imread(str(path))
    image = None if image is None else np.ascontiguousarray(image[..., ::-1])
    landmarks = None if image is None else find(image)
    if image is None or landmarks is None or eye_distance(landmarks) < 18 or _touched(path, landmarks, image.shape):
        return
    # Another day's picture is not to be had: the same one, a little moved, in other light, stands for it.
    moved = landmarks + rng.normal(0, 0.02 * eye_distance(landmarks), (1, 3)).astype(np.float32)
    clean = see(_camera_quirks(image, rng), face_transform(moved))
    yield from _covered(image, landmarks, clean, path.stem, "photo", kinds, find, rng)


def _covered(
    image: np.ndarray,
    landmarks: np.ndarray,
    clean: Look,
    person: str,
    origin: str,
    kinds: int,
    find: Finder,
    rng: np.random.Generator,
) -> Iterator[Sample]:
    for kind in ("none", *rng.choice(KINDS[1:], kinds)):
        alpha, shown = np.zeros(image.shape[:2], np.float32), image
        if kind != "none":
            behind = draw(str(kind), int(rng.integers(2**31)), landmarks, image.shape).apply(image, landmarks)
            alpha, shown = behind.alpha, behind.image
        yield _sample(shown, alpha, landmarks, clean, (person, str(kind), origin), find, rng)


def _sample(
    image: np.ndarray,
    alpha: np.ndarray,
    landmarks: np.ndarray,
    clean: Look,
    names: tuple[str, str, str],
    find: Finder,
    rng: np.random.Generator,
) -> Sample:
    image = _camera_quirks(image, rng)
    found = find(image)
    if found is None:
        # A tracker would have carried the face on from the frame before, about like this.
        found = landmarks + rng.normal(0, 0.02 * eye_distance(landmarks), landmarks.shape).astype(np.float32)
    transform = face_transform(found)
    hidden = cut_square((alpha * 255).astype(np.uint8), transform, SIDE).astype(np.float32) / 255
    cells = cv2.resize(hidden, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA)
    visibility = crop_regions(1 - cells).mean(axis=(-2, -1))
    return Sample(see(image, transform), clean, visibility.astype(np.float32), *names)


def _camera(person: Person, rng: np.random.Generator) -> Camera:
    x, y, z = person.eye_middle()
    distance, eyes = float(rng.uniform(6, 14)), float(rng.uniform(32, 62))
    return Camera(
        (float(x), float(y) - 0.3, float(z) + distance), eyes * distance / person.eye_distance(), *_SIZE[::-1]
    )


def _pose(rng: np.random.Generator) -> Pose:
    """Draw a face that may be pulled and a head that may be turned."""
    units = {}
    for unit in rng.choice(UNITS, int(rng.integers(0, 6)), replace=False):
        strength, bias = rng.uniform(0.1, 0.9), rng.uniform(0.7, 1.0, 2)
        units.update({(int(unit), side): float(strength * b) for side, b in zip(("left", "right"), bias, strict=True)})
    turn = rng.normal(0, (13, 8, 7)).clip(-35, 35)
    gaze = rng.normal(0, (10, 6)).clip(-25, 25)
    return Pose(units, (float(gaze[0]), float(gaze[1])), (float(turn[0]), float(turn[1]), float(turn[2])))


def _camera_quirks(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change exposure, white balance and contrast a little, and compress."""
    gain = np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.05, 3))
    bent = 255 * (np.clip(image / 255 * gain, 0, 1) ** float(np.exp(rng.normal(0, 0.15))))
    if rng.random() < 0.3:
        bent = cv2.GaussianBlur(bent, (0, 0), float(rng.uniform(0.3, 1.2)))
    ready = bent.astype(np.uint8)
    if rng.random() < 0.6:
        _, coded = cv2.imencode(".jpg", ready, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))])
        ready = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return ready


def _touched(path: Path, landmarks: np.ndarray, shape: Sequence[int]) -> bool:
    """Tell whether a labelled box overlaps the face."""
    label = path.parents[2] / "labels" / path.parent.name / f"{path.stem}.txt"
    if not label.is_file():
        return False
    (x0, y0), (x1, y1) = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    for line in label.read_text().splitlines():
        _, x, y, w, h = (float(word) for word in line.split()[:5])
        box = ((x - w / 2) * shape[1], (y - h / 2) * shape[0], (x + w / 2) * shape[1], (y + h / 2) * shape[0])
        if box[0] < x1 and box[2] > x0 and box[1] < y1 and box[3] > y0:
            return True
    return False
