"""Fictitious onset-apex maps: three classes that differ in where the face moves, several people in two data sets."""

from __future__ import annotations

import numpy as np

from multimodal.data.samples import FlowSamples

_PLACES = ((4, 10), (18, 12), (9, 14))


def fake_samples(people: int = 6, clips: int = 6, strength: float = 3.0, seed: int = 0) -> FlowSamples:
    """Return ``people * clips`` samples; ``strength`` 0 leaves nothing to be learned."""
    rng = np.random.default_rng(seed)
    count = people * clips
    labels = rng.permutation(np.arange(count) % 3).astype(np.int64)
    flow = rng.normal(0, 1, (count, 3, 28, 28)).astype(np.float32)
    for row, label in enumerate(labels):
        y, x = _PLACES[label]
        flow[row, label, y : y + 6, x - 4 : x + 4] += strength
    owners = np.repeat(np.arange(people), clips)
    datasets = tuple("casme2" if who % 2 else "smic" for who in owners)
    return FlowSamples(
        flow,
        np.ones((count, 12), np.float32),
        labels,
        tuple(f"{dataset}/p{who}" for dataset, who in zip(datasets, owners, strict=True)),
        datasets,
        tuple(f"c{row}" for row in range(count)),
    )
