"""What an evaluation says of its data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_samples import fake_samples

from multimodal.data.samples import FlowSamples
from multimodal.evaluation.expression import ExpressionEvaluation
from multimodal.evaluation.files import provenance


def hash_of(samples: FlowSamples) -> str:
    known: str = provenance(ExpressionEvaluation(), samples)["data_sha256"]
    return known


@pytest.mark.parametrize("part", ["flow", "labels", "names", "frames", "units"])
def test_the_hash_of_the_data_covers(part: str) -> None:
    features = {"frames": np.zeros((12, 2), np.uint8), "units": np.zeros((12, 12), np.float32)}
    given = replace(fake_samples(people=2, clips=6), features=features)
    other = {
        "flow": lambda: replace(given, flow=given.flow + 1),
        "labels": lambda: replace(given, labels=(given.labels + 1) % 3),
        "names": lambda: replace(given, names=tuple(f"{name}x" for name in given.names)),
        "frames": lambda: replace(given, features={**features, "frames": features["frames"] + 1}),
        "units": lambda: replace(given, features={**features, "units": features["units"] + 1}),
    }
    assert hash_of(given) == hash_of(given)
    assert hash_of(other[part]()) != hash_of(given)
