"""Jobs, the results of their shards and their files. Every function works within the transaction of its caller.

A job that was forgotten has no request any more. One that had ended is out of sight from then on; one that runs is seen
until it has stopped, without a text, and so stays as `cancelled`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.orm import Session, defer

from .datasets.tables import Dataset
from .job_states import FINAL, State
from .results import now
from .tables import Job, JobFile, JobShard

PART = 1 << 20  # bytes of a file in one row
DELETED = "deleted"  # hidden; its shards and files are removed little by little
FORGOTTEN = ""  # the request of a job that was forgotten
CLEARED = 100  # shards, or parts of files, in one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    id: str
    project: str
    kind: str
    title: str
    request: str
    priority: int
    state: str
    caller: str = ""


def job_id(project: str, kind: str, key: str) -> str:
    """The id of a job that is the same for the same key."""
    return hashlib.sha256(json.dumps([project, kind, key]).encode()).hexdigest()[:32]


def add(session: Session, new: NewJob) -> Job:
    """The job, or the one that has its id already. One that was forgotten and has stopped makes room."""
    known = session.get(Job, new.id)
    if known is not None and known.request == FORGOTTEN and known.state in {DELETED, *FINAL}:
        session.delete(known)
        session.flush()
    elif known is not None:
        return known
    job = Job(
        id=new.id, project=new.project, kind=new.kind, title=new.title, request=new.request, priority=new.priority,
        state=new.state, attempt=1, version=1, done=0, part=0.0, note="", created=now(), caller=new.caller,
        bytes=len(new.request.encode()),
    )  # fmt: skip
    session.add(job)
    session.flush()
    return job


def find(session: Session, id: str, project: str | None = None) -> Job | None:
    return _seen(session.get(Job, id), project)


def kept(session: Session, project: str, caller: str) -> int:
    """How many jobs of a caller are stored, in whatever state."""
    return session.scalar(select(func.count()).where(Job.project == project, Job.caller == caller)) or 0


def bytes_kept(session: Session, project: str) -> int:
    """Bytes of the requests of a project's jobs and of the files of its data sets."""
    sizes = (
        select(func.coalesce(func.sum(Job.bytes), 0)).where(Job.project == project),
        select(func.coalesce(func.sum(Dataset.size), 0)).where(Dataset.project == project),
    )
    return sum(int(session.scalar(size) or 0) for size in sizes)


def status(session: Session, id: str, project: str) -> Job | None:
    """The job without its request, which may be hundreds of megabytes."""
    return _seen(session.get(Job, id, options=[defer(Job.request)]), project)


def change(session: Session, id: str, **values: object) -> Job:
    """Sets columns of a job that exists; its row is locked until the transaction ends."""
    job = session.get_one(Job, id, with_for_update=True)
    for name, value in values.items():
        setattr(job, name, value)
    job.version += 1
    return job


def locked(session: Session, id: str, project: str | None = None) -> Job | None:
    return _seen(session.get(Job, id, with_for_update=True), project)


def _seen(job: Job | None, project: str | None) -> Job | None:
    hidden = job is None or job.state == DELETED or (project is not None and job.project != project)
    return None if hidden else job


def end(session: Session, id: str, state: State, **values: object) -> None:
    """Ends a job. One that was forgotten meanwhile has been cancelled, whatever came of it."""
    job = locked(session, id)
    if job is None:
        return
    if job.request == FORGOTTEN:
        state, values = State.CANCELLED, {}
    change(session, id, state=state, finished=now(), part=0.0, note="", **values)


def page(
    session: Session,
    project: str,
    *,
    states: Sequence[str] = (),
    kind: str | None = None,
    before: tuple[int, str] | None = None,
    limit: int = 20,
) -> Sequence[Job]:
    """Jobs older than `before` (created, id), newest first."""
    wanted = select(Job).where(Job.project == project, Job.state != DELETED).options(defer(Job.request))
    if states:
        wanted = wanted.where(Job.state.in_(states))
    if kind is not None:
        wanted = wanted.where(Job.kind == kind)
    if before is not None:
        wanted = wanted.where(tuple_(Job.created, Job.id) < tuple_(*before))
    return session.scalars(wanted.order_by(Job.created.desc(), Job.id.desc()).limit(limit)).all()


def holding(session: Session, project: str, *, kind: str, request: str = "", result: str = "") -> Sequence[Job]:
    """Jobs whose request and result, as JSON, hold these characters; the oldest first."""
    wanted = select(Job).where(Job.project == project, Job.kind == kind, Job.state != DELETED)
    for column, part in ((Job.request, request), (Job.result, result)):
        if part:
            wanted = wanted.where(column.contains(part, autoescape=True))
    return session.scalars(wanted.order_by(Job.created, Job.id)).all()


def in_states(session: Session, states: Sequence[str]) -> Sequence[Job]:
    """In the order in which they are to run, without their requests."""
    wanted = select(Job).where(Job.state.in_(states)).options(defer(Job.request), defer(Job.result))
    return session.scalars(wanted.order_by(Job.priority, Job.created, Job.id)).all()


def state_of(session: Session, id: str) -> str | None:
    return session.scalar(select(Job.state).where(Job.id == id, Job.state != DELETED))


def by_state(session: Session) -> dict[str, int]:
    counted = select(Job.state, func.count()).where(Job.state != DELETED).group_by(Job.state)
    return {row[0]: row[1] for row in session.execute(counted)}


def is_forgotten(session: Session, id: str) -> bool:
    """Also where there is no such job any more."""
    return session.scalar(select(Job.id).where(Job.id == id, Job.request != FORGOTTEN)) is None


def naming(session: Session, project: str, dataset: str) -> Sequence[Job]:
    """Jobs whose request names a data set."""
    named = Job.request.contains(f':"{dataset}"', autoescape=True)  # in a text a quote is escaped
    return session.scalars(select(Job).where(Job.project == project, named).options(defer(Job.request))).all()


def ask_to_stop(session: Session, id: str, project: str | None = None) -> Job | None:
    """The job as it is then: one that has ended stays as it is."""
    job = locked(session, id, project)
    if job is not None and job.state == State.QUEUED:
        change(session, id, state=State.CANCELLED, finished=now())
    elif job is not None and job.state == State.RUNNING:
        change(session, id, state=State.CANCELLING)
    return job


def forget(session: Session, project: str, id: str) -> Job | None:
    """Takes request, title and all that was told out of a job; None where there is none to be seen."""
    job = locked(session, id, project)
    if job is None:
        return None
    runs = job.state in (State.RUNNING, State.CANCELLING)
    state = State.CANCELLING if runs else DELETED
    return change(session, id, state=state, title="", request=FORGOTTEN, note="", result=None, error=None)


def next_forgotten(session: Session) -> Job | None:
    """A job that was forgotten and is still there: as a row, or with what it stored."""
    shards = select(JobShard.job).where(JobShard.job == Job.id).exists()
    files = select(JobFile.job).where(JobFile.job == Job.id).exists()
    left = Job.state == DELETED
    wanted = select(Job).where(Job.request == FORGOTTEN, or_(left, shards, files))
    return session.scalar(wanted.order_by(Job.id).limit(1))


def clear(session: Session, id: str) -> bool:
    """Removes some of what a job stored; False once there is nothing left."""
    shards = session.scalars(select(JobShard.shard).where(JobShard.job == id).limit(CLEARED)).all()
    session.execute(delete(JobShard).where(JobShard.job == id, JobShard.shard.in_(shards)))
    if shards:
        return True
    parts = session.execute(select(JobFile.name, JobFile.part).where(JobFile.job == id).limit(CLEARED)).all()
    for name, part in parts:
        session.execute(delete(JobFile).where(JobFile.job == id, JobFile.name == name, JobFile.part == part))
    return bool(parts)


def remove_deleted(session: Session, id: str) -> None:
    session.execute(delete(Job).where(Job.id == id, Job.state == DELETED))


def remove_ended(session: Session, id: str, *, project: str) -> None:
    """Nothing happens to one that waits or runs."""
    session.execute(delete(Job).where(Job.id == id, Job.project == project, Job.state.in_(FINAL)))


def add_shard(session: Session, job: str, shard: int, *, key: str, body: bytes) -> None:
    """Stores a shard's result and counts it. The first result stays."""
    found = change(session, job, part=0.0)
    if session.get(JobShard, (job, shard)) is None:
        session.add(JobShard(job=job, shard=shard, key=key, body=body, created=now()))
        found.done += 1


def shards_done(session: Session, job: str, *, first: int = 0, stop: int | None = None) -> frozenset[int]:
    """Numbers of the stored shards in [first, stop)."""
    wanted = select(JobShard.shard).where(JobShard.job == job, JobShard.shard >= first)
    if stop is not None:
        wanted = wanted.where(JobShard.shard < stop)
    return frozenset(session.scalars(wanted))


def shard_body(session: Session, job: str, shard: int) -> bytes | None:
    return session.scalar(select(JobShard.body).where(JobShard.job == job, JobShard.shard == shard))


def add_file(session: Session, job: str, name: str, *, parts: Iterator[bytes]) -> None:
    """Replaces a file of that name."""
    session.execute(delete(JobFile).where(JobFile.job == job, JobFile.name == name))
    for number, body in enumerate(parts):
        session.add(JobFile(job=job, name=name, part=number, body=body))
        session.flush()
        session.expunge_all()


def remove_file(session: Session, job: str, name: str) -> None:
    session.execute(delete(JobFile).where(JobFile.job == job, JobFile.name == name))


def file_part(session: Session, job: str, name: str, *, part: int) -> bytes | None:
    return session.scalar(select(JobFile.body).where(JobFile.job == job, JobFile.name == name, JobFile.part == part))


def file_size(session: Session, job: str, name: str) -> int | None:
    wanted = select(func.sum(func.length(JobFile.body))).where(JobFile.job == job, JobFile.name == name)
    size: int | None = session.scalar(wanted)
    return size
