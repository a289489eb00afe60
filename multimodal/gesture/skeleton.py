"""The hand's 21 points -> the sign that they make, with a small perceptron that runs in numpy.

Signs such as ``like`` and ``dislike``, or ``peace`` and ``peace_inverted``, differ only by how the hand is turned, so
the points keep their orientation in the picture; only place, size and the mirror shape are taken out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.numpy import load_file

from multimodal import weights
from multimodal.errors import MissingError
from multimodal.gesture.hands import Skeleton
from multimodal.results import GESTURES

WEIGHTS = "gesture-skeleton"
FEATURES = 121
EMBEDDING = 64
_PALM = (5, 9, 13, 17)
_TIPS = (4, 8, 12, 16, 20)
_BASES = (2, 5, 9, 13, 17)
_FINGERS = ((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (0, 9, 10, 11, 12), (0, 13, 14, 15, 16), (0, 17, 18, 19, 20))
_EPSILON = 1e-6


def normalise(hand: Skeleton) -> Float[np.ndarray, "21 3"]:
    """Return the points with the wrist at zero, mirrored to one side, in units of the palm's size.

    The palm's size is the greater of its mean length (wrist to the four knuckles) and its width (first to last
    knuckle), in the picture's plane, so that a palm seen edge-on is not blown up.
    """
    points = (hand.points - hand.points[0]) * np.array([hand.side, 1.0, 1.0])
    length = np.linalg.norm(points[list(_PALM), :2], axis=1).mean()
    width = np.linalg.norm(points[5, :2] - points[17, :2])
    return points / max(length, width, _EPSILON)


def features(points: Float[np.ndarray, "hands 21 3"]) -> Float[np.ndarray, "hands 121"]:
    """Return what the classifier sees of normalised points.

    In this order: 20 points (x, y, z), the cosines of 15 joint angles, the 10 distances between fingertips, the 5 from
    fingertips to wrist, the 5 from fingertips to the fingers' first joints, 25 signed in-plane turns - 5 fingers' 3
    joints, and the directions of the 5 fingers as sine and cosine - and the signed area of the palm, whose sign tells
    its inside from its back.
    """
    parts = [
        points[:, 1:].reshape(len(points), -1),
        _joint_cosines(points),
        _tip_distances(points),
        np.linalg.norm(points[:, _TIPS], axis=2),
        np.linalg.norm(points[:, _TIPS] - points[:, _BASES], axis=2),
        _turns(points),
        _palm_area(points)[:, None],
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _bones(points: Float[np.ndarray, "hands 21 3"]) -> Float[np.ndarray, "hands 5 4 3"]:
    chains = points[:, np.array(_FINGERS)]
    return np.diff(chains, axis=2)


def _joint_cosines(points: Float[np.ndarray, "hands 21 3"]) -> Float[np.ndarray, "hands 15"]:
    bones = _bones(points)
    unit = bones / (np.linalg.norm(bones, axis=3, keepdims=True) + _EPSILON)
    return (unit[:, :, :-1] * unit[:, :, 1:]).sum(axis=3).reshape(len(points), -1)


def _turns(points: Float[np.ndarray, "hands 21 3"]) -> Float[np.ndarray, "hands 25"]:
    bones = _bones(points)[..., :2]
    unit = bones / (np.linalg.norm(bones, axis=3, keepdims=True) + _EPSILON)
    before, after = unit[:, :, :-1], unit[:, :, 1:]
    sines = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    finger = points[:, _TIPS, :2] - points[:, _BASES, :2]
    finger = finger / (np.linalg.norm(finger, axis=2, keepdims=True) + _EPSILON)
    return np.concatenate([sines.reshape(len(points), -1), finger.reshape(len(points), -1)], axis=1)


def _tip_distances(points: Float[np.ndarray, "hands 21 3"]) -> Float[np.ndarray, "hands 10"]:
    tips = points[:, _TIPS]
    first, second = np.triu_indices(len(_TIPS), k=1)
    return np.linalg.norm(tips[:, first] - tips[:, second], axis=2)


def _palm_area(points: Float[np.ndarray, "hands 21 3"]) -> Float[np.ndarray, "hands"]:
    index, little = points[:, 5], points[:, 17]
    return index[:, 0] * little[:, 1] - index[:, 1] * little[:, 0]


@dataclass(frozen=True)
class SkeletonClassifier:
    """Features -> 64-d hidden layer -> 19 logits, all in numpy.

    Attributes:
        mean, spread: ``[121]``, statistics of the features over the training hands.
        layers: ``(weight [out, in], bias [out])`` of the three layers; ReLU after the first two.
    """

    mean: Float[np.ndarray, "121"]
    spread: Float[np.ndarray, "121"]
    layers: tuple[tuple[Float[np.ndarray, "_ _"], Float[np.ndarray, "_"]], ...]

    def embed(self, hands: Float[np.ndarray, "hands 21 3"]) -> Float[np.ndarray, "hands 64"]:
        """Return the last hidden layer for normalised points: the hand's vector, from which its sign is read."""
        values = (features(hands) - self.mean) / self.spread
        for weight, bias in self.layers[:-1]:
            values = np.maximum(values @ weight.T + bias, 0)
        return values.astype(np.float32)

    def classify(self, embedding: Float[np.ndarray, "hands 64"]) -> Float[np.ndarray, "hands 19"]:
        """Return log-probabilities over ``GESTURES`` for embeddings."""
        weight, bias = self.layers[-1]
        logits = embedding @ weight.T + bias
        logits = logits - logits.max(axis=1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def load_skeleton(name: str = WEIGHTS) -> SkeletonClassifier:
    """Load shipped or given weights.

    Raises:
        MissingError: They are missing, damaged, or do not have the shapes of this classifier.
    """
    path, _ = weights.find(name)
    return from_tensors(_read(path), path)


def from_tensors(tensors: dict[str, np.ndarray], origin: Path) -> SkeletonClassifier:
    """Build the classifier from its tensors; ``origin`` names them in errors.

    Raises:
        MissingError: A tensor is missing or has another shape; the first difference is named.
    """
    for name, shape in _shapes(tensors).items():
        if name not in tensors or tensors[name].shape != shape:
            found = tensors[name].shape if name in tensors else "none"
            raise MissingError(f"{origin}: tensor {name} should be {shape}, found {found}: reinstall veilspeak")
    layers = tuple((tensors[f"layer{i}.weight"], tensors[f"layer{i}.bias"]) for i in range(3))
    return SkeletonClassifier(tensors["mean"], tensors["spread"], layers)


def _shapes(tensors: dict[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    hidden = tensors["layer0.bias"].shape[0] if "layer0.bias" in tensors else 128
    sizes = (FEATURES, hidden, EMBEDDING, len(GESTURES))
    shapes: dict[str, tuple[int, ...]] = {"mean": (FEATURES,), "spread": (FEATURES,)}
    for i in range(3):
        shapes[f"layer{i}.weight"] = (sizes[i + 1], sizes[i])
        shapes[f"layer{i}.bias"] = (sizes[i + 1],)
    return shapes


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(path)
    except (SafetensorError, ValueError) as error:
        raise MissingError(f"weights {path} cannot be read ({error}): reinstall veilspeak") from error
