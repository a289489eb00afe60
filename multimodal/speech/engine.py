"""The interface that every speech engine has, and the table of engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from multimodal.errors import MissingError
from multimodal.registry import Registry
from multimodal.speech.config import SpeechConfig
from multimodal.speech.manner import PLAIN, Manner
from multimodal.speech.sound import Sound


class Availability(NamedTuple):
    """Whether an engine can be used here, and what was found or what to do."""

    ok: bool
    detail: str


class SpeechEngine(ABC):
    """Text to sound. Engines live in a process of their own, so they may be slow, print, hang or crash.

    Loading happens in ``__init__``; ``available`` must be quick and must not load anything heavy.

    Attributes:
        name: The name that it is registered under.
        plays: Whether its sound is meant for the sound card; otherwise it is only written.
        patience_s: How long it may take over one sentence before it counts as hanging.
    """

    name: ClassVar[str]
    plays: ClassVar[bool] = True
    patience_s: ClassVar[float] = 1.5

    def __init__(self, config: SpeechConfig) -> None:
        self.config = config

    @abstractmethod
    def synthesize(self, text: str, manner: Manner = PLAIN) -> Sound:
        """Return the sound of a text, mono; an empty text gives an empty sound.

        The engine minds the manner's rate, and its pitch if it can; loudness is not its business.
        """

    @classmethod
    @abstractmethod
    def available(cls, config: SpeechConfig) -> Availability:
        """Tell whether it can be used here, and if not, what to do."""


speech_engines: Registry[type[SpeechEngine]] = Registry("speech engine")
"""All engines by name; importing ``multimodal.speech.engines`` fills in those that come with veilspeak."""

PREFERENCE: tuple[str, ...] = ("hibari", "piper", "espeak-ng")
"""What ``auto`` tries, the best voice first."""


def register_speech_engine(name: str) -> Callable[[type[SpeechEngine]], type[SpeechEngine]]:
    """Return a decorator that enters an engine under ``name``.

    The engine's process imports the module that the class is in, so that module must be importable by its name.

    Raises:
        ValueError: The name is taken.
    """

    def enter(engine: type[SpeechEngine]) -> type[SpeechEngine]:
        engine.name = name
        return speech_engines.register(name)(engine)

    return enter


def choose(config: SpeechConfig) -> type[SpeechEngine]:
    """Return the engine that the config asks for.

    Raises:
        UsageError: There is no engine of that name.
        MissingError: It cannot be used here; the message says what to do.
    """
    import multimodal.speech.engines  # noqa: F401 - fills the table

    names = PREFERENCE if config.engine == "auto" else (config.engine,)
    found = {name: speech_engines.get(name).available(config) for name in names}
    for name, state in found.items():
        if state.ok:
            return speech_engines.get(name)
    remedies = "; ".join(f"{name}: {state.detail}" for name, state in found.items())
    raise MissingError(f"no voice for {config.language or 'en'!r}: speech engine {remedies}")
