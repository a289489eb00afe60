"""Settings of the regional branch trained anew in every fold."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from multimodal.config import Config


class RegionalFoldConfig(Config):
    """The model of ``configs/expression/regional-folds.yaml``.

    Attributes:
        model: Registered network over normalised maps and visibility; ``options`` are its factory's keyword arguments.
        scratch: How many networks start from random weights.
        tuned: How many start from ``ready``.
        linear: How much two logistic regressions (``linear_readers``) have to say beside the networks, 0 to 1.
        ready: Weights that never saw a real face; their card's options hold for the networks that start from them, but
            for ``options``.
        epochs, batch, learning_rate, tuned_rate, weight_decay, smoothing, average: Of the optimisation (AdamW, one
            cycle); ``tuned_rate`` is that of tuned networks, ``smoothing`` that of the labels, ``average`` the decay of
            the running mean of the weights, which is what is kept.
        balance: 0 counts every clip alike, 1 every class.
        mix: Parameter of the beta distribution of mixup (Zhang et al. 2018); 0 mixes nothing.
        gain: Spread of each channel's random strength, as a logarithm.
        shift, turn, scale: See ``flow_batches.warped``.
        cover: Share of the clips that are covered while learning.
        covers: How often each condition is drawn for that.
        bank: How many different covers there are to learn with.
        hidden_weight: Of the loss that teaches attention which regions are covered.
        untold: Share of the covered clips of which the network is not told what is hidden.
    """

    model: str = "regional"
    options: dict[str, Any] = Field(default_factory=dict)
    scratch: int = Field(default=2, ge=0)
    tuned: int = Field(default=2, ge=0)
    linear: float = Field(default=0.3, ge=0, lt=1)
    ready: str = "regional-synthetic"
    epochs: int = Field(default=40, gt=0)
    batch: int = Field(default=32, gt=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    tuned_rate: float = Field(default=5e-4, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    smoothing: float = Field(default=0.1, ge=0, lt=1)
    average: float = Field(default=0.98, ge=0, lt=1)
    balance: float = Field(default=0.7, ge=0, le=1)
    mix: float = Field(default=0.4, ge=0)
    gain: float = Field(default=0.15, ge=0)
    shift: float = Field(default=1.5, ge=0)
    turn: float = Field(default=4.0, ge=0)
    scale: float = Field(default=0.06, ge=0)
    cover: float = Field(default=0.75, ge=0, le=1)
    covers: dict[str, float] = Field(default_factory=lambda: {"mask": 1.0, "glasses": 1.0, "block:0.5": 1.0})
    bank: int = Field(default=600, gt=0)
    hidden_weight: float = Field(default=0.2, ge=0)
    untold: float = Field(default=0.2, ge=0, le=1)

    @field_validator("tuned")
    @classmethod
    def _some_network(cls, tuned: int, given: Any) -> int:
        if not tuned and not given.data.get("scratch", 1):
            raise ValueError("scratch and tuned are both 0: train one network at least")
        return tuned
