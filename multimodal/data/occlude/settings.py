"""What decides how a masked copy looks; two runs with the same settings give the same bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from multimodal.config import Config, validate
from multimodal.errors import MissingError, UsageError
from occlusion.presence import COMES_AND_GOES
from occlusion.registry import entry_of, kinds, styles

CLEAN = "none"
"""The kind that covers nothing: the matched clean copy, written by the same encoders."""

SCHEMA = 1
"""Version of the manifest's rows and of the encoders behind them; a change makes finished clips stale."""


class OccludeConfig(Config):
    """How faces are covered.

    Attributes:
        kind: One of ``occlusion.drawing.kinds()``, or ``none``.
        style: One of the kind's styles; None draws one for each clip.
        mode: ``rigid`` follows the head smoothly, ``jitter`` draws every frame by its own landmarks, as RRRN did.
        seed: Together with a clip's path it decides all that chance decides.
        hands: A folder of hands before a green screen, for the kind ``hand``.
        passing: What is held (hand, cup, phone, microphone) comes into a clip and goes again.
        fill: What a flow map shows where it is covered: the ``mean`` flow of the other subjects, or ``noise``.
    """

    kind: str
    style: str | None = None
    mode: Literal["rigid", "jitter"] = "rigid"
    seed: int = 0
    hands: Path | None = None
    passing: bool = False
    fill: Literal["mean", "noise"] = "mean"

    def options(self) -> dict[str, str]:
        """Return what the kind's drawing function is told beside the style."""
        return {} if self.hands is None else {"hands": str(self.hands)}

    def mark(self) -> str:
        """Return a hash of all settings: clips whose rows carry another one are made anew."""
        content: dict[str, Any] = {"schema": SCHEMA, **self.model_dump(mode="json")}
        if self.hands is not None:
            content["hands"] = [(path.name, path.stat().st_size) for path in sorted(self.hands.iterdir())]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def settings(
    kind: str,
    style: str | None = None,
    ratio: float | None = None,
    *,
    mode: str = "rigid",
    seed: int = 0,
    hands: Path | None = None,
    passing: bool = False,
    fill: str = "mean",
) -> OccludeConfig:
    """Check what was asked for, before anything is read.

    Args:
        kind, style, mode, seed, hands, passing, fill: See ``OccludeConfig``.
        ratio: How much of the face's box a block hides, .05 to .50 by .05; short for the block's style.

    Raises:
        UsageError: There is no such kind or style, or the options contradict each other.
        MissingError: The folder of hands is not there.
    """
    if kind not in (CLEAN, *kinds()):
        raise UsageError(f"unknown kind {kind!r}: choose one of {', '.join((CLEAN, *kinds()))} (--list shows styles)")
    if hands is not None and not hands.is_dir():
        raise MissingError(f"no folder {hands}: name one with photos of hands before a green screen, or leave it out")
    if ratio is not None:
        if kind != "block" or style is not None:
            raise UsageError("--ratio belongs to --kind block and takes the place of --style: leave one of them out")
        style = f"{ratio:.2f}"
    known = () if kind == CLEAN else styles(kind)
    if style is not None and style not in known:
        raise UsageError(f"{kind} has no style {style!r}: choose one of {', '.join(known) or '(none at all)'}")
    if passing and (kind not in COMES_AND_GOES or mode == "jitter"):
        raise UsageError(f"--passing is for {', '.join(COMES_AND_GOES)} in the rigid mode: leave it out")
    if mode == "jitter" and kind != CLEAN and entry_of(kind).degrades:
        raise UsageError(f"{kind} has no place that could jitter: leave --mode out")
    content = {"kind": kind, "style": style, "mode": mode, "seed": seed, "hands": hands, "passing": passing}
    return validate(OccludeConfig, {**content, "fill": fill}, "occlude")


def clip_seed(seed: int, path: str) -> int:
    """Return the seed of one clip: it depends on the run's seed and the clip's relative path, and on nothing else."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{path}".encode()).digest()[:6], "big")
