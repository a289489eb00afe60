from __future__ import annotations

import pytest
import torch
from torch import Tensor

from multimodal.fusion.head import FusionHead, FusionInput


def batch(size: int = 5, seed: int = 0, present: list[bool] | None = None) -> FusionInput:
    random = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random)

    return FusionInput(
        gesture_embedding=draw(size, 64),
        gesture_log_posterior=torch.log_softmax(draw(size, 19), 1),
        gesture_quality=torch.rand(size, 2, generator=random),
        expression_embedding=draw(size, 64),
        expression_log_posterior=torch.log_softmax(draw(size, 3), 1),
        expression_quality=torch.rand(size, 2, generator=random),
        present=torch.tensor([present or [True, True]] * size),
    )


def trained_looking_head() -> FusionHead:
    torch.manual_seed(1)
    head = FusionHead()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return head.eval()


def test_untrained_head_is_the_product_of_posteriors() -> None:
    given = batch()
    output = FusionHead().eval()(given)
    torch.testing.assert_close(torch.log_softmax(output.gesture, 1), given.gesture_log_posterior)
    torch.testing.assert_close(torch.log_softmax(output.expression, 1), given.expression_log_posterior)


@pytest.mark.parametrize(("present", "weights"), [([True, False], [1.0, 0.0]), ([False, True], [0.0, 1.0])])
def test_missing_channel_has_no_weight_and_no_say(present: list[bool], weights: list[float]) -> None:
    head, first, second = trained_looking_head(), batch(seed=0, present=present), batch(seed=1, present=present)
    side = "expression" if present[0] else "gesture"
    fields = {name: getattr(second if name.startswith(side) else first, name) for name in vars(first)}
    mixed = FusionInput(**fields)
    one, other = head(first), head(mixed)
    torch.testing.assert_close(one.weights, torch.tensor([weights] * 5))
    torch.testing.assert_close(one.gesture, other.gesture)
    torch.testing.assert_close(one.expression, other.expression)


def test_missing_channel_may_hold_nan() -> None:
    given = batch(present=[True, False])
    spoilt = FusionInput(**{**vars(given), "expression_embedding": torch.full((5, 64), torch.nan)})
    assert torch.isfinite(trained_looking_head()(spoilt).gesture).all()


def test_both_missing_gives_flat_weights_of_zero() -> None:
    output = trained_looking_head()(batch(present=[False, False]))
    assert output.weights.abs().sum() == 0
    assert torch.isfinite(output.gesture).all()


def test_one_by_one_equals_the_batch() -> None:
    head, given = trained_looking_head(), batch()
    given.present[:4] = torch.tensor([[True, False], [False, True], [False, False], [True, True]])
    whole = head(given)
    for row in range(5):
        single = head(FusionInput(**{name: value[row : row + 1] for name, value in vars(given).items()}))
        for name, values in vars(single).items():
            torch.testing.assert_close(values[0], getattr(whole, name)[row], atol=1e-5, rtol=1e-5)


def test_gradients_reach_every_parameter() -> None:
    head = trained_looking_head()
    output = head(batch())
    (output.gesture.square().sum() + output.expression.square().sum()).backward()
    assert [name for name, parameter in head.named_parameters() if not parameter.grad.abs().sum()] == []
