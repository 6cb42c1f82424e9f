"""Where the name of a curve stands: at its line, where neither another line nor another name runs through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Points = Sequence[Sequence[float | None]]
LETTER, WIDE_LETTER, LINE = 0.021, 0.036, 0.055  # size of a letter and of a line, as shares of the side of a drawing
GAP = 0.015  # between a line and its name
PLACES = [step / 40 for step in range(1, 40)]
OUTSIDE, ON_A_NAME, ON_A_LINE = 1000, 100, 1  # what a place costs


@dataclass(frozen=True, slots=True)
class Label:
    """x, y: the end of the name that is next to the line, at half of its height; side: `left` where it begins there."""

    x: float
    y: float
    side: Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    right: float
    low: float
    high: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.low <= y <= self.high

    def meets(self, other: _Box) -> bool:
        return self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high


def labelled(curves: Sequence[tuple[str, Points]]) -> list[Label]:
    """A place for each name, the first curve choosing first. Curves lie in the unit square."""
    lines = [_sampled(points) for _, points in curves]
    every = [point for line in lines for point in line]
    taken: list[_Box] = []
    found: list[Label] = []
    for (name, _), line in zip(curves, lines, strict=True):
        label, box = min(_candidates(name, line), key=lambda each: _cost(each[1], every, taken))
        taken.append(box)
        found.append(label)
    return found


def _sampled(points: Points) -> list[tuple[float, float]]:
    """The curve at even places, between its points; its own points where it is a single step."""
    known = [(float(point[0] or 0.0), float(point[1])) for point in points if point[1] is not None]
    at = [(x, height) for x in PLACES if (height := _height(known, x)) is not None]
    return at or known


def _height(known: Sequence[tuple[float, float]], x: float) -> float | None:
    for (left, low), (right, high) in pairwise(known):
        if left <= x <= right and right > left:
            return low + (high - low) * (x - left) / (right - left)
    return None


def _candidates(name: str, line: Sequence[tuple[float, float]]) -> list[tuple[Label, _Box]]:
    width = sum(WIDE_LETTER if ord(letter) > 0x2E80 else LETTER for letter in name)
    found = []
    for x, y in line:
        for up in (LINE / 2 + GAP, -LINE / 2 - GAP):
            middle = y + up
            found.append((Label(x + GAP, middle, "left"), _Box(x, x + width, middle - LINE / 2, middle + LINE / 2)))
            found.append((Label(x - GAP, middle, "right"), _Box(x - width, x, middle - LINE / 2, middle + LINE / 2)))
    return found


def _cost(box: _Box, every: Sequence[tuple[float, float]], taken: Sequence[_Box]) -> float:
    outside = box.left < 0 or box.right > 1 or box.low < 0 or box.high > 1.02
    crossed = sum(box.holds(x, y) for x, y in every)
    return OUTSIDE * outside + ON_A_NAME * sum(map(box.meets, taken)) + ON_A_LINE * crossed
