import pytest

from multimodal.errors import UsageError
from multimodal.registry import Registry


def test_refuses_a_name_twice_and_lists_what_there_is() -> None:
    registry: Registry[int] = Registry("number")
    registry.register("one")(1)
    with pytest.raises(ValueError, match="'one' is registered twice"):
        registry.register("one")(2)
    with pytest.raises(UsageError, match="unknown number 'two': choose one of one"):
        registry.get("two")
    assert list(registry) == ["one"]
    assert registry.get("one") == 1
