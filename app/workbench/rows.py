"""Rows of a selection, page by page, with their tags and marks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import numpy as np
from sqlalchemy.orm import Session

from ..audit.data.values import Floats, Ints
from ..datasets.service import require
from ..errors import BadRequest, NotFound
from ..store.database import Store
from ..store.datasets import bench
from ..store.datasets import facts as dataset_facts
from ..store.datasets import rows as datasets
from ..store.datasets.tables import DatasetMark
from . import service
from .opening import Opened, condition_of, opened
from .schemas import MOST_ROWS, PAGE, Action, BenchRow, BenchRowsOut, MarkOut, MarkRequest, MarksOut, Wish
from .study.frame import Frame
from .views import Seen
from .watching.passing import Ordering

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def page(store: Store, project: str, id: str, wish: Wish, *, limit: int = PAGE) -> BenchRowsOut:
    """Raises NotFound, Conflict, BadRequest."""

    def look(session: Session) -> BenchRowsOut:
        here = opened(session, project, id, wish.model)
        order = ordering(here, wish, most=wish.start + limit)
        here.look({condition_of(here, wish): (order,)})
        return _paged(here, wish, order.found, order.rows, limit)

    return store.query(look)


def view(
    store: Store, project: str, id: str, wish: Wish, *, limit: int = PAGE, examples: int = 0
) -> tuple[Seen, BenchRowsOut, dict[int, BenchRow]]:
    """Every view with its map, the first rows, and up to so many rows of each slice that was found, by number: all of
    them by one pass. Raises NotFound, Conflict, BadRequest."""

    def look(here: Opened, found: Seen) -> tuple[Seen, BenchRowsOut, dict[int, BenchRow]]:
        given = {number for each in found.out.found for number in each.examples[:examples]}
        there = {each.number: each for each in rows(here, sorted(given))}
        return found, _paged(here, wish, found.numbers, found.total, limit), there

    return service.looked(
        store, project, id, wish, look, listed=partial(ordering, wish=wish, most=wish.start + limit), drawn=True
    )


def _paged(here: Opened, wish: Wish, numbers: Ints, total: int, limit: int) -> BenchRowsOut:
    following = wish.start + limit
    found = rows(here, numbers[wish.start : following])
    return BenchRowsOut(rows=found, total=total, next=following if following < total else None)


def every(store: Store, project: str, id: str, wish: Wish) -> Iterator[BenchRow]:
    """All rows of a selection, a page at a time."""
    chosen = numbers(store, project, id, wish)

    def look(session: Session, start: int) -> tuple[BenchRow, ...]:
        return rows(opened(session, project, id, wish.model), chosen[start : start + MOST_ROWS])

    for start in range(wish.start, len(chosen), MOST_ROWS):
        yield from store.query(partial(look, start=start))


def numbers(store: Store, project: str, id: str, wish: Wish) -> Ints:
    """Numbers of all rows of the selection, in its order."""

    def look(session: Session) -> Ints:
        here = opened(session, project, id, wish.model)
        order = ordering(here, wish)
        here.look({condition_of(here, wish): (order,)})
        return order.found

    return store.query(look)


def mark(store: Store, project: str, id: str, asked: MarkRequest, *, who: str) -> MarksOut:
    """Add a decision to those made before. Raises NotFound, and BadRequest for a label that the data set
    does not have."""

    def write(session: Session) -> MarksOut:
        here = opened(session, project, id)
        known = list(here.study.labels)
        if asked.action == "relabel" and asked.value not in known:
            raise BadRequest(
                f"{(asked.value or '')[:80]!r} is no label of the data set", cure=f"Labels: {', '.join(known[:20])}."
            )
        if asked.action == "note" and not (asked.value or "").strip():
            raise BadRequest("the note has no words", cure="Write what there is to say of the row.")
        missing = set(asked.rows) - bench.rows_there(session, here.dataset.serial, asked.rows)
        if missing:
            raise NotFound(f"the data set has no row {min(missing)}")
        value = asked.value if asked.action in ("relabel", "note") else None
        bench.mark(session, here.dataset.serial, asked.rows, action=asked.action, value=value, who=who)
        session.flush()
        return _marks(session, here.dataset.serial, asked.rows)

    return store.commit(write)


def marks(store: Store, project: str, id: str) -> MarksOut:
    """The mark that holds for each marked row. Raises NotFound."""

    def look(session: Session) -> MarksOut:
        return _marks(session, require(session, project, id).serial, None)

    return store.query(look)


def remade(store: Store, project: str, id: str) -> Iterator[bytes]:
    """The rows as JSON lines with what was decided of them: other labels, and without those that are dropped."""
    held = {each.row: each for each in marks(store, project, id).marks}

    def part(session: Session, start: int) -> list[bytes]:
        dataset = require(session, project, id)
        lines = []
        for row in datasets.rows(session, dataset.serial, start, start + MOST_ROWS):
            decided = held.get(row.number)
            if decided is not None and decided.action == "drop":
                continue
            label = decided.value if decided is not None and decided.action == "relabel" else row.label
            found = {"text": row.text, "text_pair": row.text_pair, "label": label, "id": row.name}
            groups = json.loads(row.groups) if row.groups else {}
            kept = {name: value for name, value in found.items() if value is not None}
            lines.append(json.dumps(kept | {f"group {name}": groups[name] for name in groups}, ensure_ascii=False))
        return [line.encode() + b"\n" for line in lines]

    total = store.query(lambda session: require(session, project, id).rows)
    for start in range(0, total, MOST_ROWS):
        yield from store.query(partial(part, start=start))


def rows(here: Opened, given: Sequence[int] | Ints) -> tuple[BenchRow, ...]:
    """In the order given."""
    session = here.session
    chosen = [int(number) for number in given]
    frame = here.table.at(chosen)
    found = datasets.rows_at(session, here.dataset.serial, chosen)
    explained = dataset_facts.explained(session, here.run.serial, chosen)
    same, quality, better = (here.table.beside(name, chosen) for name in ("same", "quality", "better"))
    held = bench.marks(session, here.dataset.serial, chosen)
    lines = []
    for k, number in enumerate(chosen):
        row, why = found[number], explained.get(number)
        label, predicted = int(frame.label.codes[k]), int(frame.predicted.codes[k])
        says = frame.predicted.names[predicted] if predicted >= 0 else None
        tags = tuple(tag for tag, mask in frame.tags.items() if mask[k])
        likelier = -1 if better is None else int(better[k])
        fits = np.nan if quality is None else float(quality[k])
        repeated = number if same is None else int(same[k])
        words = sorted(why.words.get(says or "", ()), key=lambda each: -abs(each[1])) if why else []
        lines.append(BenchRow(
            number=number, line=row.line, id=row.name, text=row.text, text_pair=row.text_pair,
            label=frame.label.names[label] if label >= 0 else None, predicted=says,
            groups=json.loads(row.groups) if row.groups else {},
            probability=float(frame.confidence[k]) if predicted >= 0 else None,
            right=bool(frame.right[k]) if frame.judged[k] else None,
            badge=why.badge if why else None, explanation=why.key if why else None,
            words=tuple((word, score) for word, score in words[:6]), tags=tags,
            label_probability=None if np.isnan(fits) else fits,
            better=frame.classes[likelier] if likelier >= 0 else None,
            same_as=repeated if repeated != number else None, suggested=_suggested(tags, repeated != number),
            mark=_mark(held[number]) if number in held else None,
        ))  # fmt: skip
    return tuple(lines)


def _suggested(tags: Sequence[str], repeats: bool) -> str | None:
    if "label-looks-wrong" in tags or "conflicting-labels" in tags:
        return "relabel"
    return "drop" if repeats and "near-duplicate" in tags else None


def ordering(here: Opened, wish: Wish, *, most: int | None = None) -> Ordering:
    """The first rows of a selection in the order that is wished."""

    def by_quality(frame: Frame) -> Floats:
        found = here.table.quality(frame)
        return -_number(frame) if found is None else -np.nan_to_num(found, nan=2.0)

    orders: dict[str, Callable[[Frame], Floats]] = {
        "worst": lambda frame: 2.0 * frame.wrong + _sure(frame, 0.0),
        "number": lambda frame: -_number(frame),
        "-number": _number,
        "confidence": lambda frame: -_sure(frame, -1.0),
        "-confidence": lambda frame: _sure(frame, -1.0),
        "quality": by_quality,
    }
    return Ordering(orders[wish.sort], most=most)


def _number(frame: Frame) -> Floats:
    return np.arange(frame.first, frame.first + len(frame), dtype=np.float64)


def _sure(frame: Frame, unknown: float) -> Floats:
    return np.nan_to_num(frame.confidence.astype(np.float64), nan=unknown)


def _marks(session: Session, dataset: int, rows: Sequence[int] | None) -> MarksOut:
    return MarksOut(marks=tuple(map(_mark, bench.marks(session, dataset, rows).values())))


def _mark(given: DatasetMark) -> MarkOut:
    created = EPOCH + timedelta(microseconds=given.created)
    return MarkOut(
        row=given.number, action=cast(Action, given.action), value=given.value, who=given.who, created=created
    )
