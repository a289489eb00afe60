"""Cut-outs: a picture of a hand on nothing, and where in it what lies; those that are rendered come with the package.

``multimodal.data.people.cutouts`` renders them; here they are read only.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import cv2
import numpy as np
from jaxtyping import Float

from occlusion.shapes.surface import Layer


@dataclass(frozen=True)
class Cutout:
    """A hand cut out of its picture.

    Attributes:
        colour: RGB, 0 to 1.
        alpha: How much of each pixel is hand, 0 to 1.
        grip: Where it rests on the face, (x, y) in pixels.
        palm: How many of its pixels the breadth of a palm takes.
        end: Where the arm is cut off: its middle, (x, y) in pixels.
        way: In which direction the arm goes on, unit length.
        width: How broad the arm is there, pixels.
    """

    colour: Float[np.ndarray, "height width 3"]
    alpha: Float[np.ndarray, "height width"]
    grip: Float[np.ndarray, "2"]
    palm: float
    end: Float[np.ndarray, "2"]
    way: Float[np.ndarray, "2"]
    width: float

    def mirrored(self) -> Cutout:
        """Return the other hand."""
        last, flip = self.alpha.shape[1] - 1, np.array([-1.0, 1.0])
        return replace(
            self,
            colour=self.colour[:, ::-1],
            alpha=self.alpha[:, ::-1],
            grip=self.grip * flip + (last, 0),
            end=self.end * flip + (last, 0),
            way=self.way * flip,
        )

    def turned_to(self, way: Float[np.ndarray, "2"]) -> Cutout:
        """Return the hand turned in its plane so that the arm leaves in the direction ``way``."""
        turn = np.arctan2(way[1], way[0]) - np.arctan2(self.way[1], self.way[0])
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        height, width = self.alpha.shape
        corners = np.array([(0, 0), (width, 0), (0, height), (width, height)]) @ rotation.T
        shift = 1 - corners.min(axis=0)
        matrix = np.column_stack([rotation, shift])
        wide, high = np.ceil(np.ptp(corners, axis=0) + 2).astype(int)
        colour, alpha = self.laid(matrix, (int(high), int(wide)))
        grip, end = (rotation @ point + shift for point in (self.grip, self.end))
        return replace(self, colour=colour, alpha=alpha, grip=grip, end=end, way=way)

    def laid(self, matrix: Float[np.ndarray, "2 3"], shape: tuple[int, int]) -> Layer:
        """Lay it into a picture.

        Args:
            matrix: From its pixels to the picture's.
            shape: The picture's height and width.
        """
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        layer = np.dstack([self.colour * self.alpha[..., None], self.alpha]).astype(np.float32)
        if scale < 1:
            layer, matrix = _shrunk(layer, matrix, scale)
        spread = cv2.warpAffine(layer, matrix, shape[::-1], flags=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR)
        alpha = np.clip(spread[..., 3], 0, 1)
        colour = np.clip(spread[..., :3] / np.maximum(alpha, 1e-3)[..., None], 0, 1)
        # An enlarged edge is as wide as a pixel was: made steeper, it is as sharp as the rest of the picture.
        return colour, np.clip((alpha - 0.5) * max(scale, 1.0) + 0.5, 0, 1) if scale > 1 else alpha


def _shrunk(layer: np.ndarray, matrix: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Average the layer down to about the size at which it is seen: interpolation alone would leave pixels out."""
    size = [max(1, round(side * scale)) for side in layer.shape[1::-1]]
    ratio = np.array(layer.shape[1::-1]) / size
    small = cv2.resize(layer, size, interpolation=cv2.INTER_AREA)
    linear = matrix[:, :2] * ratio
    return small, np.column_stack([linear, matrix[:, 2] + matrix[:, :2] @ (0.5 * ratio - 0.5)])


@dataclass(frozen=True)
class Rendered:
    """A rendered hand, and what is needed to give it another skin.

    Attributes:
        cutout: The hand in the one tone in which all are rendered.
        palmar: How far each pixel is palm or nail, 0 to 1.
        back, palm: Linear albedo of that tone.
    """

    cutout: Cutout
    palmar: Float[np.ndarray, "height width"]
    back: Float[np.ndarray, "3"]
    palm: Float[np.ndarray, "3"]


def poses() -> tuple[str, ...]:
    """Return the names of the rendered hands, sorted."""
    return tuple(sorted(_index()["poses"]))


@functools.lru_cache(maxsize=32)
def rendered(name: str) -> Rendered:
    """Read a rendered hand (kept once read).

    Raises:
        KeyError: There is none of that name; see ``poses``.
    """
    row, albedo = _index()["poses"][name], _index()["albedo"]
    picture, palmar = _read(f"{name}.png"), _read(f"{name}-palm.png")
    colour = np.ascontiguousarray(picture[..., 2::-1]).astype(np.float32) / 255
    arm = row["arm"]
    cutout = Cutout(
        colour, picture[..., 3].astype(np.float32) / 255, np.array(row["grip"]), float(row["palm"]),
        np.array(arm["end"]), np.array(arm["way"]), float(arm["width"]),
    )  # fmt: skip
    return Rendered(cutout, palmar.astype(np.float32) / 255, np.array(albedo["back"]), np.array(albedo["palm"]))


@functools.lru_cache(maxsize=1)
def _index() -> dict[str, Any]:
    return dict(json.loads((resources.files("occlusion") / "hands" / "index.json").read_text(encoding="utf-8")))


def _read(name: str) -> np.ndarray:
    raw = (resources.files("occlusion") / "hands" / name).read_bytes()
    return np.asarray(cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED))
