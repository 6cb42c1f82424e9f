"""An audit that is older than texts may be kept: nothing of it stays in the database."""

from __future__ import annotations

from functools import partial

from sqlalchemy import select, update

from app.audit.service import ORIGINALS
from app.jobs import service
from app.store import jobs
from app.store.database import Store
from app.store.results import now
from app.store.tables import Job, JobFile, JobShard
from app.store.upkeep import retention
from tests.app.audit.planted import plan
from tests.app.audit.test_audit_served import planted
from tests.app.jobs.inline import execution
from tests.app.jobs.runner.test_execution import called

DAY = 24 * 3600 * 1_000_000


def kept(store: Store) -> set[str]:
    """The jobs of which anything is stored: a row, a shard or a file."""
    columns = (Job.id, JobShard.job, JobFile.job)
    return {id for column in columns for id in store.query(lambda session, c=column: session.scalars(select(c)).all())}  # type: ignore[misc]


def test_an_old_audit_goes_with_its_texts(store: Store) -> None:
    """Its explained texts, the report and what the report masks; a new one, and one under way, stay."""
    asked = plan(model="sentiment", explain={"gaps": 1, "texts": 20, "each": 0, "second": None})
    old, new, running = (called(store, service.submit, "default", "audit", asked).id for _ in range(3))
    execution(store, load=planted).run(old)
    execution(store, load=planted).begin(running)
    execution(store, load=planted).shards(running, 0, 1)
    assert store.query(partial(jobs.file_size, job=old, name=ORIGINALS))
    assert store.query(partial(jobs.shards_done, job=old))
    aged = update(Job).where(Job.id.in_((old, running))).values(created=now() - 31 * DAY)
    store.commit(lambda session: session.execute(aged))
    assert kept(store) == {old, new, running}
    gone = retention.sweep(store, now() - 30 * DAY)

    assert gone.jobs == 1
    assert kept(store) == {new, running}
