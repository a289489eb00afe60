"""The linear readers beside the network: what they are fitted to, and how much they have to say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multimodal import weights
from multimodal.data.people.clips import ClipConfig
from multimodal.expression.layers import LinearReaders
from multimodal.expression.normalise import HIDDEN_BELOW
from multimodal.expression.registry import build_model
from multimodal.training.expression import train_expression
from multimodal.training.expression_clips import Examples, gather, mirror_clips, prepare
from multimodal.training.expression_config import ExpressionConfig
from multimodal.training.expression_linear import fit_readers, with_linear_readers
from multimodal.training.linear_readers import STRENGTH
from multimodal.training.teachers import predict

TINY = ExpressionConfig(
    clips=ClipConfig(clips=150, identities=5, lengths={1: 0.8, 3: 0.2}),
    options={"stem": 2, "width": 16},
    epochs=1,
    batch=16,
    held_out=0.25,
    average=0.5,
)
ARCHITECTURE = {"model": "regional", **TINY.options}


@pytest.fixture(scope="module")
def parts() -> list[Examples]:
    return prepare(gather(TINY, None), TINY)


def covered(part: Examples) -> np.ndarray:
    return (part.told < HIDDEN_BELOW).any(dim=1).numpy()


def pooled(clips: torch.Tensor) -> np.ndarray:
    """The only map of each clip, averaged over 2 x 2 cells."""
    assert clips.shape[2] == 1
    return clips.float().numpy()[:, :, 0].reshape(-1, 3, 14, 2, 14, 2).mean(axis=(3, 5)).reshape(len(clips), -1)


@pytest.mark.parametrize("kind", LinearReaders.KINDS)
def test_they_say_what_a_logistic_regression_on_clips_and_mirror_images_says(parts: list[Examples], kind: str) -> None:
    part = next(p for p in parts if p.clips.shape[2] == 1)
    rows = torch.from_numpy(covered(part) if kind == "covered" else ~covered(part))
    of_kind, labels = part.pick(rows), part.expression[rows].numpy()
    numbers = np.concatenate([pooled(of_kind.clips), pooled(mirror_clips(of_kind.clips))])
    slow = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=2000)).fit(
        numbers, np.tile(labels, 2)
    )
    readers = LinearReaders(3)
    weight, bias = fit_readers([part])
    readers.load_state_dict({"weight": weight, "bias": bias})
    said = readers(of_kind.clips.float(), of_kind.told).detach().softmax(dim=1).numpy()
    np.testing.assert_allclose(said, slow.predict_proba(pooled(of_kind.clips)), atol=2e-3)
    assert len(np.unique(said.argmax(axis=1))) > 1


def test_the_say_is_shared_as_asked(parts: list[Examples]) -> None:
    torch.manual_seed(0)
    network, share, heat = build_model("regional", **TINY.options), 0.3, 0.6
    both = with_linear_readers(network, ARCHITECTURE, parts, share, heat)
    readers = LinearReaders(3)
    weight, bias = fit_readers(parts)
    readers.load_state_dict({"weight": weight, "bias": bias})
    for part in parts:
        alone, together = predict(network, part), predict(both, part)
        linear = readers(part.clips.float(), part.told).detach()
        mean = (1 - share) * (alone.expression / heat).log_softmax(dim=1) + share * linear.log_softmax(dim=1)
        calibrated = (together.expression * (1 - share) / heat).softmax(dim=1)
        torch.testing.assert_close(calibrated, mean.softmax(dim=1), rtol=1e-4, atol=1e-5)
        assert torch.equal(alone.action_units, together.action_units)


def test_a_reader_that_has_not_seen_every_class_stays_silent(parts: list[Examples]) -> None:
    free = [part.pick(torch.from_numpy(~covered(part))) for part in parts]
    weight, bias = fit_readers(free)
    assert weight[0].any()
    assert not weight[1].any()
    assert not bias[1].any()
    poor = [replace(part, expression=part.expression.clamp(max=1)) for part in parts]
    assert not any(values.any() for values in fit_readers(poor))


def test_training_ships_them_and_teachers_have_none(tmp_path) -> None:
    figures = train_expression(TINY.model_copy(update={"linear": 0.3, "teachers": 1}), None, tmp_path)
    _, card = weights.find(figures["weights"])
    assert card.architecture["linear"] is True
    _, teacher = weights.find(str(tmp_path / "teacher-1" / "teacher-1.safetensors"))
    assert "linear" not in teacher.architecture
