"""Numbers as a reader sees them. Signs are real minus signs; a size that rounds to 0 has none."""

from __future__ import annotations

import math

MISSING = "–"


def signed(value: float | None, digits: int = 2) -> str:
    """With its sign, a plus included."""
    if value is None or not math.isfinite(value):
        return MISSING
    size = f"{abs(value):.{digits}f}"
    return size if float(size) == 0 else ("+" if value > 0 else "−") + size


def number(value: float | None, digits: int = 2) -> str:
    """Without a plus."""
    return signed(value, digits).removeprefix("+")


def share(value: float | None) -> str:
    """A probability: 0.72, and never a 1.00 that is not certain."""
    if value is None or not math.isfinite(value):
        return MISSING
    if 0.995 <= value < 1:
        return "> 0.99" if value < 0.9995 else "> 0.999"
    if 0 < value < 0.005:
        return "< 0.01"
    return f"{value:.2f}"
