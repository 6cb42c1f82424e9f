"""A text cut into painted cells. Joined, the cells are the text again, white space included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

import numpy as np

from ..._library import explainers

Level = Literal["token", "word", "phrase", "sentence", "passage"]
LEVELS: tuple[Level, ...] = ("token", "word", "phrase", "sentence")  # from fine to coarse
STEPS = 5
NEAR = 160  # characters shown beside the stretch that is explained
MAGNITUDES = frozenset({"share", "relevance"})  # units without a sign


@dataclass(frozen=True, slots=True)
class Cell:
    """One stretch of the text. Without a feature it is a gap, or text that the model has not seen."""

    text: str
    feature: int | None = None
    step: int = 0  # −5 … 5, for a magnitude 0 … 5
    score: float | None = None
    error: float | None = None
    known: bool = True
    unseen: bool = False
    far: bool = False  # text far from the stretch that is explained: there, but not shown
    pieces: tuple[tuple[str, bool], ...] = ()  # (text, is a part) of a cell that sums several parts
    changed: bool = False  # in a comparison: a word that the other text has not
    gone: bool = False  # in a comparison: a word that only the other text has


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of the text that are shown as one."""

    start: int
    end: int
    members: tuple[int, ...]  # indices of features


def levels(players: str) -> tuple[Level, ...]:
    """The levels that can be shown: the players themselves and sums over coarser parts, never finer ones."""
    if players == "passage":
        return ("passage",)
    if players not in LEVELS:
        return ()
    own = LEVELS.index(players)
    return tuple(level for level in LEVELS[own:] if level == players or level != "phrase")


def cells(
    text: str, attribution: Any, row: int, *, level: Level, top: float | None = None, part: str = "text"
) -> tuple[Cell, ...]:
    """The cells of one text. `top` is the score painted deepest; by default the largest of this row at this level."""
    found = groups(text, attribution.features, players=attribution.players, level=level, part=part)
    scores = group_scores(attribution, row, level)
    top = largest(scores) if top is None else top
    names = _numbering(attribution, level)
    out: list[Cell] = []
    at = 0
    for group in found:
        start = max(group.start, at)
        if group.end <= start:
            continue
        out += _unscored(text, at, start, attribution, part)
        at = group.end
        out.append(_painted(text, start, group, attribution, row, scores, names, top))
    painted = (*out, *_unscored(text, at, len(text), attribution, part))
    return painted if attribution.focus is None else _folded(painted)


def _folded(painted: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Around the parts that are explained only the nearest text is shown; joined, the cells are still the text."""
    scored = [k for k, cell in enumerate(painted) if cell.feature is not None]
    if not scored:
        return painted
    out: list[Cell] = []
    for k, cell in enumerate(painted):
        if scored[0] < k < scored[-1] or cell.feature is not None:
            out.append(cell)
        elif cell.unseen:
            out.append(replace(cell, far=True))
        else:
            out += _near(cell.text, before=k < scored[0])
    return tuple(out)


def _near(text: str, *, before: bool) -> list[Cell]:
    """The end of the text before, or the beginning of the text behind, cut at white space."""
    if len(text) <= NEAR:
        return [Cell(text)]
    if before:
        at = len(text) - NEAR
        at += max(text[at:].find(" "), 0)
        return [Cell(text[:at], far=True), Cell(text[at:])]
    at = max(text[:NEAR].rfind(" "), 0) or NEAR
    return [Cell(text[:at]), Cell(text[at:], far=True)]


def group_scores(attribution: Any, row: int, level: Level) -> np.ndarray[Any, np.dtype[np.float64]]:
    """One sum a group, over both texts of a pair; empty for a method without scores."""
    if attribution.scores is None:
        return np.zeros(0)
    scores = np.asarray(attribution.scores[row], dtype=np.float64)
    return np.array([float(scores[list(group.members)].sum()) for group in _all_groups(attribution, level)])


def group_texts(attribution: Any, level: Level) -> tuple[str, ...]:
    """The text of every group, in the order of `group_scores`."""
    whole = {"text": attribution.text, "text_pair": attribution.text_pair or ""}
    features = attribution.features
    return tuple(
        whole[features[group.members[0]].part][group.start : group.end] for group in _all_groups(attribution, level)
    )


def largest(scores: Sequence[float] | np.ndarray[Any, Any]) -> float:
    sizes = np.abs(np.asarray(scores, dtype=np.float64))
    finite = sizes[np.isfinite(sizes)]
    return float(finite.max()) if finite.size else 0.0


def step_of(score: float, top: float) -> int:
    """−5 … 5: the nearest fifth of `top`."""
    if not top or not np.isfinite(score):
        return 0
    size = min(STEPS, int(np.floor(STEPS * abs(score) / top + 0.5)))
    return size if score > 0 else -size


def groups(text: str, features: Sequence[Any], *, players: str, level: Level, part: str = "text") -> tuple[Group, ...]:
    """The features of one text, gathered at a level that is not finer than the players."""
    own = [(index, feature) for index, feature in enumerate(features) if feature.part == part]
    if level == players or level not in LEVELS:
        return tuple(Group(f.start, f.end, (i,)) for i, f in own)
    grain: Literal["word", "sentence"] = "sentence" if level == "sentence" else "word"
    numbers = explainers.group_numbers(text, [(f.start, f.end) for _, f in own], grain)
    gathered = []
    for _, run in groupby(range(len(own)), key=numbers.__getitem__):
        members = [own[k] for k in run]
        gathered.append(Group(members[0][1].start, max(f.end for _, f in members), tuple(i for i, _ in members)))
    return tuple(gathered)


def _all_groups(attribution: Any, level: Level) -> tuple[Group, ...]:
    pairs = (("text", attribution.text), ("text_pair", attribution.text_pair or ""))
    return tuple(
        group
        for part, text in pairs
        for group in groups(text, attribution.features, players=attribution.players, level=level, part=part)
    )


def _numbering(attribution: Any, level: Level) -> dict[int, int]:
    return {group.members[0]: number for number, group in enumerate(_all_groups(attribution, level))}


def _painted(
    text: str,
    start: int,
    group: Group,
    attribution: Any,
    row: int,
    scores: np.ndarray[Any, Any],
    names: dict[int, int],
    top: float,
) -> Cell:
    number = names[group.members[0]]
    alone = len(group.members) == 1
    score = float(scores[number]) if scores.size else None
    errors = attribution.standard_errors
    error = float(errors[row][group.members[0]]) if alone and errors is not None else None
    return Cell(
        text=text[start : group.end],
        feature=number,
        step=0 if score is None else step_of(score, top),
        score=score,
        error=error if error is not None and np.isfinite(error) else None,
        known=any(attribution.features[member].known for member in group.members),
        pieces=() if alone else _pieces(text, start, group, attribution.features),
    )


def _pieces(text: str, start: int, group: Group, features: Sequence[Any]) -> tuple[tuple[str, bool], ...]:
    out: list[tuple[str, bool]] = []
    at = start
    for member in group.members:
        left, right = max(features[member].start, at), features[member].end
        if right <= left:
            continue
        if left > at:
            out.append((text[at:left], False))
        out.append((text[left:right], True))
        at = right
    if at < group.end:
        out.append((text[at : group.end], False))
    return tuple(out)


def _unscored(text: str, start: int, end: int, attribution: Any, part: str) -> list[Cell]:
    """Gaps between features, with the stretch that was cut off marked as such."""
    cut = [span for span in attribution.unseen if span.part == part and span.end > start and span.start < end]
    if not cut:
        return [Cell(text[start:end])] if end > start else []
    left, right = max(start, min(s.start for s in cut)), min(end, max(s.end for s in cut))
    parts = (Cell(text[start:left]), Cell(text[left:right], unseen=True), Cell(text[right:end]))
    return [cell for cell in parts if cell.text]
