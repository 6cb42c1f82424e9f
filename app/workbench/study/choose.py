"""Which rows of a frame a condition chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from ...audit.data.values import Bools, Floats
from ...errors import BadRequest
from .frame import Frame
from .language import (
    All,
    Any,
    Compared,
    Condition,
    Contains,
    Inside,
    Is,
    Judged,
    Matches,
    Not,
    Textual,
    compiled,
    conditions,
)
from .words import holds

Slices = Mapping[str, Condition]  # by name, for conditions that name another slice
Search = Callable[[Textual], Bools]  # rows whose text fits, where somebody knows it already
NEEDS: Mapping[str, str] = {
    "x": "place",
    "y": "place",
    "words": "lengths",
    "characters": "sizes",
    "cluster": "clusters",
}
LONGEST_TEXT = 20_000
SIGNS: Mapping[str, Callable[[Floats, float], Bools]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


def chosen(frame: Frame, condition: Condition, slices: Slices | None = None, search: Search | None = None) -> Bools:
    """(n,) true for the rows that fit. slices: those that the condition may name. search: finds texts, by default one
    after the other. Raises BadRequest for a column, a tag or a slice that is not there."""
    return _Choice(frame, slices or {}, search or (lambda asked: matching(frame, asked))).of(condition, ())


def needed(condition: Condition, slices: Slices) -> frozenset[str]:
    """Fields of a frame that the condition looks at, beside label, prediction and confidence: `tags`, `badge`, `place`,
    `clusters`, `lengths`, `sizes`, and `group:` with a column."""
    return frozenset(_needed(condition, slices, frozenset()))


def _needed(condition: Condition, slices: Slices, within: frozenset[str]) -> Iterator[str]:
    for each in conditions(condition):
        match each:
            case Is("slice", name) if name in slices and name not in within:
                yield from _needed(slices[name], slices, within | {name})
            case Is("tag", _):
                yield "tags"
            case Is("label" | "predicted" | "slice", _):
                pass
            case Is(field, _):
                yield field if field == "badge" else NEEDS.get(field, f"group:{field.removeprefix('group:')}")
            case Compared(field, _, _) if field in NEEDS:
                yield NEEDS[field]
            case Inside():
                yield "place"


def matching(frame: Frame, asked: Textual) -> Bools:
    fits = fitting(asked)
    return np.fromiter((fits(text) for text in frame.texts), dtype=np.bool_, count=len(frame.texts))


def fitting(asked: Textual) -> Callable[[str], bool]:
    """Whether a text fits."""
    if isinstance(asked, Contains):
        return lambda text: holds(text, asked.needle)
    pattern = compiled(asked.pattern)
    return lambda text: pattern.search(text[:LONGEST_TEXT]) is not None


def within_polygon(x: Floats, y: Floats, corners: Sequence[tuple[float, float]]) -> Bools:
    """Points (n,) from which a ray crosses the edges an odd number of times."""
    inside = np.zeros(len(x), dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        if y0 != y1:
            with np.errstate(invalid="ignore"):
                inside ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


class _Choice:
    def __init__(self, frame: Frame, slices: Slices, search: Search) -> None:
        self.frame, self.slices, self.search = frame, slices, search

    def of(self, condition: Condition, within: tuple[str, ...]) -> Bools:
        """within: the slices whose conditions are being read, so that none is made of itself."""
        frame = self.frame
        match condition:
            case Judged(right):
                return frame.right if right else frame.wrong
            case Contains() | Matches():
                return self.search(condition)
            case Inside(corners):
                return within_polygon(self._numbers("x"), self._numbers("y"), corners)
            case Not(inner):
                return ~self.of(inner, within)
            case All(parts):
                every: Bools = np.logical_and.reduce([self.of(each, within) for each in parts] or [self._everything()])
                return every
            case Any(parts):
                some: Bools = np.logical_or.reduce([self.of(each, within) for each in parts])
                return some
            case Compared(field, sign, number):
                with np.errstate(invalid="ignore"):
                    return SIGNS[sign](self._numbers(field), number)
            case Is("slice", name):
                return self._slice(name, within)
            case Is(field, value):
                return self._named(field, value)

    def _everything(self) -> Bools:
        return np.ones(len(self.frame), dtype=np.bool_)

    def _slice(self, name: str, within: tuple[str, ...]) -> Bools:
        if name in within:
            raise BadRequest(f"the slice {name[:80]!r} is made of itself", cure="Take it out of its own conditions.")
        if name not in self.slices:
            raise BadRequest(f"there is no slice {name[:80]!r}", cure=_listed("Slices", self.slices))
        return self.of(self.slices[name], (*within, name))

    def _numbers(self, field: str) -> Floats:
        frame = self.frame
        match field:
            case "confidence":
                return frame.confidence
            case "words":
                return frame.length.astype(np.float64)
            case "characters":
                return frame.size.astype(np.float64)
            case "row":
                return np.arange(frame.first + 1, frame.first + len(frame) + 1, dtype=np.float64)
        if frame.place is None:
            raise BadRequest(f"{field} is a place on the map, which these rows do not have", cure="Ask a model first.")
        return frame.place[:, 0 if field == "x" else 1].astype(np.float64)

    def _named(self, field: str, value: str) -> Bools:
        frame = self.frame
        if field in ("label", "predicted"):
            column = frame.label if field == "label" else frame.predicted
            known = dict.fromkeys((*frame.label.names, *frame.predicted.names))
            if value not in known:
                raise BadRequest(f"no row has the {field} {value[:80]!r}", cure=_listed("Labels and classes", known))
            return column.equals(value)
        if field == "tag":
            if value not in frame.tags:
                raise BadRequest(f"there is no tag {value[:80]!r}", cure=_listed("Tags", frame.tags))
            return frame.tags[value]
        if field == "cluster":
            if frame.clusters is None:
                raise BadRequest("these rows have no clusters", cure="Ask a model first.")
            return np.asarray(frame.clusters == (int(value) if value.isdecimal() and len(value) < 6 else -2))
        if field == "badge":
            if frame.badge is None:
                raise BadRequest("these rows have no explanations, so no badge", cure="Explain a sample first.")
            return frame.badge.equals(value)
        name = field.removeprefix("group:")
        if name not in frame.groups:
            cure = _listed("Groups", frame.groups) + " Beside them: label, predicted, right, wrong, confidence, words, "
            raise BadRequest(f"there is no column {name[:80]!r}", cure=cure + "contains, matches, tag, slice, cluster.")
        if value not in frame.groups[name].names:
            raise BadRequest(
                f"no row has {name[:40]} = {value[:80]!r}", cure=_listed("Values", frame.groups[name].names)
            )
        return frame.groups[name].equals(value)


def _listed(what: str, names: Iterable[str]) -> str:
    listed = ", ".join(list(names)[:20]) or "none"
    return f"{what}: {listed}."
