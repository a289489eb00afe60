"""Reads a flow clip: which expression, which action units, which regions it was seen in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from multimodal import weights as shipped
from multimodal.errors import UsageError
from multimodal.expression.normalise import HIDDEN_BELOW, normalised_clip
from multimodal.face.canonical import GRID
from multimodal.results import EXPRESSIONS, REGIONS, ExpressionResult, FlowClip

if TYPE_CHECKING:
    from multimodal.expression.regional import Heads

LONGEST = 5
"""Clips with more maps are thinned to so many: read as well as more, and within 5 ms on one core."""


class ExpressionReader:
    """A trained network with its calibration.

    Args:
        weights: Name of shipped weights, or the path of a weight file with its card beside it.
        prior: How often each class of ``EXPRESSIONS`` is to be expected, by name; None takes the card's. Equal numbers
            mean that the flow alone decides.

    Raises:
        MissingError: The weights are missing, damaged or of another kind (told before torch is imported).
        UsageError: The prior does not name the three classes with positive numbers.
    """

    def __init__(self, weights: str = "regional-synthetic", prior: Mapping[str, float] | None = None) -> None:
        path, self.card = shipped.find(weights)
        self.prior = _checked_prior(prior if prior is not None else self.card.meta["prior"])
        self._learned = _checked_prior(self.card.meta["learned_shares"])
        import torch

        from multimodal.expression.registry import build_model
        from multimodal.weights.tensors import read_weights

        torch.set_num_threads(1)
        options: dict[str, Any] = dict(self.card.architecture)
        self.network = build_model(options.pop("model"), **options).eval()
        read_weights(self.network, path)

    def read(self, clip: FlowClip, onset_ms: float, apex_ms: float, offset_ms: float) -> ExpressionResult:
        """Name the expression of a clip.

        Args:
            clip: Flow against the onset frame.
            onset_ms, apex_ms, offset_ms: When it was; passed on.

        Returns:
            Affect ``none`` with confidence 0 where no region can be seen: never a guess.

        Raises:
            UsageError: The flow is not finite or not ``[time, 3, 28, 28]``, or there are not twelve visibilities.
        """
        times = (onset_ms, apex_ms, offset_ms)
        check_clip(clip.flow, clip.visibility)
        visibility = np.clip(clip.visibility, 0, 1).astype(np.float32)
        if not (visibility >= HIDDEN_BELOW).any():
            return _nothing(times, visibility)
        return self.read_batch([clip.flow], [visibility], [times])[0]

    def read_batch(
        self,
        flows: Sequence[Float[np.ndarray, "time 3 28 28"]],
        visibilities: Sequence[Float[np.ndarray, "12"]],
        times: Sequence[tuple[float, float, float]],
    ) -> list[ExpressionResult]:
        """Name the expressions of clips of one length, each with a region that can be seen; see ``read``.

        Long clips are thinned here, so that a batch says what ``read`` says of each.
        """
        import torch

        clips = np.stack([normalised_clip(thin(flow), seen) for flow, seen in zip(flows, visibilities, strict=True)])
        with torch.inference_mode():
            heads = self.network(torch.from_numpy(clips), torch.from_numpy(np.stack(visibilities)))
        return [self._result(heads, row, when, visibilities[row]) for row, when in enumerate(times)]

    def _result(
        self, heads: Heads, row: int, times: tuple[float, float, float], visibility: Float[np.ndarray, "12"]
    ) -> ExpressionResult:
        heat = self.card.meta["temperatures"]
        logits = heads.expression[row].numpy() / heat["expression"] + np.log(self.prior / self._learned)
        probabilities = _softmax(logits)
        best = int(probabilities.argmax())
        return ExpressionResult(
            *times,
            affect=EXPRESSIONS[best],
            confidence=float(probabilities[best]),
            probabilities=probabilities,
            objective=_softmax(heads.objective[row].numpy() / heat["objective"]),
            action_units=1 / (1 + np.exp(-heads.action_units[row].numpy() / heat["action_units"])),
            attention=heads.attention[row].numpy(),
            visibility=visibility,
            embedding=heads.embedding[row].numpy(),
        )


def check_clip(flow: Float[np.ndarray, "..."], visibility: Float[np.ndarray, "..."]) -> None:
    """Refuse clips that the networks cannot read.

    Raises:
        UsageError: Names what was expected and what was given.
    """
    if flow.ndim != 4 or flow.shape[1:] != (3, GRID, GRID) or not len(flow):
        raise UsageError(f"expected flow of shape [time >= 1, 3, {GRID}, {GRID}], given {list(flow.shape)}")
    if visibility.shape != (len(REGIONS),):
        raise UsageError(f"expected the visibility of {len(REGIONS)} regions, given shape {list(visibility.shape)}")
    for name, values in (("flow", flow), ("visibilities", visibility)):
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise UsageError(f"expected finite {name}, given {bad} values that are NaN or infinite: measure them anew")


def thin(flow: Float[np.ndarray, "time 3 28 28"], longest: int = LONGEST) -> Float[np.ndarray, "fewer 3 28 28"]:
    """Return at most ``longest`` maps of a clip, evenly spaced, the last one always among them."""
    steps = np.linspace(0, len(flow), min(longest, len(flow)) + 1)[1:]
    return flow[np.round(steps).astype(int) - 1]


def _checked_prior(prior: Mapping[str, float]) -> Float[np.ndarray, "3"]:
    if set(prior) != set(EXPRESSIONS) or not all(value > 0 for value in prior.values()):
        raise UsageError(f"expected a prior with a positive number for each of {', '.join(EXPRESSIONS)}, given {prior}")
    shares = np.array([prior[name] for name in EXPRESSIONS], dtype=float)
    return shares / shares.sum()


def _softmax(logits: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def _nothing(times: tuple[float, float, float], visibility: Float[np.ndarray, "12"]) -> ExpressionResult:
    return ExpressionResult(
        *times,
        affect="none",
        confidence=0.0,
        probabilities=np.full(3, 1 / 3),
        objective=np.full(5, 1 / 5),
        action_units=np.zeros(12),
        attention=np.zeros(12),
        visibility=visibility,
        embedding=np.zeros(64, np.float32),
    )
