"""The tables. Times are microseconds since 1970: exact, sortable, the same in SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite counts up only an INTEGER primary key.
Counter = BigInteger().with_variant(Integer(), "sqlite")


class Table(DeclarativeBase):
    pass


class Result(Table):
    """The exact bytes that were answered, under their content key."""

    __tablename__ = "results"

    project: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # panel or explanation
    panel: Mapped[str | None] = mapped_column(String(64))  # the panel an explanation belongs to, and is deleted with
    model: Mapped[str] = mapped_column(String(200))
    created: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        ForeignKeyConstraint(["project", "panel"], ["results.project", "results.key"], ondelete="CASCADE"),
        Index("ix_results_panel", "project", "panel"),
    )


class ResultHolder(Table):
    """For whom a result is kept (holders.py). Noted before it is made, so it points to nothing that must be there."""

    __tablename__ = "result_holders"

    project: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80), primary_key=True)

    __table_args__ = (Index("ix_result_holders_holder", "project", "holder"),)


class StoredArray(Table):
    """Compressed safetensors, in the row or in a file named after its hash."""

    __tablename__ = "arrays"

    project: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)  # None: it lies in the file

    __table_args__ = (ForeignKeyConstraint(["project", "key"], ["results.project", "results.key"], ondelete="CASCADE"),)


class Asked(Table):
    """The history: what was asked, last asked first."""

    __tablename__ = "history"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    project: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    text_pair: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(200))
    method: Mapped[str | None] = mapped_column(String(200))
    label: Mapped[str] = mapped_column(Text)
    probability: Mapped[float | None]
    note: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("project", "key", name="uq_history_key"),
        ForeignKeyConstraint(["project", "key"], ["results.project", "results.key"], ondelete="CASCADE"),
        Index("ix_history_created", "project", "created", "id"),
    )


class RegisteredModel(Table):
    """A model folder that was registered while the server ran, so that the next start serves it again."""

    __tablename__ = "models"

    path: Mapped[str] = mapped_column(String(4096), primary_key=True)
    created: Mapped[int] = mapped_column(BigInteger)


class Job(Table):
    """Long work that somebody asked for. The row is written by who asks and by the job runner."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text)  # JSON
    priority: Mapped[int]  # the lower number runs first
    state: Mapped[str] = mapped_column(String(16))  # job_states.State
    attempt: Mapped[int]  # counts up with every retry
    version: Mapped[int]  # counts up with every change: the event id of its stream
    shards: Mapped[int | None]  # None: not known before it starts
    done: Mapped[int]  # shards whose result is stored
    part: Mapped[float]  # of the shard in hand, 0 to 1
    note: Mapped[str] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)  # JSON
    error_code: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)
    created: Mapped[int] = mapped_column(BigInteger)
    started: Mapped[int | None] = mapped_column(BigInteger)
    finished: Mapped[int | None] = mapped_column(BigInteger)
    caller: Mapped[str] = mapped_column(String(200), server_default="")  # key or user; empty without log-ins
    bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")  # of the request

    __table_args__ = (
        Index("ix_jobs_created", "project", "created", "id"),
        Index("ix_jobs_state", "state"),
        Index("ix_jobs_caller", "project", "caller"),
    )


class JobShard(Table):
    """The result of one shard. Done twice, it is the same row."""

    __tablename__ = "job_shards"

    job: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))  # hash of kind, request and number: what the body is the answer to
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[int] = mapped_column(BigInteger)


class JobFile(Table):
    """A file that a job left, in parts of a megabyte: web and runner need not share a disk."""

    __tablename__ = "job_files"

    job: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class ApiKey(Table):
    """A key that was given out. Of the key itself only its hash is kept; a revoked one stays, for the log's sake."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    project: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(64))  # with spaces between them
    created: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[int | None] = mapped_column(BigInteger)
    revoked: Mapped[int | None] = mapped_column(BigInteger)


class SignedIn(Table):
    """A browser that was signed in with a key. Of its cookie only the hash is kept."""

    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(16))
    expires: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (ForeignKeyConstraint(["key"], ["keys.id"], ondelete="CASCADE"),)


class Logged(Table):
    """Who did what. Triggers refuse to change or delete a line (migration 0004)."""

    __tablename__ = "log"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    at: Mapped[int] = mapped_column(BigInteger)
    project: Mapped[str] = mapped_column(String(64))
    who: Mapped[str] = mapped_column(String(200))
    via: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(200))  # the route or the command
    target: Mapped[str] = mapped_column(String(200))
    status: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("ix_log_project", "project", "id"),)
