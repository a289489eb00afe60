"""Figures as text of the page: each carries its full value, and one that is missing says so."""

from __future__ import annotations

from markupsafe import Markup

UNKNOWN = Markup('<span class="unknown">not measured</span>')


def score(value: float | None) -> Markup:
    """Return a score with three decimals."""
    return UNKNOWN if value is None else _data(value, f"{value:.3f}")


def change(value: float | None) -> Markup:
    """Return a difference with three decimals and its sign."""
    return UNKNOWN if value is None else _data(value, signed(value))


def percent(value: float | None) -> Markup:
    """Return a fraction in percent."""
    return UNKNOWN if value is None else _data(value, f"{100 * value:.0f} %")


def count(value: int | None) -> Markup:
    """Return a whole number."""
    return UNKNOWN if value is None else _data(value, str(value))


def span(ends: tuple[float, float] | None, signs: bool = False) -> Markup:
    """Return an interval, ``0.650 to 0.800``."""
    if ends is None:
        return UNKNOWN
    low, high = (change(end) if signs else score(end) for end in ends)
    return Markup('<span class="range">{} to {}</span>').format(low, high)


def text(value: object) -> Markup:
    """Return whatever it is, escaped."""
    return UNKNOWN if value is None or value == "" else Markup.escape(str(value))


def stacked(first: Markup, *below: Markup) -> Markup:
    """Return the lines of a cell, all but the first smaller."""
    return first + Markup("").join(Markup("<small>{}</small>").format(line) for line in below)


def signed(value: float, digits: int = 3) -> str:
    """Return a number with its sign; a true minus sign, and none before zero."""
    shown = f"{abs(value):.{digits}f}"
    if not float(shown):
        return shown
    return ("+" if value > 0 else "−") + shown


def _data(value: float, shown: str) -> Markup:
    return Markup('<data value="{}">{}</data>').format(value, shown)
