"""Rows of a selection, page by page, with their tags and marks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import numpy as np
from sqlalchemy.orm import Session

from ..audit.data.values import Bools, Ints
from ..datasets.service import require
from ..errors import BadRequest, NotFound
from ..store.database import Store
from ..store.datasets import bench, columns
from ..store.datasets import facts as dataset_facts
from ..store.datasets import rows as datasets
from ..store.datasets.tables import DatasetMark
from .schemas import MOST_ROWS, PAGE, Action, BenchRow, BenchRowsOut, MarkOut, MarkRequest, MarksOut, Wish
from .service import Opened, condition_of, opened

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def page(store: Store, project: str, id: str, wish: Wish, *, limit: int = PAGE) -> BenchRowsOut:
    """Raises NotFound, Conflict, BadRequest."""

    def look(session: Session) -> BenchRowsOut:
        here = opened(session, project, id, wish.model)
        numbers = _ordered(here, here.mask(condition_of(here, wish)), wish)
        part = numbers[wish.start : wish.start + limit]
        following = wish.start + limit
        return BenchRowsOut(
            rows=rows(here, part), total=len(numbers), next=following if following < len(numbers) else None
        )

    return store.query(look)


def every(store: Store, project: str, id: str, wish: Wish) -> Iterator[BenchRow]:
    """All rows of a selection, a page at a time."""
    start: int | None = 0
    while start is not None:
        found = page(store, project, id, wish.model_copy(update={"start": start}), limit=MOST_ROWS)
        yield from found.rows
        start = found.next


def at(store: Store, project: str, id: str, model: str, given: Sequence[int]) -> dict[int, BenchRow]:
    """The rows of these numbers, by number."""

    def look(session: Session) -> dict[int, BenchRow]:
        found = rows(opened(session, project, id, model), sorted(set(given)))
        return {each.number: each for each in found}

    return store.query(look) if given else {}


def numbers(store: Store, project: str, id: str, wish: Wish) -> Ints:
    """Numbers of all rows of the selection, in its order."""

    def look(session: Session) -> Ints:
        here = opened(session, project, id, wish.model)
        return _ordered(here, here.mask(condition_of(here, wish)), wish)

    return store.query(look)


def mark(store: Store, project: str, id: str, asked: MarkRequest, *, who: str) -> MarksOut:
    """Add a decision to those made before. Raises NotFound, and BadRequest for a label that the data set
    does not have."""

    def write(session: Session) -> MarksOut:
        here = opened(session, project, id)
        known = list(here.frame.label.names)
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
    session, frame = here.session, here.frame
    chosen = [int(number) for number in given]
    found = datasets.rows_at(session, here.dataset.serial, chosen)
    explained = dataset_facts.explained(session, here.run.serial, chosen)
    extra = columns.read(session, here.run.serial, ("same", "quality", "better"))
    held = bench.marks(session, here.dataset.serial, chosen)
    lines = []
    for number in chosen:
        row, why = found[number], explained.get(number)
        label, predicted = int(frame.label.codes[number]), int(frame.predicted.codes[number])
        says = frame.predicted.names[predicted] if predicted >= 0 else None
        tags = tuple(tag for tag, mask in frame.tags.items() if mask[number])
        better = int(extra["better"][number]) if "better" in extra else -1
        quality = float(extra["quality"][number]) if "quality" in extra else float("nan")
        same = int(extra["same"][number])
        words = sorted(why.words.get(says or "", ()), key=lambda each: -abs(each[1])) if why else []
        lines.append(BenchRow(
            number=number, line=row.line, id=row.name, text=row.text, text_pair=row.text_pair,
            label=frame.label.names[label] if label >= 0 else None, predicted=says,
            groups=json.loads(row.groups) if row.groups else {},
            probability=float(frame.confidence[number]) if predicted >= 0 else None,
            right=bool(frame.right[number]) if frame.judged[number] else None,
            badge=why.badge if why else None, explanation=why.key if why else None,
            words=tuple((word, score) for word, score in words[:6]), tags=tags,
            label_probability=None if np.isnan(quality) else quality,
            better=frame.classes[better] if better >= 0 else None, same_as=same if same != number else None,
            suggested=_suggested(tags, same != number),
            mark=_mark(held[number]) if number in held else None,
        ))  # fmt: skip
    return tuple(lines)


def _suggested(tags: Sequence[str], repeats: bool) -> str | None:
    if "label-looks-wrong" in tags or "conflicting-labels" in tags:
        return "relabel"
    return "drop" if repeats and "near-duplicate" in tags else None


def _ordered(here: Opened, mask: Bools, wish: Wish) -> Ints:
    frame = here.frame
    rows = np.flatnonzero(mask)
    if wish.sort == "worst":
        return rows[np.lexsort((-np.nan_to_num(frame.confidence[rows]), ~frame.wrong[rows]))]
    if wish.sort == "-number":
        return rows[::-1]
    if wish.sort in ("confidence", "-confidence"):
        sure = np.nan_to_num(frame.confidence[rows], nan=-1.0)
        return rows[np.argsort(sure if wish.sort == "confidence" else -sure, kind="stable")]
    if wish.sort == "quality":
        quality = columns.read(here.session, here.run.serial, ("quality",)).get("quality")
        return rows if quality is None else rows[np.argsort(np.nan_to_num(quality[rows], nan=2.0), kind="stable")]
    return rows


def _marks(session: Session, dataset: int, rows: Sequence[int] | None) -> MarksOut:
    return MarksOut(marks=tuple(map(_mark, bench.marks(session, dataset, rows).values())))


def _mark(given: DatasetMark) -> MarkOut:
    created = EPOCH + timedelta(microseconds=given.created)
    return MarkOut(
        row=given.number, action=cast(Action, given.action), value=given.value, who=given.who, created=created
    )
