"""Figures by skin tone and by light, for the model card: top-1, its number of photos and its interval in each group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scipy.stats import binomtest

from multimodal.evaluation.skin_tone import LIGHTS, TONES, Look


def by_group(hits: Sequence[bool | None], looks: Sequence[Look | None]) -> dict[str, Any]:
    """Return ``by_tone`` and ``by_light``: ``{group: {images, image_top1, ci95}}``, groups without a photo left out.

    Args:
        hits: Whether each photo was read right; None for one without a labelled hand, which is left out.
        looks: How each photo and its largest labelled hand look; None where there is none.
    """
    known = [(hit, look) for hit, look in zip(hits, looks, strict=True) if hit is not None and look is not None]
    tones = [(look.tone, hit) for hit, look in known]
    lights = [(look.light, hit) for hit, look in known]
    return {"by_tone": _figures(TONES, tones), "by_light": _figures(LIGHTS, lights)}


def _figures(groups: Sequence[str], rows: Sequence[tuple[str, bool]]) -> dict[str, Any]:
    found = {group: [hit for name, hit in rows if name == group] for group in groups}
    return {group: _share(hits) for group, hits in found.items() if hits}


def _share(hits: Sequence[bool]) -> dict[str, Any]:
    """Return the share of hits with Wilson's interval (Wilson 1927), which holds for few and for all right too."""
    interval = binomtest(sum(hits), len(hits)).proportion_ci(0.95, method="wilson")
    return {
        "images": len(hits),
        "image_top1": round(sum(hits) / len(hits), 4),
        "ci95": [round(float(interval.low), 4), round(float(interval.high), 4)],
    }
