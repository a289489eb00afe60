"""Name -> factory tables that refuse a name twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from multimodal.errors import UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """A table of named entries, filled by decorators.

    Args:
        kind: What the entries are, for messages ("speech engine").
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that enters its object under ``name``.

        Raises:
            ValueError: ``name`` is taken.
        """

        def enter(entry: T) -> T:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = entry
            return entry

        return enter

    def get(self, name: str) -> T:
        """Return the entry of that name.

        Raises:
            UsageError: There is none; the message lists those that there are.
        """
        if name not in self._entries:
            raise UsageError(f"unknown {self.kind} {name!r}: choose one of {', '.join(sorted(self._entries))}")
        return self._entries[name]

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self._entries
