"""The tables of data sets: the file, its rows, and what a model says of them."""

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
from sqlalchemy.orm import Mapped, mapped_column

from ..tables import Counter, Table


class Dataset(Table):
    """An uploaded file and how its columns are read. The same file read in another way is another data set."""

    __tablename__ = "datasets"

    serial: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    project: Mapped[str] = mapped_column(String(64))
    id: Mapped[str] = mapped_column(String(64))  # SHA-256 of file, form and mapping as they were asked for
    name: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(String(16))
    file: Mapped[str] = mapped_column(String(64))  # SHA-256 of the bytes
    size: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(16))
    asked: Mapped[str | None] = mapped_column(Text)  # the mapping that was asked for, None: guess it
    described: Mapped[str] = mapped_column(Text)  # JSON: columns, mapping in force, faults, notes, failure
    rows: Mapped[int] = mapped_column(Integer)
    faults: Mapped[int] = mapped_column(Integer)  # rows that could not be read, all of them
    job: Mapped[str | None] = mapped_column(String(64))
    created: Mapped[int] = mapped_column(BigInteger)
    origin: Mapped[str | None] = mapped_column(String(64))  # id of the data set whose marks it was made with

    __table_args__ = (
        UniqueConstraint("project", "id", name="uq_datasets_id"),
        Index("ix_datasets_created", "project", "created", "serial"),
        Index("ix_datasets_file", "file"),
    )


class DatasetRow(Table):
    __tablename__ = "dataset_rows"

    dataset: Mapped[int] = mapped_column(ForeignKey("datasets.serial", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)  # 0 … rows − 1, no gaps
    line: Mapped[int] = mapped_column(BigInteger)  # in the file
    name: Mapped[str | None] = mapped_column(Text)  # the file's own id of the row
    text: Mapped[str] = mapped_column(Text)
    text_pair: Mapped[str | None] = mapped_column(Text)
    label: Mapped[str | None] = mapped_column(Text)
    groups: Mapped[str | None] = mapped_column(Text)  # JSON: group column → value


class DatasetRun(Table):
    """A run of one model over every row; without a model the rows as they came."""

    __tablename__ = "dataset_runs"

    serial: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    dataset: Mapped[int] = mapped_column(ForeignKey("datasets.serial", ondelete="CASCADE"))
    model: Mapped[str] = mapped_column(String(200))  # empty: no model
    digest: Mapped[str] = mapped_column(String(128))
    labels: Mapped[str] = mapped_column(Text)  # JSON: the model's classes
    job: Mapped[str | None] = mapped_column(String(64))
    done: Mapped[int] = mapped_column(Integer)  # rows that have their prediction
    explained: Mapped[int] = mapped_column(Integer)
    words: Mapped[str | None] = mapped_column(Text)  # JSON: the word table of the explained rows
    created: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (UniqueConstraint("dataset", "model", "digest", name="uq_dataset_runs_model"),)


class DatasetStratum(Table):
    """Rows of a run that are alike in everything one can filter by. There are few, and each knows how many it has."""

    __tablename__ = "dataset_strata"

    run: Mapped[int] = mapped_column(ForeignKey("dataset_runs.serial", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    label: Mapped[str | None] = mapped_column(Text)
    predicted: Mapped[str | None] = mapped_column(Text)
    badge: Mapped[str | None] = mapped_column(String(16))
    groups: Mapped[str] = mapped_column(Text)  # JSON: group column → value
    rows: Mapped[int] = mapped_column(Integer)


class DatasetFact(Table):
    """A row of a run, narrow: where it stands by number and by probability within its stratum."""

    __tablename__ = "dataset_facts"

    run: Mapped[int] = mapped_column(ForeignKey("dataset_runs.serial", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    stratum: Mapped[int] = mapped_column(Integer)
    probability: Mapped[float]  # of the predicted class; −1: there is no prediction

    __table_args__ = (
        Index("ix_dataset_facts_probability", "run", "probability", "number", "stratum"),
        Index("ix_dataset_facts_stratum", "run", "stratum", "number", "probability"),
        Index("ix_dataset_facts_stratum_probability", "run", "stratum", "probability", "number"),
        {"sqlite_with_rowid": False},
    )


class DatasetExplained(Table):
    """A row of a run that has an explanation."""

    __tablename__ = "dataset_explained"

    run: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(64))  # of the panel or explanation
    badge: Mapped[str | None] = mapped_column(String(16))
    words: Mapped[str] = mapped_column(Text)  # JSON: class → [[word, score], …]

    __table_args__ = (
        ForeignKeyConstraint(["run", "number"], ["dataset_facts.run", "dataset_facts.number"], ondelete="CASCADE"),
    )


class DatasetFile(Table):
    """An uploaded file as it came, in parts: web writes it, the job runner reads it, wherever that runs."""

    __tablename__ = "dataset_files"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the whole file
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class DatasetColumn(Table):
    """A part of a column of a run, as the bytes of a NumPy array: what is asked of all rows at once."""

    __tablename__ = "dataset_columns"

    run: Mapped[int] = mapped_column(ForeignKey("dataset_runs.serial", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    part: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class DatasetStudy(Table):
    """Findings about a run, made once: slices, counts of tags, names of clusters."""

    __tablename__ = "dataset_studies"

    run: Mapped[int] = mapped_column(ForeignKey("dataset_runs.serial", ondelete="CASCADE"), primary_key=True)
    body: Mapped[str] = mapped_column(Text)  # JSON
    created: Mapped[int] = mapped_column(BigInteger)


class DatasetSlice(Table):
    """A named set of rows of a data set."""

    __tablename__ = "dataset_slices"

    dataset: Mapped[int] = mapped_column(ForeignKey("datasets.serial", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(16), primary_key=True)  # a hash of the statement
    name: Mapped[str] = mapped_column(Text)  # empty: its conditions say it
    statement: Mapped[str] = mapped_column(Text)
    who: Mapped[str] = mapped_column(String(200))
    created: Mapped[int] = mapped_column(BigInteger)


class DatasetMark(Table):
    """A decision about a row. The last line of a row holds; the others stay as its history."""

    __tablename__ = "dataset_marks"

    serial: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    dataset: Mapped[int] = mapped_column(ForeignKey("datasets.serial", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(String(16))  # relabel, drop, keep, note, clear
    value: Mapped[str | None] = mapped_column(Text)  # the label, or the note
    who: Mapped[str] = mapped_column(String(200))
    created: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("ix_dataset_marks_row", "dataset", "number", "serial"),)
