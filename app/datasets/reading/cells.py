"""The meaning of a cell: a text, a label, the value of a group, or nothing."""

from __future__ import annotations

import re
from typing import Any

WHOLE = re.compile(r"([+-]?\d{1,15})\.0+")
TRUTH = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}


class NotPlain(ValueError):
    """A list or an object, which is no text."""


def text_of(value: Any) -> str | None:
    """None where there is no value. Raises NotPlain."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:  # NaN, as pandas writes a cell without a value
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value)
    raise NotPlain


def name_of(value: str) -> str:
    """A label or the value of a group in one spelling, whatever wrote the file: 1 for 1.0 and Decimal 1.00, true for
    True. Words such as NA and null are values like any other."""
    value = value.strip()
    number = WHOLE.fullmatch(value)
    return str(int(number[1])) if number else TRUTH.get(value, value)
