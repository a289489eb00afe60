"""The linear readers beside the expression network (``layers.LinearReaders``): logistic regressions on synthetic clips.

As in the classifier that is trained anew in every fold (``training.linear_readers``), they have a share of the say:
what comes out is the weighted geometric mean of their probabilities and of the network's calibrated ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from multimodal.expression.layers import liveliest
from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.expression.registry import build_model
from multimodal.results import EXPRESSIONS
from multimodal.training.expression_clips import Examples, mirror_clips
from multimodal.training.linear_readers import STRENGTH


def with_linear_readers(
    network: nn.Module, architecture: Mapping[str, object], learning: Sequence[Examples], share: float, heat: float
) -> nn.Module:
    """Return a network that says what ``network`` does, with linear readers beside it.

    Args:
        network: Trained, without linear readers.
        architecture: The registered name under ``model``, and the options ``network`` was built with.
        learning: What the readers learn from.
        share: How much the linear readers have to say, 0 to 1.
        heat: The temperature that calibrates ``network``; the new one's is to be measured anew.
    """
    options = dict(architecture)
    both: nn.Module = build_model(str(options.pop("model")), **{**options, "linear": True})
    weight, bias = fit_readers(learning)
    scale = share / (1 - share) * heat
    fitted = {"linear.weight": weight * scale, "linear.bias": bias * scale}
    both.load_state_dict({**network.state_dict(), **fitted})
    return both


def fit_readers(learning: Sequence[Examples]) -> tuple[Float[Tensor, "2 3 588"], Float[Tensor, "2 3"]]:
    """Fit a logistic regression to free clips and one to those with a cover that is told, with their mirror images.

    Returns:
        Weights and biases in the order of ``LinearReaders.KINDS``; zeros where not every class was seen.
    """
    numbers = np.concatenate([_rows(part) for part in learning])
    labels = np.concatenate([np.tile(part.expression.numpy(), 2) for part in learning])
    covered = np.concatenate([np.tile((part.told < HIDDEN_BELOW).any(dim=1).numpy(), 2) for part in learning])
    fitted = [_fit(numbers[rows], labels[rows]) for rows in (~covered, covered)]
    weights, biases = (torch.from_numpy(np.stack(values).astype(np.float32)) for values in zip(*fitted, strict=True))
    return weights, biases


def _rows(part: Examples) -> Float[np.ndarray, "twice 588"]:
    return np.concatenate([liveliest(clips.float()).numpy() for clips in (part.clips, mirror_clips(part.clips))])


def _fit(numbers: Float[np.ndarray, "n 588"], labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights and biases of a logistic regression on standardised numbers, for numbers as they are."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    classes = len(EXPRESSIONS)
    if len(np.unique(labels)) < classes:
        return np.zeros((classes, numbers.shape[1])), np.zeros(classes)
    scaler = StandardScaler()
    model = LogisticRegression(C=STRENGTH, max_iter=2000)
    with threadpool_limits(1):
        model.fit(scaler.fit_transform(numbers), labels)
    weights = model.coef_ / scaler.scale_
    return weights, model.intercept_ - weights @ scaler.mean_
