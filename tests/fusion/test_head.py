from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from multimodal.fusion.head import EXPRESSION_QUALITY, GESTURE_QUALITY, FusionHead, FusionInput
from multimodal.fusion.prior import LEAST, Prior, affect_given_gesture, load_prior
from multimodal.results import EXPRESSIONS, GESTURES

AFFINITY = {"like": "positive", "dislike": "negative"}


def batch(size: int = 5, seed: int = 0, present: list[bool] | None = None, coupling: float = 0.0) -> FusionInput:
    random = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random)

    return FusionInput(
        gesture_log_posterior=torch.log_softmax(draw(size, 19), 1),
        gesture_quality=torch.rand(size, GESTURE_QUALITY, generator=random),
        expression_log_posterior=torch.log_softmax(draw(size, 3), 1),
        expression_quality=torch.rand(size, EXPRESSION_QUALITY, generator=random),
        present=torch.tensor([present or [True, True]] * size),
        log_prior=torch.from_numpy(Prior(coupling=coupling, affinity=AFFINITY).log_table()),
    )


def trained_looking_head() -> FusionHead:
    torch.manual_seed(1)
    head = FusionHead()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return head.eval()


def test_untrained_head_is_the_product_of_posteriors() -> None:
    told = batch()
    output = FusionHead().eval()(told)
    product = told.gesture_log_posterior[:, :, None] + told.expression_log_posterior[:, None, :]
    torch.testing.assert_close(output.joint, product)
    torch.testing.assert_close(output.gesture, told.gesture_log_posterior)
    torch.testing.assert_close(output.expression, told.expression_log_posterior)


def test_without_a_coupling_any_head_names_what_the_product_names() -> None:
    told = batch(200)
    product = told.gesture_log_posterior[:, :, None] + told.expression_log_posterior[:, None, :]
    output = trained_looking_head()(told)
    assert not torch.allclose(output.joint, product)
    assert torch.equal(output.joint.flatten(1).argmax(1), product.flatten(1).argmax(1))


def test_untrained_head_with_a_prior_is_bayes_rule() -> None:
    told = batch(coupling=0.6)
    table = affect_given_gesture(0.6, AFFINITY)
    for row, joint in enumerate(FusionHead().eval()(told).joint.exp().detach()):
        sign, affect = told.gesture_log_posterior[row].exp(), told.expression_log_posterior[row].exp()
        slow = [[float(s) * float(a) * table[i, j] for j, a in enumerate(affect)] for i, s in enumerate(sign)]
        np.testing.assert_allclose(joint, np.array(slow) / np.sum(slow), rtol=1e-4)


def test_joint_and_both_halves_are_distributions() -> None:
    output = trained_looking_head()(batch(coupling=0.4))
    for part in (output.joint.flatten(1), output.gesture, output.expression):
        torch.testing.assert_close(part.exp().sum(1), torch.ones(5))


@pytest.mark.parametrize(("present", "weights"), [([True, False], [1.0, 0.0]), ([False, True], [0.0, 1.0])])
def test_missing_channel_has_no_weight_and_no_say(present: list[bool], weights: list[float]) -> None:
    head, first, second = trained_looking_head(), batch(seed=0, present=present), batch(seed=1, present=present)
    side = "expression" if present[0] else "gesture"
    fields = {name: getattr(second if name.startswith(side) else first, name) for name in vars(first)}
    one, other = head(first), head(FusionInput(**fields))
    torch.testing.assert_close(one.weights, torch.tensor([weights] * 5))
    torch.testing.assert_close(one.joint, other.joint)


def test_a_sign_alone_keeps_its_name_and_takes_its_affect_from_the_prior() -> None:
    told = batch(present=[True, False], coupling=0.9)
    told.gesture_log_posterior[0] = torch.log_softmax(8 * torch.eye(19)[GESTURES.index("like")], 0)
    output = trained_looking_head()(told)
    assert output.gesture.argmax(1).tolist() == told.gesture_log_posterior.argmax(1).tolist()
    assert output.expression[0].argmax() == EXPRESSIONS.index("positive")


def test_missing_channel_may_hold_nan() -> None:
    told = batch(present=[True, False])
    spoilt = replace(told, expression_quality=torch.full((5, EXPRESSION_QUALITY), torch.nan))
    assert torch.isfinite(trained_looking_head()(spoilt).joint).all()


def test_both_missing_gives_flat_weights_of_zero() -> None:
    output = trained_looking_head()(batch(present=[False, False]))
    assert output.weights.abs().sum() == 0
    torch.testing.assert_close(output.gesture.exp(), torch.full((5, 19), 1 / 19))


def test_one_by_one_equals_the_batch() -> None:
    head, told = trained_looking_head(), batch(coupling=0.3)
    told.present[:4] = torch.tensor([[True, False], [False, True], [False, False], [True, True]])
    whole = head(told)
    for row in range(5):
        fields = {name: value if name == "log_prior" else value[row : row + 1] for name, value in vars(told).items()}
        for name, values in vars(head(FusionInput(**fields))).items():
            torch.testing.assert_close(values[0], getattr(whole, name)[row], atol=1e-5, rtol=1e-5)


def test_gradients_reach_every_parameter() -> None:
    head = trained_looking_head()
    output = head(batch())
    (output.gesture.square().sum() + output.expression.square().sum()).backward()
    assert [name for name, parameter in head.named_parameters() if not parameter.grad.abs().sum()] == []


@given(st.floats(0, 1))
def test_affects_are_distributions_and_leave_other_signs_alone(coupling: float) -> None:
    table = affect_given_gesture(coupling, AFFINITY)
    np.testing.assert_allclose(table.sum(1), 1)
    assert table[GESTURES.index("like"), EXPRESSIONS.index("positive")] == pytest.approx((1 + 2 * coupling) / 3)
    np.testing.assert_allclose(table[GESTURES.index("palm")], 1 / 3)
    logs = Prior(coupling=coupling, affinity=AFFINITY).log_table()
    assert logs.min() >= np.float32(np.log(LEAST))


def test_the_shipped_prior_states_a_coupling_and_can_be_told_another() -> None:
    shipped = load_prior()
    assert 0 < shipped.coupling < 1
    assert load_prior(0.0).affinity == shipped.affinity
    np.testing.assert_allclose(load_prior(0.0).log_table(), np.log(1 / 3), rtol=1e-6)


@pytest.mark.parametrize("affinity", [{"wave": "positive"}, {"like": "joy"}])
def test_a_prior_of_unknown_names_is_refused(affinity: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="unknown"):
        Prior(affinity=affinity)
