"""A picture of one posed hand on nothing: its skin in neutral light, how much it hides, where it is palm.

Made for cut-outs of about a pixel a millimetre: what tells fingers apart (light from a wide lamp, the dark between
them) matters more here than in ``render``, whose hands are smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, Int

from multimodal.data.people.hand_skin import Places, nails, palmar, redness, relief
from multimodal.data.people.hands import Hand, Sign
from multimodal.data.people.raster import cover
from multimodal.data.people.render import Camera, Mesh, open_sky

_FINE = 4
_BLUSH = np.array([0.03, -0.13, -0.11])
_LOOSE = 0.05
_LAMP = np.array([0.18, 0.58, 0.79])

Albedo = tuple[float, float, float]


@dataclass(frozen=True)
class Tones:
    """Linear albedo of the back of the hand, of its palm and of its nails."""

    back: Albedo = (0.48, 0.275, 0.18)
    palm: Albedo = (0.56, 0.325, 0.235)
    nail: Albedo = (0.58, 0.35, 0.28)


@dataclass(frozen=True)
class Picture:
    """A hand on nothing.

    Attributes:
        light: Linear, 1 is white; what is not hand is unspecified.
        alpha: How much of each pixel is hand, 0 to 1.
        palm: How far it is palm or nail, which stay light on dark hands, 0 to 1.
    """

    light: Float[np.ndarray, "height width 3"]
    alpha: Float[np.ndarray, "height width"]
    palm: Float[np.ndarray, "height width"]


@dataclass(frozen=True)
class _Seen:
    """Which triangle is seen in each fine pixel: ``corners`` and their ``weights`` where ``inside``."""

    inside: np.ndarray
    corners: Int[np.ndarray, "pixels 3"]
    weights: Float[np.ndarray, "pixels 3"]

    def mix(self, values: np.ndarray) -> np.ndarray:
        """Return a vertex's property at the pixels."""
        return np.einsum("pc,pc...->p...", self.weights, values[self.corners])

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return the pixels' values as a picture, zero elsewhere."""
        picture = np.zeros((*self.inside.shape, *values.shape[1:]), np.float32)
        picture[self.inside] = values
        return picture


def photograph(hand: Hand, sign: Sign, camera: Camera, arm: float, tones: Tones) -> Picture:
    """Take a picture of a hand whose wrist is at the world's origin.

    Args:
        hand: Whose; its own colours do not matter.
        sign: How it is held.
        camera: From where.
        arm: How much of the forearm is seen, dm from the wrist.
        tones: Colours of its skin.
    """
    mesh = _undressed(hand, hand.mesh(sign, (0.0, 0.0, 0.0)))
    triangles = np.concatenate([part.triangles for part in mesh.parts])
    seen = _look(triangles, mesh, camera, np.array(sign.arm) / np.linalg.norm(sign.arm), arm)
    places = Places(
        seen.mix(hand.rest), _unit(seen.mix(hand.rest_normals)), seen.mix(hand.bones), hand.joints.astype(np.float64)
    )
    inside, nail = palmar(places), nails(places)
    blush = np.exp(redness(places)[:, None] * _BLUSH)
    albedo = _mixed(tones, inside, nail) * relief(places)[:, None] * blush
    sky = open_sky(mesh.vertices, mesh.normals, triangles, directions=160)
    lit = _lit(albedo, nail, _unit(seen.mix(mesh.normals)), seen.mix(sky), _gaps(seen, mesh, camera))
    return _averaged(seen, lit, np.maximum(inside, nail))


def _undressed(hand: Hand, mesh: Mesh) -> Mesh:
    """Take off the room that a sleeve has about the arm."""
    return replace(mesh, vertices=mesh.vertices - np.float32(_LOOSE) * hand.bones[:, :1] * mesh.normals)


def _look(triangles: np.ndarray, mesh: Mesh, camera: Camera, elbow: np.ndarray, arm: float) -> _Seen:
    """Find what is seen, no farther from the wrist towards the elbow than ``arm``."""
    view = camera.enlarged(_FINE)
    shape = (view.height, view.width)
    nearest, number = np.zeros(shape, np.float32), np.full(shape, -1, np.int32)
    shares = np.zeros((*shape, 2), np.float32)
    cover(view.project(mesh.vertices), view.distance(mesh.vertices), triangles, 0, nearest, number, shares)
    inside = number >= 0
    second, third = shares[inside].T
    seen = _Seen(inside, triangles[number[inside]], np.stack([1 - second - third, second, third], axis=1))
    near = seen.mix(mesh.vertices) @ elbow < arm
    inside[inside] = near
    return _Seen(inside, seen.corners[near], seen.weights[near])


def _mixed(tones: Tones, palm: np.ndarray, nail: np.ndarray) -> np.ndarray:
    skin = np.array(tones.back) * (1 - palm[:, None]) + np.array(tones.palm) * palm[:, None]
    return np.asarray(skin * (1 - nail[:, None]) + np.array(tones.nail) * nail[:, None])


def _gaps(seen: _Seen, mesh: Mesh, camera: Camera) -> np.ndarray:
    """Return how bright the gaps between fingers leave each pixel: dark where what is around lies in front.

    Unsharp masking of the depths (Luft, Colditz and Deussen 2006), at two sizes.
    """
    depth = seen.spread(seen.mix(camera.distance(mesh.vertices)))
    mask, bright = seen.inside.astype(np.float32), np.ones(len(seen.corners))
    fine = _FINE * camera.focal / camera.place[2]
    for size, strength in ((0.025, 3.2), (0.08, 1.3)):
        around = cv2.GaussianBlur(depth, (0, 0), size * fine) / np.maximum(
            cv2.GaussianBlur(mask, (0, 0), size * fine), 1e-3
        )
        bright = bright * (1 - np.clip(strength * (depth - around)[seen.inside], 0, 0.4))
    return bright


def _lit(albedo: np.ndarray, nail: np.ndarray, normal: np.ndarray, sky: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Light the skin by a pale sky all around and a wide lamp above the camera that wraps round it."""
    cosine = normal @ _LAMP
    wrapped = np.clip((cosine + 0.35) / 1.35, 0, 1) * (0.35 + 0.65 * sky)
    ambient = sky * (0.72 + 0.28 * normal[:, 1])
    # Light that has gone through skin is redder: so are the dark sides and the gaps.
    through = np.array([0.10, 0.0, -0.03]) * (wrapped - np.clip(cosine, 0, 1))[:, None]
    diffuse = (0.40 * ambient + 0.84 * wrapped)[:, None] + through
    half = _unit((_LAMP + np.array([0.0, 0.0, 1.0]))[None])[0]
    shine = (0.035 + 0.10 * nail) * np.clip(normal @ half, 0, 1) ** np.where(nail > 0.5, 60, 14) * sky
    gloom = gaps[:, None] ** np.array([0.8, 1.0, 1.05])
    return np.asarray((albedo * diffuse + shine[:, None]) * gloom)


def _averaged(seen: _Seen, lit: np.ndarray, palm: np.ndarray) -> Picture:
    """Average fine pixels down to the picture's."""
    height, width = seen.inside.shape
    fine = np.dstack([seen.spread(lit), seen.spread(palm), seen.inside.astype(np.float32)])
    small = cv2.resize(fine, (width // _FINE, height // _FINE), interpolation=cv2.INTER_AREA)
    alpha = small[..., 4]
    solid = small[..., :4] / np.maximum(alpha, 1e-4)[..., None]
    return Picture(solid[..., :3], alpha, solid[..., 3])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))
