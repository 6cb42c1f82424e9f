"""The columns of a run as frames: whole, in stretches, or the rows of some numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from ...audit.data.values import Floats
from ...store.datasets import facts
from ...store.datasets.columns import Array, Columns
from ...store.datasets.tables import DatasetRun
from ..stored import Study
from ..study.frame import NONE, Frame, Named

STRETCH = 1 << 16  # rows that are counted at once
LEVELS = ("sound", "rough", "distrust")
FIELDS: Mapping[str, str] = {  # of a frame → the stored column
    "tags": "tags", "place": "place", "clusters": "cluster", "lengths": "words", "sizes": "characters",
    "probabilities": "probabilities",
}  # fmt: skip


class Table:
    """The columns of a run without the texts, which stay in their table: conditions about words are left to
    the search."""

    def __init__(self, session: Session, run: DatasetRun, study: Study, rows: int) -> None:
        self.rows, self._session, self._run, self._study = rows, session, run, study
        self._columns = Columns(session, run.serial)
        self._places = {f"group:{name}": f"group:{number}" for number, name in enumerate(study.groups)}

    @property
    def fields(self) -> frozenset[str]:
        """Every field that a frame may have."""
        return frozenset((*FIELDS, *self._places, "badge"))

    def frames(self, fields: Collection[str], *, together: int = STRETCH) -> Iterator[Frame]:
        """Stretches of rows with these fields beside label, prediction and confidence; `groups` are all groups."""
        for start in range(0, self.rows, together):
            stop = min(self.rows, start + together)
            yield self._frame(lambda name, a=start, b=stop: self._columns.rows(name, a, b), fields, start, stop)  # type: ignore[misc]

    def whole(self) -> Frame:
        return self._frame(lambda name: self._columns.rows(name, 0, self.rows), self.fields, 0, self.rows)

    def none(self) -> Frame:
        """No row, with every field: conditions are tried on it before they are asked of all rows."""
        return self._frame(lambda name: self._columns.rows(name, 0, 0), self.fields, 0, 0)

    def at(self, numbers: Sequence[int]) -> Frame:
        """The rows of these numbers, in their order, with their tags."""
        return self._frame(lambda name: self._columns.at(name, numbers), ("tags",), 0, 0)

    def beside(self, name: str, numbers: Sequence[int]) -> Array | None:
        """A column that no frame has, at these rows; None where it was never written."""
        return self._columns.at(name, numbers) if name in self._columns else None

    def quality(self, frame: Frame) -> Floats | None:
        """How well the label of each row of a stretch fits, NaN where nobody can tell."""
        if "quality" not in self._columns:
            return None
        found: Floats = self._columns.rows("quality", frame.first, frame.first + len(frame)).astype(np.float64)
        return found

    def _frame(self, get: Callable[[str], Array], fields: Collection[str], start: int, stop: int) -> Frame:
        study = self._study
        wanted = {
            FIELDS[name]: get(FIELDS[name]) for name in fields if name in FIELDS and FIELDS[name] in self._columns
        }
        groups = list(self._places) if "groups" in fields else [name for name in self._places if name in fields]
        tags = wanted.get("tags")
        return Frame(
            texts=(),
            classes=study.classes,
            label=Named(study.labels, get("label")),
            predicted=Named(study.classes, get("predicted")),
            confidence=get("confidence"),
            groups={
                name.removeprefix("group:"): Named(study.groups[name.removeprefix("group:")], get(self._places[name]))
                for name in groups
            },
            tags={} if tags is None else {tag: (tags >> bit) & 1 == 1 for bit, tag in enumerate(study.tags)},
            badge=self._badge(start, stop) if "badge" in fields else None,
            probabilities=wanted.get("probabilities"),
            place=wanted.get("place"),
            clusters=wanted.get("cluster"),
            lengths=wanted.get("words"),
            sizes=wanted.get("characters"),
            first=start,
        )

    def _badge(self, start: int, stop: int) -> Named | None:
        badges = self._badges
        return None if badges is None else Named(badges.names, badges.codes[start:stop])

    @cached_property
    def _badges(self) -> Named | None:
        """None where no row has an explanation."""
        if not self._run.explained:
            return None
        codes: Any = np.full(self.rows, NONE, dtype=np.int8)
        for number, badge in facts.badges(self._session, self._run.serial):
            if badge in LEVELS:
                codes[number] = LEVELS.index(badge)
        return Named(LEVELS, codes)
