"""Frame -> landmarks: MediaPipe's Face Mesh, watched over by a face detector.

The mesh follows a face from frame to frame. Left alone it gives up too early behind masks, and if it is told not to,
it may see faces where none is. So it runs with a low threshold of its own, and MediaPipe's face detector, which knows
faces with mask and sunglasses well, must confirm its face at the start and every few frames. What is not confirmed is
not reported.

Of several people the nearest is followed, which is the one with the largest face. Whoever is followed stays so, even
after having been lost for a moment, until somebody else is clearly nearer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import TracebackType

import numpy as np
from jaxtyping import Float, UInt8

from multimodal.config import Config
from multimodal.face.detect import Box, FaceDetector, FoundFace
from multimodal.face.pose import HeadPose, eye_distance, fit_pose
from multimodal.face.visibility import Judge, VisibilityEstimator
from multimodal.quiet import quiet_stderr
from multimodal.results import FaceObservation, Frame


class TrackerConfig(Config):
    """How faces are followed.

    Attributes:
        least_score: The detector's score from which on something is a face, 0 to 1.
        mesh_score: The mesh's own threshold, 0 to 1; low, since the detector confirms.
        confirm_every: The detector confirms the face every so many frames.
        denials: After so many refusals in a row the face is given up and looked for anew.
        look_around_every: Every so many frames the whole picture is searched for a nearer face.
        nearer: A face that is so many times larger takes over.
        keep_place: For so many frames after it was lost, a face at the old place is taken for the same person's, and
            nobody else's who was there before.
    """

    least_score: float = 0.5
    mesh_score: float = 0.05
    confirm_every: int = 5
    denials: int = 5
    look_around_every: int = 30
    nearer: float = 1.4
    keep_place: int = 30


class FaceTracker:
    """Follows the nearest face; a context manager.

    Args:
        static: Treat every frame as a picture of its own instead of as part of a video.
        config: See ``TrackerConfig``.
        visibility: What judges how far regions can be seen; None loads the shipped estimator.

    Raises:
        MissingError: The shipped visibility weights are missing or damaged.
    """

    def __init__(
        self, static: bool = False, config: TrackerConfig | None = None, visibility: Judge | None = None
    ) -> None:
        self.static = static
        self.config = config or TrackerConfig()
        self._visibility: Judge = visibility or VisibilityEstimator(memory=not static)
        self._mesh = _Mesh(static, self.config.mesh_score)
        self._near = FaceDetector(least_score=self.config.least_score)
        self._far = FaceDetector(distant=True, least_score=self.config.least_score)
        self.reset()

    def track(self, frame: Frame, covers: Sequence[Float[np.ndarray, "_ 2"]] = ()) -> FaceObservation:
        """Find the face in the next frame.

        Args:
            frame: RGB.
            covers: Outlines of things known to lie over the face, such as hands: ``[corners, 2]`` in pixels.

        Returns:
            The observation. Without a face, or with one that the detector does not confirm, ``success`` is False and
            the arrays are None.
        """
        landmarks = self._alone(frame.image) if self.static else self._follow(frame.image)
        if landmarks is None:
            return FaceObservation(frame.index, frame.t_ms, success=False)
        pose = fit_pose(landmarks)
        return FaceObservation(
            index=frame.index,
            t_ms=frame.t_ms,
            success=True,
            confidence=self._score,
            landmarks=landmarks,
            pose=pose.angles(),
            eye_distance=eye_distance(landmarks),
            visibility=self._visibility.observe(frame.image, landmarks, covers, pose),
            person=self._person,
            others=self._others,
        )

    def reset(self) -> None:
        """Forget the face: after a cut, or before another video."""
        self._last: Float[np.ndarray, "468 3"] | None = None
        self._place: tuple[float, float] | None = None
        self._others: tuple[Box, ...] = ()
        self._fading: tuple[Box, ...] = ()
        self._frames = self._lost_at = self._person = 0
        self._let_go()
        self._visibility.reset()

    def close(self) -> None:
        """Free the models."""
        for model in (self._mesh, self._near, self._far):
            model.close()

    def __enter__(self) -> FaceTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _let_go(self) -> None:
        self._mesh.forget()
        if self._last is not None:
            x, y = fit_pose(self._last).shift[:2]
            self._place, self._lost_at = (float(x), float(y)), self._frames
        self._view: tuple[int, int, int, int] | None = None
        self._last = None
        self._since_confirmed = self._denied = 0
        self._score = 0.0

    def _alone(self, image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "468 3"] | None:
        faces = self._search(image)
        if not faces:
            return None
        self._score = faces[0].score
        self._view = _square_around(faces[0], 2.0, image.shape)
        landmarks = _plausible(self._in_view(_without(image, faces[1:])))
        # The detector takes some hands for faces; looked at closely, and with the mesh's opinion, hardly any.
        return landmarks if landmarks is not None and self._confirm(image, landmarks) else None

    def _follow(self, image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "468 3"] | None:
        self._frames += 1
        if self._last is not None and self._frames % self.config.look_around_every == 0:
            self._look_around(image)
        if self._last is None:
            return self._acquire(image)
        landmarks = _plausible(self._in_view(image))
        if landmarks is None or _left_view(landmarks, self._view, image.shape) or _jumped(self._last, landmarks, 1.0):
            # The mesh may have leapt to somebody else: whose face it is, is found out anew.
            self._let_go()
            return self._acquire(image)
        suspicious = self._denied > 0 or _jumped(self._last, landmarks)
        self._last = landmarks
        self._since_confirmed += 1
        if suspicious or self._since_confirmed >= self.config.confirm_every:
            return landmarks if self._confirm(image, landmarks) else None
        return landmarks

    def _acquire(self, image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "468 3"] | None:
        faces = self._search(image)
        mine = self._choose(faces)
        if mine is None:
            return None
        others = [face for face in faces if face is not mine]
        small = mine.side < 0.2 * max(image.shape[:2])
        self._view = _square_around(mine, 4.0, image.shape) if small else None
        landmarks = _plausible(self._in_view(_without(image, others)))
        if landmarks is None or not self._confirm(image, landmarks):
            self._let_go()
            return None
        self._take(landmarks, mine, others)
        return landmarks

    def _choose(self, faces: list[FoundFace]) -> FoundFace | None:
        """Return the nearest face; for a while after a loss, the one at the old place unless another is clearly nearer.

        Where there is none, nobody who stood beside the lost one is taken for a while: a hand may be before the face.
        """
        place = self._recent_place()
        if place is None:
            return faces[0] if faces else None
        if any(_holds(face.box, *place) for face in faces):
            return max(faces, key=lambda face: face.side * (self.config.nearer if _holds(face.box, *place) else 1.0))
        return next((face for face in faces if not self._stood_beside(face)), None)

    def _stood_beside(self, face: FoundFace) -> bool:
        return any(_holds_middle(face.box, other) for other in self._others)

    def _recent_place(self) -> tuple[float, float] | None:
        return self._place if self._frames - self._lost_at <= self.config.keep_place else None

    def _take(self, landmarks: Float[np.ndarray, "468 3"], face: FoundFace, others: list[FoundFace]) -> None:
        """Follow a face from now on; where it is not the last one again, what was learnt of that is forgotten."""
        place = self._recent_place()
        if place is None or not _holds(face.box, *place):
            self._visibility.reset()
            self._person += self._place is not None
        self._last = landmarks
        self._others, self._fading = tuple(other.box for other in others), ()

    def _note_others(self, faces: list[FoundFace]) -> None:
        """Keep where the other faces are; one that is not found may have been overlooked, and stays once."""
        found = tuple(face.box for face in faces)
        known = [box for box in self._others if box not in self._fading]
        missed = [box for box in known if not any(_holds_middle(face, box) for face in found)]
        self._others, self._fading = (*found, *missed), tuple(missed)

    def _search(self, image: UInt8[np.ndarray, "height width 3"]) -> list[FoundFace]:
        """Return the faces, nearest first; the slower model for distant ones is asked only if there is none near."""
        return self._near(image) or (self._far(image) if self.static or self._frames % 3 == 1 else [])

    def _in_view(self, image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "468 3"] | None:
        x0, y0, x1, y1 = self._view or (0, 0, image.shape[1], image.shape[0])
        landmarks = self._mesh(image[y0:y1, x0:x1])
        return None if landmarks is None else landmarks + np.array([x0, y0, 0], np.float32)

    def _confirm(self, image: UInt8[np.ndarray, "height width 3"], landmarks: Float[np.ndarray, "468 3"]) -> bool:
        """Ask the detector whether there is a face at the landmarks; give up after some refusals in a row."""
        pose = fit_pose(landmarks)
        x, y = pose.shift[:2]
        # The middle of the face lies below the eyes; the detector is surest with some surroundings.
        middle = FoundFace((x - pose.scale, y - 0.5 * pose.scale, x + pose.scale, y + 1.5 * pose.scale), 0.0)
        x0, y0, x1, y1 = _square_around(middle, 2.2, image.shape)
        found = self._near(image[y0:y1, x0:x1]) if x1 - x0 > 8 and y1 - y0 > 8 else []
        near = [face for face in found if _holds(face.box, x - x0, y - y0)]
        self._since_confirmed = 0
        if near:
            self._denied, self._score = 0, near[0].score
            return True
        self._denied += 1
        if self._denied >= self.config.denials:
            self._let_go()
        return False

    def _look_around(self, image: UInt8[np.ndarray, "height width 3"]) -> None:
        """Let go of the face if a clearly nearer one has come."""
        assert self._last is not None
        faces = self._near(image)
        x, y = fit_pose(self._last).shift[:2]
        mine = [face for face in faces if _holds(face.box, x, y)]
        self._note_others([face for face in faces if face not in mine])
        if mine and faces[0].side > self.config.nearer * mine[0].side:
            self._let_go()


class _Mesh:
    """MediaPipe's Face Mesh for one face: RGB in, landmarks in pixels out."""

    def __init__(self, static: bool, score: float) -> None:
        with quiet_stderr():
            from mediapipe.python.solutions.face_mesh import FaceMesh

            self._model = FaceMesh(
                static_image_mode=static, max_num_faces=1, min_detection_confidence=0.3, min_tracking_confidence=score
            )
            self.forget()
        self._spoke = False

    def __call__(self, image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "468 3"] | None:
        # The native code has one more remark to make, at the first face.
        with contextlib.nullcontext() if self._spoke else quiet_stderr():
            found = self._model.process(np.ascontiguousarray(image)).multi_face_landmarks
        if not found:
            return None
        self._spoke = True
        height, width = image.shape[:2]
        points = np.array([(p.x, p.y, p.z) for p in found[0].landmark], np.float32)
        # MediaPipe counts from the outer edge of the first pixel, we from its centre.
        return points * np.array([width, height, width], np.float32) - np.array([0.5, 0.5, 0.0], np.float32)

    def forget(self) -> None:
        """Lose the face: a blank picture makes the mesh search anew."""
        self._model.process(np.zeros((32, 32, 3), np.uint8))

    def close(self) -> None:
        self._model.close()


def _square_around(face: FoundFace, factor: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Return a square ``factor`` times as large as the face, cut off at the picture's edge."""
    x0, y0, x1, y1 = face.box
    x, y, half = (x0 + x1) / 2, (y0 + y1) / 2, factor * face.side / 2
    left, top = max(int(x - half), 0), max(int(y - half), 0)
    return left, top, min(int(x + half) + 1, shape[1]), min(int(y + half) + 1, shape[0])


def _without(
    image: UInt8[np.ndarray, "height width 3"], others: Sequence[FoundFace]
) -> UInt8[np.ndarray, "height width 3"]:
    """Return the picture with other faces painted over, so that the mesh takes up the one that is meant."""
    if not others:
        return image
    painted = image.copy()
    for other in others:
        x0, y0, x1, y1 = _square_around(other, 1.2, image.shape)
        painted[y0:y1, x0:x1] = 127
    return painted


def _holds(box: Box, x: float, y: float) -> bool:
    return bool(box[0] <= x <= box[2] and box[1] - 0.25 * (box[3] - box[1]) <= y <= box[3])


def _holds_middle(box: Box, other: Box) -> bool:
    return _holds(box, (other[0] + other[2]) / 2, (other[1] + other[3]) / 2)


def _plausible(landmarks: Float[np.ndarray, "468 3"] | None) -> Float[np.ndarray, "468 3"] | None:
    """Return the landmarks if they have the shape of a head, else None."""
    if landmarks is None or not np.isfinite(landmarks).all():
        return None
    pose: HeadPose = fit_pose(landmarks)
    yaw, pitch, _ = pose.angles()
    return landmarks if pose.scale > 4 and abs(yaw) < 75 and abs(pitch) < 75 else None


def _left_view(
    landmarks: Float[np.ndarray, "468 3"], view: tuple[int, int, int, int] | None, shape: tuple[int, ...]
) -> bool:
    """Tell whether the face touches an edge of the view behind which the picture goes on."""
    if view is None:
        return False
    (left, top), (right, bottom) = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    x0, y0, x1, y1 = view
    beyond = (left < x0 and x0 > 0, top < y0 and y0 > 0, right > x1 and x1 < shape[1], bottom > y1 and y1 < shape[0])
    return any(bool(side) for side in beyond)


def _jumped(last: Float[np.ndarray, "468 3"], now: Float[np.ndarray, "468 3"], far: float = 0.5) -> bool:
    """Tell whether in one frame the face moved by over ``far`` eye distances, or its size changed by that, halved."""
    before, after = fit_pose(last), fit_pose(now)
    moved = np.hypot(*(after.shift - before.shift)[:2]) > far * before.scale
    return bool(moved or abs(np.log(after.scale / before.scale)) > np.log1p(far / 2))
