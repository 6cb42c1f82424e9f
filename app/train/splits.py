"""From rows with labels to what is learned from, judged after every epoch, and judged at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..datasets.duplicates import place
from ..errors import BadRequest
from .schemas import MOST_LABELS, MOST_ROWS, TrainingRequest

PARTS = ("train", "dev", "test")
NAMED = {"train": "train", "training": "train", "dev": "dev", "validation": "dev", "valid": "dev", "val": "dev"}
NAMED |= {"test": "test"}
Labelled = tuple[str, str]  # text, label


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    label: str | None
    groups: Mapping[str, str] = field(default_factory=dict)


def split(request: TrainingRequest, given: Mapping[str, Iterable[Row]]) -> dict[str, list[Labelled]]:
    """The rows of every part. `given`: the rows of each data set, by the part it is for. Raises BadRequest."""
    found: dict[str, list[Labelled]] = {part: [] for part in PARTS}
    drawn = {part: getattr(request, f"{part}_share") for part in ("dev", "test") if part not in given}
    if request.split is not None:
        drawn = {}
    for part, rows in given.items():
        for row in rows:
            if row.label is None or not row.text.strip():
                continue
            found[_part(request, part, row, drawn)].append((row.text, row.label))
            if sum(map(len, found.values())) > MOST_ROWS:
                raise BadRequest(f"more than {MOST_ROWS:,} rows have a label", cure="Train on a part of them.")
    _refuse_unfit(found)
    return found


def labels_of(found: Mapping[str, Iterable[Labelled]]) -> tuple[str, ...]:
    return tuple(sorted({label for rows in found.values() for _, label in rows}))


def _part(request: TrainingRequest, part: str, row: Row, drawn: Mapping[str, float]) -> str:
    if request.split is not None:
        value = row.groups.get(request.split, "").strip().casefold()
        if value not in NAMED:
            raise BadRequest(f"the column {request.split} has the value {value[:40]!r}; it may say train, dev or test")
        return NAMED[value]
    return _drawn(request.seed, row.text, drawn) if part == "train" else part


def _drawn(seed: int, text: str, shares: Mapping[str, float]) -> str:
    """By a hash of the text, so that the same text, also in other letters, is in one part only."""
    at = place(text, seed)
    for part, share in shares.items():
        if at < share:
            return part
        at -= share
    return "train"


def _refuse_unfit(found: Mapping[str, list[Labelled]]) -> None:
    empty = [part for part in PARTS if not found[part]]
    if empty:
        counts = ", ".join(f"{part} {len(found[part])}" for part in PARTS)
        raise BadRequest(f"no row with a label for {' and '.join(empty)}: {counts}", cure="Give more rows, or others.")
    labels, learned = labels_of(found), labels_of({"train": found["train"]})
    if not 2 <= len(labels) <= MOST_LABELS:
        raise BadRequest(f"there are {len(labels)} different labels; a classifier has 2 to {MOST_LABELS}")
    if unseen := sorted(set(labels) - set(learned)):
        raise BadRequest(f"no row to learn from has the label {unseen[0][:80]!r}", cure="Draw another split, by seed.")


def lines(rows: Iterable[Labelled]) -> Iterator[dict[str, str]]:
    for text, label in rows:
        yield {"text": text, "label": label}
