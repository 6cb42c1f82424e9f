"""Jobs, the results of their shards and their files. Every function works within the transaction of its caller."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session, defer

from .datasets.tables import Dataset
from .job_states import FINAL
from .results import now
from .tables import Job, JobFile, JobShard

PART = 1 << 20  # bytes of a file in one row


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


def add(session: Session, new: NewJob) -> Job:
    """The job, or the one that has its id already."""
    known = session.get(Job, new.id)
    if known is not None:
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
    job = session.get(Job, id)
    return None if job is None or (project is not None and job.project != project) else job


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
    job = session.get(Job, id, options=[defer(Job.request)])
    return None if job is None or job.project != project else job


def change(session: Session, id: str, **values: object) -> Job:
    """Sets columns of a job that exists; its row is locked until the transaction ends."""
    job = session.get_one(Job, id, with_for_update=True)
    for name, value in values.items():
        setattr(job, name, value)
    job.version += 1
    return job


def locked(session: Session, id: str, project: str | None = None) -> Job | None:
    job = session.get(Job, id, with_for_update=True)
    return None if job is None or (project is not None and job.project != project) else job


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
    wanted = select(Job).where(Job.project == project).options(defer(Job.request))
    if states:
        wanted = wanted.where(Job.state.in_(states))
    if kind is not None:
        wanted = wanted.where(Job.kind == kind)
    if before is not None:
        wanted = wanted.where(tuple_(Job.created, Job.id) < tuple_(*before))
    return session.scalars(wanted.order_by(Job.created.desc(), Job.id.desc()).limit(limit)).all()


def holding(session: Session, project: str, *, kind: str, request: str = "", result: str = "") -> Sequence[Job]:
    """Jobs whose request and result, as JSON, hold these characters; the oldest first."""
    wanted = select(Job).where(Job.project == project, Job.kind == kind)
    for column, part in ((Job.request, request), (Job.result, result)):
        if part:
            wanted = wanted.where(column.contains(part, autoescape=True))
    return session.scalars(wanted.order_by(Job.created, Job.id)).all()


def in_states(session: Session, states: Sequence[str]) -> Sequence[Job]:
    """In the order in which they are to run, without their requests."""
    wanted = select(Job).where(Job.state.in_(states)).options(defer(Job.request), defer(Job.result))
    return session.scalars(wanted.order_by(Job.priority, Job.created, Job.id)).all()


def state_of(session: Session, id: str) -> str | None:
    return session.scalar(select(Job.state).where(Job.id == id))


def by_state(session: Session) -> dict[str, int]:
    counted = select(Job.state, func.count()).group_by(Job.state)
    return {row[0]: row[1] for row in session.execute(counted)}


def remove(session: Session, id: str) -> None:
    session.execute(delete(Job).where(Job.id == id))


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
    """Those that are stored, of first to before stop."""
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


def file_part(session: Session, job: str, name: str, *, part: int) -> bytes | None:
    return session.scalar(select(JobFile.body).where(JobFile.job == job, JobFile.name == name, JobFile.part == part))


def file_size(session: Session, job: str, name: str) -> int | None:
    wanted = select(func.sum(func.length(JobFile.body))).where(JobFile.job == job, JobFile.name == name)
    size: int | None = session.scalar(wanted)
    return size
