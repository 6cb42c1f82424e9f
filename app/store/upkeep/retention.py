"""Texts are not kept longer than they may be: what was last asked before a moment goes, with all that holds its text.

Keys and the log stay: no text is in them. An address whose result is gone is a 404, and asking again makes it anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import jobs
from ..database import Store
from ..datasets import rows as datasets
from ..datasets.tables import Dataset
from ..forgetting import clear_away, forget_dataset, forget_results
from ..job_states import FINAL
from ..tables import Asked, Job, Result

TOGETHER = 100  # in one transaction: others write in between


@dataclass(frozen=True, slots=True)
class Swept:
    results: int
    datasets: int
    jobs: int


def sweep(store: Store, before: int) -> Swept:
    """Removes what is older than `before`, in microseconds since 1970."""
    gone = Swept(_results(store, before), _datasets(store, before), _jobs(store, before))
    clear_away(store)
    return gone


def _results(store: Store, before: int) -> int:
    removed = 0
    while found := store.commit(lambda session: _some_results(session, store, before)):
        removed += found
    return removed


def _some_results(session: Session, store: Store, before: int) -> int:
    """A result counts from when it was last asked for; one of a panel goes with the panel."""
    lately = select(Asked.id).where(Asked.project == Result.project, Asked.key == Result.key, Asked.created >= before)
    old = select(Result.project, Result.key).where(Result.created < before, Result.panel.is_(None), ~lately.exists())
    found = session.execute(old.limit(TOGETHER)).all()
    for project, key in found:
        forget_results(session, store.files, project, [key])
    return len(found)


def _datasets(store: Store, before: int) -> int:
    old = select(Dataset.project, Dataset.id).where(Dataset.created < before, Dataset.status != datasets.DELETED)
    found = store.query(lambda session: session.execute(old).all())
    for project, id in found:
        store.commit(lambda session, p=project, i=id: forget_dataset(session, p, i))  # type: ignore[misc]
    return len(found)


def _jobs(store: Store, before: int) -> int:
    """With their shards and files; one that runs or waits is left alone."""
    old = select(Job.project, Job.id).where(Job.created < before, Job.state.in_(FINAL))
    found = store.query(lambda session: session.execute(old).all())
    for project, id in found:
        store.commit(lambda session, p=project, i=id: jobs.forget(session, p, i))  # type: ignore[misc]
    return len(found)
