"""How well letters stand out from what is behind them (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

from bandeau.audit.shown import Colour


def luminance(colour: Colour) -> float:
    """Relative luminance of a colour, 0 for black to 1 for white."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21, whichever is the letter's."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
