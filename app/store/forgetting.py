"""Forgetting: one function for each thing that holds texts, with everything that is there for its sake.

`forget_results`, `forget_dataset` and `jobs.forget` take a thing out of sight within the transaction of their caller.
What is large goes afterwards, a step at a time so that others can write in between: `clear_away`, which also goes on
with what a process that was killed left. It ends by cutting the write-ahead log, which holds what was deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from . import holders, jobs, results
from .arrays import ArrayFiles
from .connection import empty_log
from .database import Store
from .datasets import rows as datasets

# Kinds of jobs whose rows are rows of the data set, or that quote them: they go with it.
OVER_A_DATASET = ("dataset", "batch", "variants", "meaning", "taught")
RESULTS = 100  # removed in one transaction


def forget_results(session: Session, files: ArrayFiles, project: str, keys: Sequence[str]) -> bool:
    """Removes results, whoever holds them, and stops what still makes them. False where there is nothing of the kind.

    With a result go its arrays, its line of the history, the explanations of a panel, what was measured on its page,
    and the job that made it, which has the text as its request.
    """
    found, waiting = False, list(keys)
    while waiting:
        making = [jobs.forget(session, project, jobs.job_id(project, "explanation", key)) for key in waiting]
        found = bool(results.discard(session, files, project, waiting)) or any(making) or found
        holders.drop(session, project, waiting)
        for key in waiting:
            holders.let_go(session, project, holders.version_of(key))
        waiting = [alone for key in waiting for alone in _measured(session, project, key)]
    return found


def _measured(session: Session, project: str, key: str) -> list[str]:
    return holders.let_go(session, project, holders.of_page(key))[1]


def forget_dataset(session: Session, project: str, id: str) -> bool:
    """Hides a data set with its jobs and the batches over it; audits and trainings that still read it are stopped.

    A report that is finished stays: it is deleted by itself. False where there is no such data set.
    """
    if datasets.hide(session, project, id) is None:
        return False
    for job in jobs.naming(session, project, id):
        if job.kind in OVER_A_DATASET:
            jobs.forget(session, project, job.id)
        else:
            jobs.ask_to_stop(session, job.id)
    return True


def clear_away(store: Store) -> None:
    """Removes what nobody sees any more from the database and its files."""
    while clear_step(store):
        pass
    empty_log(store.engine)


def clear_step(store: Store) -> bool:
    """One step of it; False once nothing is left."""
    return store.commit(lambda session: _step(session, store.files))


def _step(session: Session, files: ArrayFiles) -> bool:
    return _jobs_step(session, files) or _datasets_step(session, files) or datasets.clear_files(session, datasets.PARTS)


def _jobs_step(session: Session, files: ArrayFiles) -> bool:
    job = jobs.next_forgotten(session)
    if job is None:
        return False
    if not _released(session, files, job.project, holders.of_batch(job.id)) and not jobs.clear(session, job.id):
        jobs.remove_deleted(session, job.id)
    return True


def _datasets_step(session: Session, files: ArrayFiles) -> bool:
    hidden = datasets.next_hidden(session)
    if hidden is None:
        return False
    if not _released(session, files, hidden.project, holders.of_dataset(hidden.serial)) and not datasets.clear(
        session, hidden.serial, datasets.CHUNK
    ):
        datasets.forget(session, hidden.serial)
    return True


def _released(session: Session, files: ArrayFiles, project: str, holder: str) -> bool:
    """Removes some of the results that are kept for this holder alone; False once it holds none."""
    held, alone = holders.let_go(session, project, holder, most=RESULTS)
    forget_results(session, files, project, alone)
    return held > 0
