"""The word lists beside this module: one entry a line, # in front of remarks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def lines(file: str) -> tuple[str, ...]:
    text = (HERE / file).read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


@cache
def words(file: str) -> frozenset[str]:
    """All words of the file, folded."""
    return frozenset(word for line in lines(file) for word in line.split())


@cache
def pairs(file: str) -> dict[str, str]:
    """Two words a line, each the counterpart of the other."""
    listed = [line.split() for line in lines(file)]
    return {one: other for pair in listed for one, other in (pair, pair[::-1])}
