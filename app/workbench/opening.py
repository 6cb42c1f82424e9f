"""The rows of a data set as one model sees them, which conditions choose and watchers count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from threading import BoundedSemaphore

import numpy as np
from sqlalchemy.orm import Session

from ..audit.data.values import Bools
from ..datasets.service import require
from ..errors import BadRequest, Conflict, NotFound
from ..store.datasets import bench
from ..store.datasets import rows as datasets
from ..store.datasets.tables import Dataset, DatasetRun
from ..web.words import N_
from . import stored
from .schemas import Wish
from .stored import Study
from .study.choose import chosen, needed
from .study.frame import Frame
from .study.language import Condition, Is, Textual, both, conditions, is_textual, read, written
from .watching.passing import Watcher, passed
from .watching.table import Table

Mark = tuple[int, int, int, str]
PASSES = BoundedSemaphore(3)  # passes over all rows at one time: each holds some stretches of columns in memory


@dataclass(frozen=True, slots=True)
class Slice:
    key: str
    name: str
    condition: Condition
    origin: str  # made or found


@dataclass(frozen=True, eq=False)
class Opened:
    """The rows of a data set as one model sees them, while a session is open."""

    session: Session
    dataset: Dataset
    run: DatasetRun
    runs: tuple[DatasetRun, ...]  # those that were studied
    study: Study
    table: Table
    searched: dict[Textual, bytes]  # searches that nobody did before

    @cached_property
    def slices(self) -> tuple[Slice, ...]:
        """Slices that somebody named, then the candidates of the search, confirmed or not."""
        made = [
            Slice(each.key, each.name, read(each.statement), "made")
            for each in bench.slices(self.session, self.dataset.serial)
        ]
        known = {each.key for each in made}
        found = [Slice(key_of(each.statement), "", read(each.statement), "found") for each in self.study.found]
        return (*made, *(each for each in found if each.key not in known))

    @cached_property
    def names(self) -> dict[str, Condition]:
        """Conditions of slices by what other conditions may call them."""
        names = {each.key: each.condition for each in self.slices}
        return names | {each.name: each.condition for each in self.slices if each.name}

    @cached_property
    def frame(self) -> Frame:
        """All rows at once, for who needs them so."""
        return self.table.whole()

    def slice(self, key: str) -> Slice:
        """Raises NotFound."""
        for each in self.slices:
            if each.key == key:
                return each
        raise NotFound(f"the data set has no slice {key[:80]!r}", cure="GET /v1/datasets/{id}/slices lists them.")

    def check(self, condition: Condition) -> None:
        """Raises BadRequest for what these rows do not have."""
        chosen(self._none, condition, self.names, lambda asked: np.zeros(0, dtype=np.bool_))

    def frames(self, asked: Mapping[Condition, Sequence[Watcher]]) -> Iterator[Frame]:
        """Stretches of rows with what the conditions and their watchers look at."""
        of_conditions = (needed(condition, self.names) for condition in asked)
        of_watchers = (each.columns for watchers in asked.values() for each in watchers)
        return self.table.frames(frozenset(chain.from_iterable((*of_conditions, *of_watchers))))

    def choose(self, frame: Frame, condition: Condition) -> Bools:
        """The rows of a stretch that fit. Raises BadRequest for what these rows do not have."""
        return chosen(
            frame, condition, self.names, lambda asked: self._search(asked)[frame.first : frame.first + len(frame)]
        )

    def look(self, asked: Mapping[Condition, Sequence[Watcher]]) -> None:
        """Show every row to the watchers of the conditions that choose it, in one pass. Raises BadRequest."""
        for condition in asked:
            self.check(condition)
        with PASSES:
            passed(self.frames(asked), self.choose, asked)

    def lasting(self, condition: Condition) -> bool:
        """Whether its rows stay the same: badges come with explanations, and slices may be named anew."""
        return not any(isinstance(each, Is) and each.field in ("badge", "slice") for each in conditions(condition))

    def mark(self, condition: Condition) -> Mark:
        """The name under which a count of these rows is kept."""
        return (self.run.serial, self.run.created, self._stamp, key_of(written(condition)))

    @cached_property
    def _stamp(self) -> int:
        return hash(self.study.model_dump_json())

    @cached_property
    def _none(self) -> Frame:
        return self.table.none()

    @cached_property
    def _found(self) -> dict[Textual, Bools]:
        return {}

    def _search(self, asked: Textual) -> Bools:
        if asked not in self._found:
            found, body = stored.search(self.session, self.dataset.serial, asked, rows=self.table.rows)
            if body is not None:
                self.searched[asked] = body
            self._found[asked] = found
        return self._found[asked]


def opened(session: Session, project: str, id: str, model: str = "") -> Opened:
    """By default as the last model that was asked sees it. Raises NotFound, Conflict before the answers are studied."""
    dataset = require(session, project, id)
    runs = [run for run in datasets.runs(session, dataset.serial) if run.model]
    studied = [(run, study) for run in runs if (study := stored.study_of(session, run.serial)) is not None]
    wanted = [each for each in studied if not model or each[0].model == model]
    if not wanted and studied and not any(run.model == model for run in runs):
        known = ", ".join(dict.fromkeys(run.model for run, _ in studied))
        raise NotFound(f"no predictions of {model[:80]!r} are there; there are: {known}")
    if not wanted:
        raise Conflict(N_("no answers of a model are there to look at yet"), cure="Ask a model, and wait for its job.")
    run, study = wanted[-1]
    seen = tuple(each for each, _ in studied)
    return Opened(session, dataset, run, seen, study, Table(session, run, study, dataset.rows), {})


def condition_of(here: Opened, wish: Wish) -> Condition:
    """Raises NotFound for a slice that is not there, BadRequest for conditions that are not understood, and for words
    of texts in an address."""
    where = read(wish.where)
    if is_textual(where):
        raise BadRequest("words of texts do not belong into an address", cure="Save the conditions as a slice first.")
    found = both(here.slice(wish.slice).condition, where) if wish.slice else where
    here.check(found)
    return found


def key_of(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()[:12]
