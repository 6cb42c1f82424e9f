"""For whom results are kept. A result goes with the last of its holders: equal questions share one answer.

A holder is noted before the result is made, so that a question that is still worked on can be forgotten too.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from . import results
from .datasets.rows import DELETED
from .datasets.tables import Dataset
from .tables import ResultHolder

ASKED = "asked"  # somebody asked this question itself
TOGETHER = 500  # keys in a statement


def of_batch(job: str) -> str:
    return f"batch {job}"


def of_dataset(serial: int) -> str:
    """A serial number is given out again only once nothing is held for it."""
    return f"dataset {serial}"


def of_page(key: str) -> str:
    """The page of a result, for what was measured there."""
    return f"page {key}"


def version_of(key: str) -> str:
    """The result whose text was changed; that text's explanation is kept for itself too."""
    return f"version {key}"


def original_of(session: Session, project: str, key: str) -> str | None:
    """The result of whose changed text this one is; None for a text of its own."""
    wanted = select(ResultHolder.holder).where(
        ResultHolder.project == project, ResultHolder.key == key, ResultHolder.holder.startswith("version ")
    )
    found = session.scalars(wanted.order_by(ResultHolder.holder)).first()
    return None if found is None else found.partition(" ")[2]


def versions_of(session: Session, project: str, key: str) -> Sequence[str]:
    """Results of changed texts of this one."""
    wanted = select(ResultHolder.key).where(ResultHolder.project == project, ResultHolder.holder == version_of(key))
    return session.scalars(wanted.order_by(ResultHolder.key)).all()


def hold(session: Session, project: str, keys: Sequence[str], holder: str) -> None:
    for start in range(0, len(keys), TOGETHER):
        some = set(keys[start : start + TOGETHER])
        known = select(ResultHolder.key).where(
            ResultHolder.project == project, ResultHolder.holder == holder, ResultHolder.key.in_(some)
        )
        missing = sorted(some - set(session.scalars(known)))
        session.add_all(ResultHolder(project=project, key=key, holder=holder) for key in missing)
        session.flush()


def let_go(session: Session, project: str, holder: str, *, most: int = TOGETHER) -> tuple[int, list[str]]:
    """Ends the hold on up to `most` keys: how many there were, and those that nobody holds any more."""
    mine = (ResultHolder.project == project) & (ResultHolder.holder == holder)
    keys = session.scalars(select(ResultHolder.key).where(mine).order_by(ResultHolder.key).limit(most)).all()
    session.execute(delete(ResultHolder).where(mine, ResultHolder.key.in_(keys)))
    others = select(ResultHolder.key).where(ResultHolder.project == project, ResultHolder.key.in_(keys))
    return len(keys), sorted(set(keys) - set(session.scalars(others)))


def drop(session: Session, project: str, keys: Sequence[str]) -> None:
    """Ends every hold on these keys."""
    session.execute(delete(ResultHolder).where(ResultHolder.project == project, ResultHolder.key.in_(keys)))


def drop_missing(session: Session, project: str, key: str) -> None:
    """Ends every hold on a result that was not made."""
    if not results.is_there(session, project, key):
        drop(session, project, [key])


def is_free(session: Session, project: str, key: str) -> bool:
    """Whether nobody holds a result."""
    wanted = select(ResultHolder.key).where(ResultHolder.project == project, ResultHolder.key == key).limit(1)
    return session.scalar(wanted) is None


def is_of_pages(session: Session, project: str, key: str) -> bool:
    """Whether a result is kept for pages alone: it was measured or varied there, and nobody asked for it by itself."""
    wanted = select(ResultHolder.holder).where(ResultHolder.project == project, ResultHolder.key == key)
    known = session.scalars(wanted).all()
    return bool(known) and all(holder.startswith(of_page("")) for holder in known)


def is_gone(session: Session, project: str, holder: str) -> bool:
    """Whether the data set or the page was deleted meanwhile."""
    kind, _, name = holder.partition(" ")
    if kind == "dataset":
        wanted = select(Dataset.serial).where(
            Dataset.project == project, Dataset.serial == int(name), Dataset.status != DELETED
        )
        return session.scalar(wanted) is None
    return kind == "page" and not results.is_there(session, project, name)
