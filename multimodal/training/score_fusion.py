"""Fusion of scores: log-probabilities of several classifiers, weighted and added.

After the score fusion of Zheng and Blasch (Sensors 2023), which compares means and stacks of several networks' scores;
how the weights are found is ours (reconstructed).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

FLOOR = 1e-4
"""Least probability: a class that a part has never seen is unlikely to it, not impossible."""

PULL = 0.01
"""How strongly weights are held near those of the plain mean, in nats for a distance of one."""

Logs = Float[np.ndarray, "parts n classes"]


def log_probabilities(scores: Float[np.ndarray, "n classes"], told: bool = True) -> Float[np.ndarray, "n classes"]:
    """Return the logarithms of probabilities, none lower than about that of ``FLOOR``.

    Args:
        scores: The larger, the likelier.
        told: Whether they are probabilities already; others, such as decision values, go through a softmax.
    """
    powers = scores if told else np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = np.maximum(powers / powers.sum(axis=1, keepdims=True), FLOOR)
    return np.log(shares / shares.sum(axis=1, keepdims=True))


def fitted_weights(logs: Logs, labels: Int[np.ndarray, "n"], pull: float = PULL) -> Float[np.ndarray, "parts"]:
    """Return the weights w of the parts that make the cross entropy of softmax(sum of w log p) least.

    Every class counts alike, weights are not negative, and pull |w - 1 / parts|^2 is added. The sum is convex, so there
    is one answer, whatever the start; a weight also sets how sure its part is taken to be.

    Args:
        logs: Log-probabilities that the parts gave clips which they did not learn from; without clips all count alike.
        labels: Of these clips.
        pull: Of the penalty, more than 0.
    """
    from scipy.optimize import minimize

    parts = len(logs)
    even = np.full(parts, 1 / parts)
    if not len(labels):
        return even
    shares = _shares(labels)

    def cost(weights: Float[np.ndarray, "parts"]) -> tuple[float, Float[np.ndarray, "parts"]]:
        named = fused(logs, weights)
        rows = np.arange(len(labels))
        away = np.exp(named)
        away[rows, labels] -= 1
        slope = np.einsum("n,nc,knc->k", shares, away, logs) + 2 * pull * (weights - even)
        return float(-shares @ named[rows, labels] + pull * ((weights - even) ** 2).sum()), slope

    found = minimize(cost, even, jac=True, bounds=[(0, None)] * parts, method="L-BFGS-B")
    return np.asarray(found.x)


def fused(logs: Logs, weights: Float[np.ndarray, "parts"]) -> Float[np.ndarray, "n classes"]:
    """Return the log-probabilities of the weighted sum."""
    total = np.einsum("k,knc->nc", weights, logs)
    total = total - total.max(axis=1, keepdims=True)
    return total - np.log(np.exp(total).sum(axis=1, keepdims=True))


def _shares(labels: Int[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    """Return what each clip counts: every class that occurs alike, all together 1."""
    counts = np.bincount(labels)
    return 1 / (counts[labels] * (counts > 0).sum())
