"""What the speech room can be told."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field

from multimodal.config import Config


class SpeechConfig(Config):
    """The speech room's share of the live config.

    Attributes:
        engine: A registered speech engine, or ``auto`` for the best that is available.
        rate: Speed of speech; 1 is the engine's own pace.
        expressive: Whether the affect of a sentence shapes its pace, pitch and loudness.
        voice: A voice file of the user's own, for ``piper`` (``.onnx`` beside its ``.onnx.json``) and ``coqui`` (a
            checkpoint beside its ``config.json``).
        language: What is spoken, such as ``en`` or ``de``, or a voice of ``espeak-ng``; None: what the lexicon is in.
        cache: How many sentences are kept ready; a shipped lexicon has 72.
        queue: How many sentences may wait while one is being spoken; older ones are replaced.
        patience_s: How long an engine may be silent over one sentence before its process is replaced; None takes the
            engine's own figure.
        load_s: How long an engine may take to load.
    """

    engine: str = "auto"
    rate: float = Field(default=1.0, ge=0.5, le=2.0)
    expressive: bool = True
    voice: Path | None = None
    language: str | None = Field(default=None, pattern=r"^[A-Za-z0-9+_-]+$")
    cache: int = Field(default=128, ge=1, le=1024)
    queue: int = Field(default=1, ge=1, le=16)
    patience_s: float | None = Field(default=None, gt=0.0, le=60.0)
    load_s: float = Field(default=30.0, gt=0.0, le=300.0)

    def speaks(self, language: str) -> bool:
        """Tell whether that language is to be spoken: a two-letter code; English where nothing is said of it."""
        return re.split(r"[-_+]", self.language or "en")[0].lower() == language
