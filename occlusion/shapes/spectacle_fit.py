"""How a model of spectacles sits on a head: where its front, lenses and arms lie in the head's coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from occlusion.head import Head
from occlusion.shapes.bars import bent, evenly
from occlusion.shapes.lens_shapes import lens_outline, one_piece
from occlusion.shapes.reflection import Directions, mirrored
from occlusion.shapes.surface import Sheet, Skin

_FACE = 1.148
"""Half the mean face's width at the ears, eye distances."""

_LEAN = 0.09
"""How much farther from the camera the front lies per length down: its lower edge leans towards the cheeks."""


@dataclass(frozen=True)
class Model:
    """A model of spectacles, as for a mean face; lengths in eye distances (63 mm).

    Attributes:
        shape: Of its lenses, see ``lens_shapes``.
        size: Width and height of a lens.
        rim: Width of the rims; 0: none.
        reach: ``full`` rims, or only the ``top`` half, as always with lenses in one piece.
        heft: By what share the rims are wider at the top.
        brow: Width of a bar along the top half, of the arms' stuff; 0: none.
        gap: Between the lenses.
        bridge: ``saddle``, ``keyhole``, ``wire``, ``double`` or ``none``.
        wrap: How much the front curves round the face: depth gained per squared distance from its middle.
        arm: Height of the arms at the hinge.
        hinge: How high up the arms begin: 1 at the top of the lenses, 0 in the middle.
        studs: Whether rivets show at the upper corners.
        pads: Whether it rests on pads on wires.
        drop: How far below the eyes the lenses' middle lies.
    """

    shape: str
    size: tuple[float, float]
    rim: float = 0.05
    reach: str = "full"
    heft: float = 0.0
    brow: float = 0.0
    gap: float = 0.28
    bridge: str = "saddle"
    wrap: float = 0.10
    arm: float = 0.09
    hinge: float = 0.6
    studs: bool = False
    pads: bool = False
    drop: float = 0.06


class Fit:
    """A model on a head: how large it is there and where it sits, with a little chance.

    Args:
        head: The head.
        model: The model.
        rng: Decides on size, height on the nose and a slight slant.

    Attributes:
        head, model: As given.
        wide, high: The extent of a lens.
        outline: ``[n, 2]``, the right lens, x and y of the head.
        middle: x and y of the middle of the right lens.
    """

    def __init__(self, head: Head, model: Model, rng: np.random.Generator) -> None:
        self.head, self.model = head, model
        half = float(head.symmetric(127, 356)[0])
        size = float(np.clip(half / _FACE, 0.9, 1.12) * rng.uniform(0.97, 1.04))
        # MediaPipe's last landmark by the ear lies well before it.
        self._ear = np.add(head.symmetric(127, 356), (0.02, -0.10, 0.55))
        self._slant, drop = float(rng.normal(0, 0.012)), float(rng.uniform(-0.01, 0.03))
        self.wide, self.high = (float(length) * size for length in model.size)
        gap = 0.0 if one_piece(model.shape) else model.gap / 2 * size
        self.middle = np.array([gap + self.wide / 2, model.drop + drop])
        self.outline = lens_outline(model.shape) * (self.wide / 2, self.high / 2) + self.middle
        self._depth = self._rest(self.level(0.4) + 0.05)

    def _rest(self, y: float) -> float:
        """Return how deep the front lies in its middle so that it rests on the nose at y."""
        nose = self.head.points[[8, 168, 6, 197, 195, 5]]
        nose = nose[np.argsort(nose[:, 1])]
        return float(np.interp(y, nose[:, 1], nose[:, 2])) - 0.03 - _LEAN * y

    def front(self, places: Float[np.ndarray, "*grid 2"], lift: float = 0.0) -> Float[np.ndarray, "*grid 3"]:
        """Return points of the front, raised by ``lift`` towards the camera, at places (x, y) of the head."""
        x, y = places[..., 0], places[..., 1]
        z = self._depth + self.model.wrap * x**2 + 0.06 * y**2 + _LEAN * y - lift
        return np.stack([x, y, z], axis=-1)

    def level(self, height: float) -> float:
        """Return y at a height over the lenses' middle, 1 at their top."""
        return float(self.middle[1] - height * self.high / 2)

    def inner(self, height: float) -> float:
        """Return where the right lens's edge towards the nose lies at a height, x."""
        return float(self.outline[self._near(height), 0].min())

    def outer(self, height: float) -> float:
        """Return where its edge towards the temple lies there, x."""
        return float(self.outline[self._near(height), 0].max())

    def _near(self, height: float) -> np.ndarray:
        return np.argsort(np.abs(self.outline[:, 1] - self.level(height)))[:8]

    def place(self, points: Float[np.ndarray, "*grid 3"]) -> Float[np.ndarray, "*grid 3"]:
        """Bring points of the head, slanted as the spectacles sit, into the picture."""
        x, y, z = np.moveaxis(points, -1, 0)
        return self.head.place(np.stack([x - self._slant * y, y + self._slant * x, z], axis=-1))

    def both(
        self, points: Float[np.ndarray, "*grid 3"]
    ) -> tuple[Float[np.ndarray, "*grid 3"], Float[np.ndarray, "*grid 3"]]:
        """Bring points of the head's right side and their mirror images into the picture: left and right ones."""
        return self.place(points * (-1, 1, 1)), self.place(points)

    def arm(self) -> Float[np.ndarray, "rows 3"]:
        """Return the way of the right arm: from the rim outwards, round the corner and back to the ear."""
        model, y = self.model, self.level(self.model.hinge)
        start = self.outer(model.hinge)
        corner = max(start + 0.6 * model.rim + 0.03, float(self._ear[0]) - 0.04)
        front = self.front(np.array([(start - 0.01, y), ((start + corner) / 2, y), (corner, y)]))
        back = front[-1] + np.array([(0.015, 0.0, 0.05), (0.02, 0.0, 0.16)])
        return bent(np.concatenate([front, back, self._ear[None]]), 60)


@dataclass(frozen=True)
class Lens:
    """One lens of a fit; ``side`` is 1 for the right one in the picture, -1 for the left one."""

    fit: Fit
    side: int

    def places(self, s: np.ndarray, t: np.ndarray) -> Float[np.ndarray, "places 2"]:
        """Return x and y of the head at places of its sheet: s round it, t from its middle (0) to its edge (1)."""
        ring = evenly(np.concatenate([self.fit.outline, self.fit.outline[:1]]), 241)
        along = np.linspace(0, 1, len(ring))
        x, y = (np.interp(s, along, ring[:, axis]) for axis in (0, 1))
        middle = self.fit.middle
        return np.stack([self.side * (middle[0] + t * (x - middle[0])), middle[1] + t * (y - middle[1])], axis=-1)

    def edge(self, places: Float[np.ndarray, "places 2"], t: np.ndarray, width: float) -> Float[np.ndarray, "places"]:
        """Return how near its edge places of its sheet lie: 1 on it, fading to 0 over a share ``width`` of the way."""
        near = np.exp(-(((1 - t) / width) ** 2))
        # A lens in one piece has no edge where its halves meet.
        joined = one_piece(self.fit.model.shape)
        return np.asarray(near * np.clip(np.abs(places[:, 0]) / 0.15, 0, 1) if joined else near)

    def reflected(self, places: Float[np.ndarray, "places 2"], radius: float = 1.5) -> Directions:
        """Return which directions of the picture a lens of a radius (eye distances) reflects at places of the head."""
        whole = one_piece(self.fit.model.shape)
        middle = np.array([0.0 if whole else self.side * self.fit.middle[0], self.fit.middle[1]])
        slope = (places - middle) / radius
        slope[:, 0] += 2 * self.fit.model.wrap * middle[0]
        slope[:, 1] += _LEAN
        normals = np.column_stack([slope, -np.ones(len(slope))]) @ self.fit.head.axes
        return mirrored(normals / np.linalg.norm(normals, axis=1, keepdims=True))

    def sheet(self, skin: Skin, rows: int = 12) -> Sheet:
        """Return the lens as a sheet; the skin sees s round it and t from its middle to its edge."""
        s, t = np.meshgrid(np.linspace(0, 1, 241), np.linspace(0, 1, rows))
        places = self.places(s.ravel(), t.ravel()).reshape(*s.shape, 2)
        return Sheet(self.fit.place(self.fit.front(places)), skin, shaded=0.0)
