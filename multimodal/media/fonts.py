"""A font that has the letters: DejaVu Sans from the system or from matplotlib's package, else whatever covers more."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from PIL import ImageFont

_NOWHERE = "\U0010fffe"
_WIDE = ("NotoSansCJK-Regular.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "NotoSans-Regular.ttf")


def font_for(text: str, size: int) -> ImageFont.FreeTypeFont:
    """Return the first font that has all letters of ``text``, or DejaVu Sans, which shows boxes for those it lacks.

    Args:
        text: What is to be written.
        size: Height in pixels, at least 1.
    """
    candidates = [path for path in _files() if _covers(path, text)] or _files()
    return ImageFont.truetype(candidates[0], size)


@functools.lru_cache(1)
def _files() -> list[str]:
    """Return the fonts that there are; matplotlib's DejaVu Sans comes with MediaPipe's requirements."""
    spec = importlib.util.find_spec("matplotlib")
    bundled = Path(spec.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf" if spec and spec.origin else Path()
    return [name for name in (str(bundled), "DejaVuSans.ttf", *_WIDE) if _loads(name)]


def _loads(name: str) -> bool:
    try:
        ImageFont.truetype(name, 10)
    except OSError:
        return False
    return True


@functools.lru_cache(256)
def _covers(name: str, text: str) -> bool:
    """Tell whether no letter looks like the box that stands for a missing one."""
    font = ImageFont.truetype(name, 16)
    missing = bytes(font.getmask(_NOWHERE))
    return all(bytes(font.getmask(letter)) != missing for letter in set(text) if not letter.isspace())
