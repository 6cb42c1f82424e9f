"""Where a text that is longer than the model reads is divided, and what of it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from ...contract import Ids, TextSpan
from .players import Piece

OVERLAP = 8  # neighbouring windows share at least one token in so many
MOST_WINDOWS = 16  # 7,140 tokens of a model that reads 512 at once: more than a request may hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A whole text as tokens, without the special ones that stand before and after each window of it."""

    ids: Ids
    pieces: tuple[Piece, ...]
    before: Ids
    after: Ids
    segment: int | None
    capacity: int  # tokens of the text in one window


def window_starts(tokens: int, capacity: int) -> list[int]:
    """Where windows of `capacity` tokens begin: evenly, neighbours sharing at least an eighth, the last one ending with
    the text. Of more than MOST_WINDOWS only the first: what lies behind them is not seen."""
    steps = max(1, ceil((tokens - capacity) / (capacity - capacity // OVERLAP)))
    return [step * (tokens - capacity) // steps for step in range(steps + 1)][:MOST_WINDOWS]


def rest_of(text: str, pieces: Sequence[Piece], *, whole: Sequence[Piece]) -> tuple[TextSpan, ...]:
    """The rest of the text, outside the pieces, where there are more of them."""
    read, cut = covered(text, pieces), []
    for start, end in ((0, read.start), (read.end, len(text))):
        start, end = without_white_space(text, start, end)
        if start < end and any(piece.start < end and piece.end > start for piece in whole):
            cut.append(TextSpan(text=text[start:end], start=start, end=end))
    return tuple(cut)


def covered(text: str, pieces: Sequence[Piece]) -> TextSpan:
    """The stretch that the pieces cover."""
    visible = [(p.start, p.end) for p in pieces if text[p.start : p.end].strip()]
    start, end = (min(s for s, _ in visible), max(e for _, e in visible)) if visible else (0, 0)
    start, end = without_white_space(text, start, end)
    return TextSpan(text=text[start:end], start=start, end=end)


def without_white_space(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without white space at its sides; unchanged where it has nothing else."""
    stretch = text[start:end]
    if not stretch.strip():
        return start, end
    return start + len(stretch) - len(stretch.lstrip()), end - len(stretch) + len(stretch.rstrip())
