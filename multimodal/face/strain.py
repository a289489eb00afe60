"""Optical strain: how far the skin is stretched, whatever its motion as a whole."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from multimodal.face.canonical import SCALE


def strain(flow: Float[np.ndarray, "*lead 2 height width"]) -> Float[np.ndarray, "*lead height width"]:
    """Return the optical strain ``sqrt(ux^2 + vy^2 + (uy + vx)^2 / 2)`` of maps of the canonical square.

    Source: Shreve et al. 2011, as STSTNet (Liong et al. 2019) uses it: the Frobenius norm of the symmetric gradient.

    Args:
        flow: u, v in percent of the distance between the eyes, on maps that show the whole square.

    Returns:
        Strain in percent (a stretch by a hundredth is 1), never negative. Central differences inside, one-sided at
        the border.
    """
    height, width = flow.shape[-2:]
    dx, dy = 1.0 / (SCALE[0] * width), 1.0 / (SCALE[1] * height)
    uy, ux = np.gradient(flow[..., 0, :, :], dy, dx, axis=(-2, -1))
    vy, vx = np.gradient(flow[..., 1, :, :], dy, dx, axis=(-2, -1))
    return np.sqrt(ux**2 + vy**2 + (uy + vx) ** 2 / 2).astype(flow.dtype)
