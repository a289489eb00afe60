"""What was seen, drawn into the picture: regions by attention, hidden ones hatched, hands, and a caption."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from multimodal.results import REGIONS, FaceObservation, Frame, Hand

HIDDEN_BELOW = 0.5
"""A region whose visibility is below this is hatched."""

_SURE, _UNSURE, _HAND, _INK = (255, 255, 255), (255, 200, 90), (80, 220, 120), (15, 15, 15)
_STRIPE = 6


def annotate(
    frame: Frame,
    face: FaceObservation | None,
    polygons: Mapping[str, Float[np.ndarray, "_ 2"]],
    attention: Float[np.ndarray, "12"] | None,
    visibility: Float[np.ndarray, "12"] | None,
    hands: Sequence[Hand],
    caption: str,
    sure: bool,
) -> UInt8[np.ndarray, "height width 3"]:
    """Return a copy of the frame with everything drawn into it.

    Args:
        frame: The frame; its image stays as it is.
        face: The face in it; without one, "no face" is written.
        polygons: Outline of each region that is to be drawn, by its name in ``REGIONS``, pixels of the frame.
        attention: How far each region was listened to, 0 to 1; the strongest gets the brightest colour.
            None: outlines only.
        visibility: Of each region, 0 hidden to 1 free; None takes the face's.
        hands: The hands, with box, name and confidence.
        caption: What is written across the bottom, in any script that a font on this machine has; empty for none.
        sure: False writes it in amber.
    """
    canvas = frame.image.copy()
    if visibility is None and face is not None:
        visibility = face.visibility
    _draw_regions(canvas, polygons, attention, visibility)
    if face is None or not face.success:
        _label(canvas, "no face", 4, 4, _UNSURE)
    for hand in hands:
        _draw_hand(canvas, hand)
    if caption:
        _draw_caption(canvas, caption, sure)
    return canvas


def _draw_regions(
    canvas: UInt8[np.ndarray, "height width 3"],
    polygons: Mapping[str, Float[np.ndarray, "_ 2"]],
    attention: Float[np.ndarray, "12"] | None,
    visibility: Float[np.ndarray, "12"] | None,
) -> None:
    relative = None if attention is None else attention / max(float(attention.max()), 1e-6)
    for index, region in enumerate(REGIONS):
        if region not in polygons or not np.isfinite(polygons[region]).all():
            continue
        outline = np.round(polygons[region]).astype(np.int32)
        if visibility is not None and visibility[index] < HIDDEN_BELOW:
            _hatch(canvas, outline)
        elif relative is not None:
            _tint(canvas, outline, float(relative[index]))
        cv2.polylines(canvas, [outline], True, (230, 230, 230), 1, cv2.LINE_AA)


def _tint(canvas: UInt8[np.ndarray, "height width 3"], outline: np.ndarray, strength: float) -> None:
    window, inside = _inside(canvas, outline)
    if inside.any():
        share = 0.15 + 0.4 * strength
        colour = np.array(_palette()[int(255 * min(1.0, max(0.0, strength)))], np.float32)
        mixed = (window * np.float32(1 - share) + colour * np.float32(share)).astype(np.uint8)
        np.copyto(window, mixed, where=inside[..., None])


def _hatch(canvas: UInt8[np.ndarray, "height width 3"], outline: np.ndarray) -> None:
    window, inside = _inside(canvas, outline)
    rows, columns = np.indices(inside.shape, sparse=True)
    stripes = (rows + columns) % _STRIPE
    window[inside & (stripes < 2)] = (245, 245, 245)
    window[inside & (stripes == 2)] = _INK


def _inside(
    canvas: UInt8[np.ndarray, "height width 3"], outline: np.ndarray
) -> tuple[UInt8[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]:
    """Return the part of the canvas around an outline (a view) and which of its pixels are inside."""
    height, width = canvas.shape[:2]
    low = np.clip(outline.min(axis=0), 0, (width, height))
    high = np.clip(outline.max(axis=0) + 1, 0, (width, height))
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    if mask.size:
        cv2.fillPoly(mask, [outline - low], 1)
    return canvas[low[1] : high[1], low[0] : high[0]], mask.astype(bool)


@functools.lru_cache(1)
def _palette() -> UInt8[np.ndarray, "256 3"]:
    """Return RGB colours from little (blue) to much (yellow), readable by the colour-blind."""
    ramp = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_PLASMA)
    return np.ascontiguousarray(ramp[:, 0, ::-1])


def _draw_hand(canvas: UInt8[np.ndarray, "height width 3"], hand: Hand) -> None:
    if not np.isfinite(hand.box).all():
        return
    left, top, right, bottom = (round(side) for side in hand.box)
    cv2.rectangle(canvas, (left, top), (right, bottom), _HAND, 2, cv2.LINE_AA)
    _label(canvas, f"{hand.gesture} {hand.confidence:.0%}", left, top - 20, _HAND)


def _label(
    canvas: UInt8[np.ndarray, "height width 3"], text: str, x: int, y: int, colour: tuple[int, int, int]
) -> None:
    """Write short ASCII text on a dark plate, moved into the picture where it would stick out."""
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    x = max(0, min(x, canvas.shape[1] - width - 6))
    y = max(0, min(y, canvas.shape[0] - height - base - 6))
    cv2.rectangle(canvas, (x, y), (x + width + 5, y + height + base + 4), _INK, -1)
    cv2.putText(canvas, text, (x + 3, y + height + 2), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


def _draw_caption(canvas: UInt8[np.ndarray, "height width 3"], caption: str, sure: bool) -> None:
    height, width = canvas.shape[:2]
    strip = _strip(" ".join(caption.split()), width, min(height, max(26, height // 9)), _SURE if sure else _UNSURE)
    bar = canvas[height - len(strip) :]
    np.right_shift(bar, 2, out=bar)
    np.maximum(bar, strip, out=bar)


@functools.lru_cache(64)
def _strip(text: str, width: int, height: int, colour: tuple[int, int, int]) -> UInt8[np.ndarray, "height width 3"]:
    """Return a line of text on black, as large as fits; what is too long even at 12 pixels ends in an ellipsis."""
    from PIL import Image, ImageDraw

    from multimodal.media.fonts import font_for

    size = max(8, int(height * 0.62))
    while size > 12 and font_for(text, size).getlength(text) > width - 12:
        size -= 1
    font = font_for(text, size)
    shown = text
    while len(shown) > 1 and font.getlength(shown) > width - 12:
        shown = shown.removesuffix("…")[:-1] + "…"
    image = Image.new("RGB", (width, height))
    ImageDraw.Draw(image).text((width / 2, height / 2), shown, fill=colour, font=font, anchor="mm")
    return np.array(image)
