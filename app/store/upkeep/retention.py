"""Texts are not kept longer than they may be: what is older than a moment goes, or what a project has, with all that
holds its text.

Keys and the log stay: no text is in them. An address whose result is gone is a 404, and asking again makes it anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from .. import jobs
from ..database import Store
from ..datasets import rows as datasets
from ..datasets.tables import Dataset
from ..forgetting import clear_away, forget_dataset, forget_results
from ..job_states import FINAL
from ..tables import Asked, Job, Result

Where = tuple[ColumnElement[bool], ...]
TOGETHER = 100  # in one transaction: others write in between


@dataclass(frozen=True, slots=True)
class Swept:
    results: int
    datasets: int
    jobs: int


def sweep(store: Store, before: int) -> Swept:
    """Removes what is older than `before`, in microseconds since 1970; a job that runs or waits is left alone.

    A result counts from when it was last asked for.
    """
    lately = select(Asked.id).where(Asked.project == Result.project, Asked.key == Result.key, Asked.created >= before)
    return _remove(
        store,
        results=(Result.created < before, ~lately.exists()),
        of_datasets=(Dataset.created < before,),
        of_jobs=(Job.created < before, Job.state.in_(FINAL)),
    )


def forget_project(store: Store, project: str) -> Swept:
    """Removes everything with texts in it that a project has, whatever its age; jobs that run are stopped."""
    return _remove(
        store,
        results=(Result.project == project,),
        of_datasets=(Dataset.project == project,),
        of_jobs=(Job.project == project, Job.state != jobs.DELETED),
    )


def _remove(store: Store, *, results: Where, of_datasets: Where, of_jobs: Where) -> Swept:
    """Jobs go first, so that none makes anew what is removed."""
    stopped = _jobs(store, of_jobs)
    gone = Swept(_results(store, results), _datasets(store, of_datasets), stopped)
    clear_away(store)
    return gone


def _results(store: Store, where: Where) -> int:
    removed = 0
    while found := store.commit(lambda session: _some_results(session, store, where)):
        removed += found
    return removed


def _some_results(session: Session, store: Store, where: Where) -> int:
    """One of a panel goes with the panel."""
    wanted = select(Result.project, Result.key).where(Result.panel.is_(None), *where)
    found = session.execute(wanted.limit(TOGETHER)).all()
    for project, key in found:
        forget_results(session, store.files, project, [key])
    return len(found)


def _datasets(store: Store, where: Where) -> int:
    wanted = select(Dataset.project, Dataset.id).where(Dataset.status != datasets.DELETED, *where)
    found = store.query(lambda session: session.execute(wanted).all())
    for project, id in found:
        store.commit(lambda session, p=project, i=id: forget_dataset(session, p, i))  # type: ignore[misc]
    return len(found)


def _jobs(store: Store, where: Where) -> int:
    """With their shards and files."""
    found = store.query(lambda session: session.execute(select(Job.project, Job.id).where(*where)).all())
    for project, id in found:
        store.commit(lambda session, p=project, i=id: jobs.forget(session, p, i))  # type: ignore[misc]
    return len(found)
