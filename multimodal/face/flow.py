"""Optical flow between two aligned faces, and the removal of what is left of the head's motion.

Of the methods, DIS with full finest scale follows micro-motion best for its price; OpenCV's own MEDIUM preset is three
times as quick and too smooth for a network, but good enough to see *that* something moves.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from multimodal.face.canonical import GRID, to_percent
from multimodal.face.strain import strain
from multimodal.registry import Registry

SIDE = 128
"""Side of the aligned faces between which flow is measured, pixels."""

FlowMethod = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Two grey images ``uint8 [height, width]`` -> ``float32 [2, height, width]``, pixels from the first to the second."""

FLOWS: Registry[Callable[[], FlowMethod]] = Registry("flow method")
register_flow = FLOWS.register


@register_flow("dis")
def dis() -> FlowMethod:
    """Dense inverse search (Kroeger et al. 2016), preset MEDIUM down to the full scale."""
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    method.setFinestScale(0)
    return _opencv(method)


@register_flow("dis-quick")
def dis_quick() -> FlowMethod:
    """Dense inverse search, preset MEDIUM as it comes: for motion energy only."""
    return _opencv(cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM))


@register_flow("tvl1")
def tvl1() -> FlowMethod:
    """TV-L1 (Zach et al. 2007), the field's classic; some forty times slower than ``dis``."""
    return _opencv(cv2.optflow.DualTVL1OpticalFlow_create())


def _opencv(method: cv2.DenseOpticalFlow) -> FlowMethod:
    def measure(
        onset: UInt8[np.ndarray, "height width"], later: UInt8[np.ndarray, "height width"]
    ) -> Float[np.ndarray, "2 height width"]:
        return np.ascontiguousarray(np.moveaxis(method.calc(onset, later, None), -1, 0))

    return measure


def shrink(maps: Float[np.ndarray, "channels height width"]) -> Float[np.ndarray, "channels grid grid"]:
    """Bring maps of the canonical square to ``GRID`` x ``GRID`` cells, each the mean over its area."""
    rows = [cv2.resize(np.asarray(m, np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA) for m in maps]
    return np.stack(rows)


def flow_map(
    onset: UInt8[np.ndarray, "side side"],
    later: UInt8[np.ndarray, "side side"],
    method: FlowMethod,
    visible: Float[np.ndarray, "grid grid"] | None = None,
) -> Float[np.ndarray, "3 grid grid"]:
    """Measure the motion of the face from one aligned picture to another.

    Args:
        onset, later: Grey canonical squares, cut with one and the same transform.
        method: What measures the flow, see ``FLOWS``.
        visible: How far each cell shows the face, 0 to 1: weights for the fit of the head's motion.

    Returns:
        u, v in percent of the distance between the eyes with the remaining rigid motion removed, and strain in
        percent, each 28 x 28.
    """
    flow = shrink(to_percent(method(onset, later)))
    flow = remove_rigid(flow, face_mask() if visible is None else face_mask() * visible)
    return np.concatenate([flow, strain(flow)[None]])


@functools.lru_cache(maxsize=1)
def face_mask() -> Float[np.ndarray, "grid grid"]:
    """Return where the canonical square shows skin that mostly moves with the skull: 1 inside, 0 outside.

    An ellipse around the face's middle; the corners (hair, background) are left out.
    """
    y, x = np.mgrid[:GRID, :GRID] / (GRID - 1)
    return (((x - 0.5) / 0.48) ** 2 + ((y - 0.42) / 0.52) ** 2 <= 1).astype(np.float32)


@functools.lru_cache(maxsize=1)
def relief() -> Float[np.ndarray, "grid grid"]:
    """Return how a mean face's depth departs from a plane, in eye distances away from the camera.

    When the head turns, what stands out moves differently from what lies back; an affine motion cannot say that. The
    formula was fitted to Face Mesh's depths on 60 rendered people (rms .05): a rounded sheet less the nose.
    """
    y, x = (np.mgrid[:GRID, :GRID] + 0.5) / GRID - 0.5
    length = np.where(y < -0.015, 0.15, 0.275)
    nose = 0.56 * np.exp(-((x / 0.17) ** 2) - ((y + 0.015) / length) ** 2)
    return 0.27 * x**2 - 0.83 * y**2 - 2.4 * x**2 * y - nose


@functools.lru_cache(maxsize=1)
def _design() -> Float[np.ndarray, "cells 4"]:
    y, x = np.mgrid[:GRID, :GRID] / (GRID - 1) - 0.5
    depth = relief() - relief().mean()
    return np.stack([np.ones(GRID * GRID), x.ravel(), y.ravel(), depth.ravel()], axis=1)


def rigid_part(
    flow: Float[np.ndarray, "2 grid grid"], weight: Float[np.ndarray, "grid grid"], rounds: int = 8
) -> Float[np.ndarray, "2 grid grid"]:
    """Fit the motion of the head: an affine field and the parallax of a turning mean face (see ``relief``).

    The moving parts of the face do not pull it away: least squares, reweighted by Geman and McClure's weights; the
    scale is the median residual, so that an expression in less than about half of the face counts as an outlier.

    Args:
        flow: u, v, 28 x 28.
        weight: How much each cell counts, 0 or more; all zero gives no motion.
        rounds: Number of reweightings.

    Returns:
        The field, 28 x 28.
    """
    design, target = _design(), flow.reshape(2, -1).T.astype(np.float64)
    base = weight.reshape(-1).astype(np.float64)
    if base.sum() < 12:
        return np.zeros_like(flow)
    used: np.ndarray = base
    fitted: np.ndarray = np.zeros_like(target)
    for _ in range(rounds):
        normal = design.T @ (design * used[:, None]) + 1e-9 * np.eye(design.shape[1])
        # OpenCV solves small systems in microseconds; numpy's LAPACK would wake threads for them.
        _, solution = cv2.solve(normal, design.T @ (target * used[:, None]), flags=cv2.DECOMP_CHOLESKY)
        fitted = design @ solution
        square = ((target - fitted) ** 2).sum(axis=1)
        # The floor keeps a perfect fit from dividing by zero; it lies far below what a camera can show.
        scale = max(float(np.median(square[base > 0])), 1e-4)
        used = base / (1 + square / scale) ** 2
    return np.ascontiguousarray(fitted.T.reshape(flow.shape), dtype=flow.dtype)


def remove_rigid(
    flow: Float[np.ndarray, "2 grid grid"], weight: Float[np.ndarray, "grid grid"]
) -> Float[np.ndarray, "2 grid grid"]:
    """Return the flow without the robustly fitted motion of the head, see ``rigid_part``."""
    return flow - rigid_part(flow, weight)
