"""A rendered person before a camera, whose true motion is known: what the face and the occluders are measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from multimodal.data.people.person import Person, Pose
from multimodal.data.people.render import Camera, Lighting, develop, render, sample_background, sample_lighting

WIDTH, HEIGHT = 640, 480
"""Of a picture, pixels."""

EYES = 80.0
"""Distance between the eyes, pixels."""


@dataclass(frozen=True)
class Studio:
    """A person before a camera; every picture has fresh sensor noise.

    Attributes:
        person: Who.
        rng: Where the noise and all further chance come from.
        camera: It sees the face from the front.
        lighting: The light.
        background: What lies behind.
    """

    person: Person
    rng: np.random.Generator
    camera: Camera
    lighting: Lighting
    background: Float[np.ndarray, "height width 3"]

    @classmethod
    def sample(cls, seed: int) -> Studio:
        """Draw a person, light and a room."""
        rng = np.random.default_rng((seed, 313))
        person = Person.sample(rng)
        x, y, z = (float(v) for v in person.eye_middle())
        camera = Camera((x, y - 0.35, z + 12), EYES * 12 / person.eye_distance(), WIDTH, HEIGHT)
        return cls(person, rng, camera, sample_lighting(rng), sample_background(rng, WIDTH, HEIGHT))

    def shoot(self, pose: Pose) -> UInt8[np.ndarray, "height width 3"]:
        """Take a picture, RGB."""
        return develop(render(self.person.meshes(pose), self.camera, self.lighting, self.background), self.rng)

    def places(self, pose: Pose) -> Float[np.ndarray, "bust 2"]:
        """Return where each vertex of the bust appears, pixels (x, y)."""
        return self.camera.project(self.person.surface(pose))

    def front(self, pose: Pose) -> np.ndarray:
        """Return which vertices lie to the front, on the face, its sides, or the neck: ``bool [bust]``."""
        return np.asarray(self.person.surface(pose)[:, 2] > self.person.eye_middle()[2] - 0.6)

    def face(self, pose: Pose) -> np.ndarray:
        """Return which vertices turn with the head, lie to the front and look at the camera: ``bool [bust]``."""
        return np.asarray(self.front(pose) & (self.person.head_weight > 0.95) & (self.person.normals(pose)[:, 2] > 0.1))


def triple(values: Float[np.ndarray, "3"]) -> tuple[float, float, float]:
    """Return three numbers as poses take them."""
    x, y, z = (float(v) for v in values)
    return x, y, z
