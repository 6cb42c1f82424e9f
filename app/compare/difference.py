"""Differences between two explanations: words of the texts, and what each of them adds to the change of the output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from ..explain.ask.schemas import ExplanationOut
from ..explain.draw.heatmap import MAGNITUDES, Cell, step_of
from ..explain.draw.view import PaintedText
from ..web.formatting import script

PARTS = ("text", "text_pair")
LIMIT = 2000  # words of a text; beyond, lining them up takes long


@dataclass(frozen=True, slots=True)
class Change:
    """Words of A that B has not, and what stands there instead; either may be empty."""

    part: str
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lined:
    """The words of A and B beside each other: pairs of their numbers, None where one side has none."""

    pairs: tuple[tuple[int | None, int | None], ...]
    changes: tuple[Change, ...]

    @property
    def same(self) -> tuple[tuple[int, int], ...]:
        return tuple((a, b) for a, b in self.pairs if a is not None and b is not None)

    @property
    def changed_left(self) -> frozenset[int]:
        return frozenset(a for a, b in self.pairs if a is not None and b is None)

    @property
    def changed_right(self) -> frozenset[int]:
        return frozenset(b for a, b in self.pairs if b is not None and a is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodDifference:
    """B − A of one method: painted on B, with the words that only A has struck; None where units or parts differ."""

    texts: tuple[PaintedText, ...]
    unit: str
    output: float  # of B minus that of A
    outputs: tuple[float, float]
    changed: float  # what changed words add to it
    most: tuple[str, float] | None  # of the words that stayed, the one that changes most
    largest: float  # for the scale


def lined_up(left: ExplanationOut, right: ExplanationOut) -> Lined | None:
    """None where the two are cut into parts of another kind, so that no word of one is a word of the other."""
    if left.players != right.players or max(len(left.spans), len(right.spans)) > LIMIT:
        return None
    pairs: list[tuple[int | None, int | None]] = []
    changes: list[Change] = []
    for part in PARTS:
        mine, theirs = _numbers(left, part), _numbers(right, part)
        words = [left.spans[n].text for n in mine], [right.spans[n].text for n in theirs]
        for code, a, b, c, d in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
            if code == "equal":
                pairs += zip(mine[a:b], theirs[c:d], strict=True)
                continue
            pairs += [*((n, None) for n in mine[a:b]), *((None, n) for n in theirs[c:d])]
            changes.append(Change(part, _joined(left, mine[a:b]), _joined(right, theirs[c:d])))
    return Lined(pairs=tuple(pairs), changes=tuple(changes))


def difference(
    left: ExplanationOut, right: ExplanationOut, lined: Lined | None, rows: tuple[int, int]
) -> MethodDifference | None:
    """rows: those of the class that is explained on both sides."""
    comparable = left.unit == right.unit and left.unit not in MAGNITUDES
    if lined is None or not comparable or left.scores is None or right.scores is None:
        return None
    mine, theirs = left.scores[rows[0]], right.scores[rows[1]]
    stayed = {b: float(theirs[b]) - float(mine[a]) for a, b in lined.same}
    came = {b: float(theirs[b]) for b in lined.changed_right}
    went = {a: -float(mine[a]) for a in lined.changed_left}
    outputs = float(left.output[rows[0]]), float(right.output[rows[1]])
    strongest = max(stayed, key=lambda b: abs(stayed[b]), default=None)
    scores = {**stayed, **came}
    return MethodDifference(
        texts=_painted(left, right, lined, scores, went),
        unit=right.unit,
        output=outputs[1] - outputs[0],
        outputs=outputs,
        changed=sum(came.values()) + sum(went.values()),
        most=None if strongest is None else (right.spans[strongest].text, stayed[strongest]),
        largest=max((abs(each) for each in (*scores.values(), *went.values())), default=0.0),
    )


def scaled(texts: Sequence[PaintedText], top: float) -> tuple[PaintedText, ...]:
    """These texts with their steps of colour for this largest score."""
    return tuple(
        replace(text, cells=tuple(replace(c, step=0 if c.score is None else step_of(c.score, top)) for c in text.cells))
        for text in texts
    )


def _numbers(found: ExplanationOut, part: str) -> list[int]:
    return [number for number, span in enumerate(found.spans) if span.part == part]


def _joined(found: ExplanationOut, numbers: Sequence[int]) -> str:
    """These neighbouring words as they stand in the text."""
    if not numbers:
        return ""
    first, last = found.spans[numbers[0]], found.spans[numbers[-1]]
    return _text_of(found, first.part)[first.start : last.end]


def _text_of(found: Any, part: str) -> str:
    return found.text if part == "text" else found.text_pair or ""


def _painted(
    left: ExplanationOut, right: ExplanationOut, lined: Lined, scores: Mapping[int, float], went: Mapping[int, float]
) -> tuple[PaintedText, ...]:
    out = []
    for part in PARTS:
        text = _text_of(right, part)
        cells: list[Cell] = []
        gone: list[Cell] = []  # words that only A has, before the next of B
        at = 0
        for a, b in lined.pairs:
            if a is not None and b is None and left.spans[a].part == part:
                gone.append(Cell(left.spans[a].text, feature=a, score=went[a], gone=True))
            if b is None or right.spans[b].part != part:
                continue
            span = right.spans[b]
            cells += [Cell(text[at : span.start])] if span.start > at else []
            cells += gone
            cells.append(Cell(text[max(at, span.start) : span.end], feature=b, score=scores[b], changed=a is None))
            gone, at = [], max(at, span.end)
        cells += [Cell(" "), *gone] if gone else []
        cells += [Cell(text[at:])] if at < len(text) else []
        if text or cells:
            out.append(PaintedText(part, script(text), tuple(cells)))
    return tuple(out)
