"""What stands before the faces of the test side: ``none``, or a kind of ``occlusion`` with a style: ``block:0.3``.

On flow maps it acts in the flow domain: cells that are covered take the mean flow of the fold's training side. What a
clip's occluder looks like depends on the seed and the clip alone, as in ``veilspeak occlude --seed``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from multimodal.data.occlude.flow import canonical_cover
from multimodal.data.occlude.settings import CLEAN, OccludeConfig, clip_seed, settings
from multimodal.data.samples import FlowSamples
from multimodal.errors import UsageError
from multimodal.executors import Executor, run_all
from multimodal.face.canonical import GRID, crop_regions
from multimodal.results import REGIONS
from occlusion.registry import entry_of


@dataclass(frozen=True)
class Covers:
    """What hides the clips of one condition, drawn with one seed.

    Attributes:
        hidden: ``[n, 28, 28]``, how much of each cell is covered, 0 to 1.
        visibility: ``[n, 12]``, how much of each region is not.
    """

    hidden: Float[np.ndarray, "n 28 28"]
    visibility: Float[np.ndarray, "n 12"]

    def over(self, samples: FlowSamples, fill: Float[np.ndarray, "3 28 28"]) -> FlowSamples:
        """Return the samples with their covered cells filled.

        Args:
            samples: As many as there are covers.
            fill: The flow that covered cells take: the mean of the training side.
        """
        hidden = self.hidden[:, None]
        flow = samples.flow + hidden * (fill[None] - samples.flow)
        return samples.with_flow(flow.astype(np.float32), samples.visibility * self.visibility)

    def pick(self, rows: np.ndarray) -> Covers:
        """Return the covers of the chosen clips."""
        return Covers(self.hidden[rows], self.visibility[rows])


def parse(condition: str) -> OccludeConfig:
    """Turn ``none``, ``mask``, ``glasses:browline`` or ``block:0.3`` into settings.

    Raises:
        UsageError: There is no such kind or style, or it hides no area.
    """
    kind, _, style = condition.strip().partition(":")
    if kind == "block" and style:
        config = settings(kind, ratio=_ratio(condition, style))
    else:
        config = settings(kind, style or None)
    if kind != CLEAN and entry_of(kind).degrades:
        raise UsageError(f"{kind} hides no area, so flow maps cannot show it: choose a kind that covers")
    return config


def refuse_covers(model: str, needs: Sequence[str], conditions: Sequence[str], given: Collection[str] = ()) -> None:
    """Refuse conditions that would cover the flow maps of a model that also looks at frames: those would stay clean.

    Args:
        model: Its name.
        needs: The features beside the flow that it asks for.
        conditions: What is to stand before the faces.
        given: Those of them that are masked copies.

    Raises:
        UsageError: There is such a condition.
    """
    drawn = next((name for name in conditions if name not in given and parse(name).kind != CLEAN), None)
    if needs and drawn is not None:
        kind = parse(drawn).kind
        raise UsageError(
            f"{model} looks at frames ({', '.join(needs)}), and {drawn!r} covers flow maps alone: leave it out, or "
            f"make a masked copy with veilspeak occlude DATA --kind {kind} --out COPY and take --masked {kind}=COPY"
        )


def draw_covers(
    condition: str, samples: FlowSamples, seed: int, executor: Executor = "local", workers: int | None = None
) -> Covers:
    """Draw what hides each clip.

    Args:
        condition: See ``parse``.
        samples: The clips; their subjects' and own names decide, with the seed, what is drawn.
        seed: Of the draw.
        executor, workers: Where the drawing is spread to.

    Raises:
        UsageError: See ``parse``.
    """
    config = parse(condition)
    count = len(samples)
    if config.kind == CLEAN:
        return Covers(np.zeros((count, GRID, GRID), np.float32), np.ones((count, len(REGIONS)), np.float32))
    seeds = [clip_seed(seed, f"{who}/{name}") for who, name in zip(samples.subjects, samples.names, strict=True)]
    parts = [(start, config, seeds[start : start + 64]) for start in range(0, count, 64)]
    drawn = dict(run_all(_draw, parts, executor, workers))
    hidden = np.concatenate([drawn[start] for start in sorted(drawn)])
    return Covers(hidden, (1 - crop_regions(hidden).mean(axis=(-2, -1))).astype(np.float32))


def _draw(part: tuple[int, OccludeConfig, list[int]]) -> tuple[int, Float[np.ndarray, "n 28 28"]]:
    start, config, seeds = part
    return start, np.stack([canonical_cover(config, seed)[0] for seed in seeds])


def _ratio(condition: str, style: str) -> float:
    try:
        return float(style)
    except ValueError:
        raise UsageError(f"{condition!r}: a block's ratio is a number such as 0.3") from None
