"""The workbench as pages and routes ask for it: a selection of rows with every view of it, and slices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from ..datasets.service import require
from ..errors import BadRequest, NotFound
from ..store.database import Store
from ..store.datasets import bench
from . import stored
from .counts import counted
from .opening import Opened, key_of, opened
from .schemas import BenchOut, SliceOut, SliceRequest, Wish
from .stored import figures_out
from .study.figures import corrected, figures_between
from .study.language import EVERY, read, written
from .study.saying import said
from .views import Seen, seen, slices_of, told
from .watching.passing import Ordering

T = TypeVar("T")


def view(store: Store, project: str, id: str, wish: Wish) -> BenchOut:
    """Every view but the map. Raises NotFound, Conflict, BadRequest."""
    return looked(store, project, id, wish, lambda _, found: found.out)


def looked(
    store: Store, project: str, id: str, wish: Wish, further: Callable[[Opened, Seen], T],
    *, listed: Callable[[Opened], Ordering] | None = None, drawn: bool = False,
) -> T:  # fmt: skip
    """Every view in one pass over the rows, and what is further made of it while the session is open.

    listed: an order whose first rows are wanted too. drawn: with the map. Raises NotFound, Conflict, BadRequest.
    """

    def look(session: Session) -> tuple[T, Opened]:
        here = opened(session, project, id, wish.model)
        return further(here, seen(here, wish, listed, drawn)), here

    found, here = store.query(look)
    _keep(store, here)
    return found


def save(store: Store, project: str, id: str, asked: SliceRequest, *, who: str) -> SliceOut:
    """A slice of the same conditions is there once. Raises NotFound, BadRequest."""
    condition = read(asked.statement)
    if condition == EVERY:
        raise BadRequest("a slice has at least one condition", cure="Write conditions such as: wrong and words < 8.")
    statement = written(condition)
    key = key_of(statement)

    def look(session: Session) -> tuple[SliceOut, Opened]:
        here = opened(session, project, id)
        whole, inside = counted(here, (EVERY, condition))
        (figures,) = corrected([figures_between(inside, whole)])
        name = asked.name.strip()
        made = SliceOut(
            key=key, name=name or said(condition), statement=statement, origin="made", figures=figures_out(figures)
        )
        return made, here

    made, here = store.query(look)
    _keep(store, here)
    put = partial(
        bench.put_slice, dataset=here.dataset.serial, key=key, name=asked.name.strip(), statement=statement, who=who
    )
    if not store.commit(put):
        raise BadRequest(f"a data set has at most {bench.MOST_SLICES} slices", cure="Delete one that is not needed.")
    return made


def listed(store: Store, project: str, id: str, model: str = "") -> tuple[SliceOut, ...]:
    """Every slice with its figures, corrected together."""

    def look(session: Session) -> tuple[tuple[SliceOut, ...], Opened]:
        here = opened(session, project, id, model)
        known = slices_of(here)
        counts = counted(here, (EVERY, *(each.condition for each in known)))
        return told(known, counts[1:], counts[0]), here

    found, here = store.query(look)
    _keep(store, here)
    return found


def delete(store: Store, project: str, id: str, key: str) -> None:
    """Raises NotFound, also for a slice that was found by the search: that is a part of the study."""

    def remove(session: Session) -> bool:
        return bench.delete_slice(session, require(session, project, id).serial, key)

    if not store.commit(remove):
        raise NotFound(f"the data set has no slice {key[:80]!r} that somebody made")


def _keep(store: Store, here: Opened) -> None:
    """Keeps what was looked for in the texts, so that the next one need not look."""
    for asked, body in here.searched.items():
        store.commit(partial(stored.keep, dataset=here.dataset.serial, asked=asked, body=body))
