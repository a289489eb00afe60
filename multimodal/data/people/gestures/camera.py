"""What a cheap camera makes of light: exposure, blur, colour cast, noise, tone, sharpening, a small file."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, UInt8

Light = Float[np.ndarray, "height width 3"]

_LUMA = np.array([0.3, 0.59, 0.11], np.float32)


def photograph(light: Light, aim: float, rng: np.random.Generator) -> UInt8[np.ndarray, "height width 3"]:
    """Turn linear light into a photo.

    Args:
        light: Linear; changed.
        aim: How bright the mean is to come out, linear, as automatic exposure has it.
        rng: Where chance comes from.

    Returns:
        RGB.
    """
    # Lamps and windows that are far too bright do not count.
    metered = float(np.minimum(light @ _LUMA, 1.5).mean())
    light = light * np.float32(aim / max(metered, 1e-3))
    light = _blurred(light, rng) * _cast(rng)
    light = _noised(_vignetted(light, rng), aim, rng)
    return _stored(_toned(light, rng), rng)


def _blurred(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur by motion, by focus, or hardly."""
    size, kind = light.shape[0], rng.random()
    if kind < 0.09:
        length, turn = float(rng.uniform(0.006, 0.028)) * size, float(rng.uniform(0, 180))
        return cv2.filter2D(light, -1, _streak(length, turn))
    sigma = size / 320 * (float(rng.uniform(0.8, 2.0)) if kind < 0.18 else float(rng.uniform(0.0, 0.5)))
    return light if sigma < 0.2 else cv2.GaussianBlur(light, (0, 0), sigma)


def _streak(length: float, turn: float) -> np.ndarray:
    side = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((side, side), np.float32)
    way = np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))]) * (length / 2)
    middle = np.array([side // 2, side // 2])
    start, end = (middle - way).round().astype(int), (middle + way).round().astype(int)
    cv2.line(kernel, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), 1.0, 1)
    kernel = cv2.GaussianBlur(kernel, (0, 0), 0.5)
    return np.asarray(kernel / kernel.sum())


def _cast(rng: np.random.Generator) -> np.ndarray:
    """Return what white balance leaves of the light's colour."""
    warm, green = float(rng.normal(0, 0.09)), float(rng.normal(0, 0.025))
    return np.array([1 + warm, 1 + green, 1 - warm], np.float32)


def _vignetted(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.6:
        return light
    y, x = np.mgrid[0 : light.shape[0], 0 : light.shape[1]] / (np.array(light.shape[:2]) - 1)[:, None, None] - 0.5
    return np.asarray(light * (1 - float(rng.uniform(0.1, 0.7)) * (x**2 + y**2))[..., None], np.float32)


def _noised(light: np.ndarray, aim: float, rng: np.random.Generator) -> np.ndarray:
    """Add the sensor's noise, more in the dark; coarse where the camera has smoothed it."""
    strength = float(np.exp(rng.normal(-0.1, 0.6))) * (0.12 / max(aim, 0.03)) ** 0.4
    grain = rng.standard_normal(light.shape, np.float32)
    if rng.random() < 0.5:
        coarse = float(rng.uniform(0.5, 1.1))
        grain = cv2.GaussianBlur(grain, (0, 0), coarse) * np.float32(2.2 * coarse)
    mixed = np.float32(rng.uniform(0.3, 1.0))
    grain = mixed * grain + (1 - mixed) * grain.mean(axis=2, keepdims=True)
    return light + np.float32(strength) * np.sqrt(np.maximum(light, 0) * 9e-5 + 4e-6) * grain


def _toned(light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Apply the tone curve: haze, a shoulder, gamma, contrast, saturation. Returns 0 to 1."""
    if rng.random() < 0.2:
        light = light + np.float32(rng.uniform(0.005, 0.06))
    light = np.maximum(light, 0)
    light = np.where(light > 0.6, 0.6 + 0.4 * np.tanh((light - 0.6) / 0.4 * 0.9), light)
    value = light ** np.float32(1 / rng.uniform(2.0, 2.5))
    contrast = np.float32(rng.normal(1.10, 0.13))
    value = (value - 0.45) * contrast + 0.45
    grey = (value @ _LUMA)[..., None]
    colour = 0.0 if rng.random() < 0.015 else float(np.clip(rng.normal(1.12, 0.22), 0.3, 1.7))
    return np.asarray(np.clip(grey + (value - grey) * np.float32(colour), 0, 1), np.float32)


def _stored(value: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Store the photo as it was: small and enlarged, smoothed, sharpened, compressed."""
    height, width = value.shape[:2]
    if rng.random() < 0.28:
        share = float(rng.uniform(0.3, 0.85))
        value = cv2.resize(value, (int(width * share), int(height * share)), interpolation=cv2.INTER_AREA)
    image = np.round(value * 255).astype(np.uint8)
    if rng.random() < 0.12:
        image = cv2.bilateralFilter(image, 5, float(rng.uniform(10, 35)), 2.0)
    if rng.random() < 0.6:
        soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.7, 1.6)))
        share = float(rng.uniform(0.3, 1.3))
        image = cv2.addWeighted(image, 1 + share, soft, -share, 0)
    if image.shape[0] != height or rng.random() < 0.4:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
        image = cv2.imdecode(cv2.imencode(".jpg", image[..., ::-1], quality)[1], cv2.IMREAD_COLOR)[..., ::-1]
    if image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(image)
