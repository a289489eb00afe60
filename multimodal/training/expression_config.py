"""Settings of the expression networks' training on synthetic clips."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from multimodal.config import Config
from multimodal.data.people.clips import ClipConfig


class ExpressionConfig(Config):
    """The model of ``configs/expression/*.yaml``.

    Attributes:
        name: Name of the weights.
        model: Registered network; ``options`` are its factory's keyword arguments.
        clips: How the synthetic clips are made.
        seed: Of clips, first weights and order.
        epochs, batch, learning_rate, weight_decay, smoothing: Of the optimisation (AdamW, cosine schedule); smoothing
            is that of the class labels.
        objective_weight, units_weight, cover_weight: Of the further losses against that of the three classes.
        untold: Share of covered clips whose cover the network has to find out itself.
        still: Share of those whose hidden regions do not move at all, as evaluation and smooth things have them.
        drop: Chance that a region is hidden, and told to be.
        strain_drop: Chance that a clip's strain is left out: of the three channels it differs most from one way of
            measuring to another, so the network must not lean on it.
        shift, turn, scale: How far faces are placed otherwise than they were made, see ``flow_batches.warped``.
        held_out: Share of faces kept aside, to calibrate confidences on.
        prior_strength: How far the card's class prior follows the statistics, see ``class_prior``. None by default, so
            that the flow alone decides: expressions provoked in a laboratory say little of how often people who talk
            smile, and behind a mask a prior would soon decide by itself.
        teachers: How many networks are trained first, each on clips and faces of its own, to say with the labels what
            each clip shows (ensemble distillation, Hinton et al. 2015).
        teacher_weight: How much they have to say, 0 to 1.
        linear: How much linear readers, fitted after the network, have to say of the expression, 0 to 1; teachers have
            none.
        workers: How many teachers are trained at a time.
        average: Decay of the running mean of the weights, which is what is kept.
    """

    name: str = "regional-synthetic"
    model: str = "regional"
    options: dict[str, Any] = Field(default_factory=dict)
    clips: ClipConfig = ClipConfig()
    seed: int = 0
    epochs: int = Field(default=10, gt=0)
    batch: int = Field(default=64, gt=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    smoothing: float = Field(default=0.05, ge=0, lt=1)
    objective_weight: float = Field(default=0.3, ge=0)
    units_weight: float = Field(default=1.0, ge=0)
    cover_weight: float = Field(default=0.2, ge=0)
    untold: float = Field(default=0.4, ge=0, le=1)
    still: float = Field(default=0.5, ge=0, le=1)
    drop: float = Field(default=0.05, ge=0, lt=1)
    strain_drop: float = Field(default=0.3, ge=0, le=1)
    shift: float = Field(default=1.5, ge=0)
    turn: float = Field(default=4.0, ge=0)
    scale: float = Field(default=0.06, ge=0)
    held_out: float = Field(default=0.1, gt=0, lt=1)
    prior_strength: float = Field(default=0.0, ge=0, le=1)
    teachers: int = Field(default=0, ge=0)
    teacher_weight: float = Field(default=0.7, ge=0, le=1)
    linear: float = Field(default=0.0, ge=0, lt=1)
    workers: int = Field(default=1, gt=0)
    average: float = Field(default=0.998, ge=0, lt=1)
