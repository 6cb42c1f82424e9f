from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from ..schemas import Name, Record
from .reading.labels import By
from .reading.schemas import Column, Fault, FaultOut, Form, Mapping, Note, NoteOut

Status = Literal["waiting", "importing", "ready", "failed"]


class Failure(Record):
    detail: str
    cure: str = ""


class Described(Record):
    """Facts about a file, found while it was read."""

    columns: tuple[Column, ...] = ()
    mapping: Mapping | None = None
    labels: tuple[str, ...] = ()
    filters: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Group column → its values.")
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()
    failure: Failure | None = None


class RunOut(Record):
    """The predictions of one model for the rows."""

    model: Name
    digest: str
    labels: tuple[str, ...]
    done: int
    explained: int
    job: str | None = None
    matched_by: By = Field("name", description="How labels of the file were matched with classes of the model.")
    matched: dict[str, str] = Field(default_factory=dict, description="Label of the file → class of the model.")
    unmatched: tuple[str, ...] = Field((), description="Labels that mean no class: their rows are not judged.")


class DatasetOut(Record):
    id: str
    name: str
    format: Form
    bytes: int
    sha256: str
    status: Status
    rows: int
    mapping: Mapping | None
    columns: tuple[Column, ...]
    labels: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    bad_rows: int
    bad_rows_listed: tuple[FaultOut, ...]
    notes: tuple[NoteOut, ...]
    failure: Failure | None = None
    runs: tuple[RunOut, ...] = ()
    job: str | None = None
    origin: str | None = Field(None, description="The data set whose marked rows this one was made of.")
    created: datetime


class WordOut(Record):
    """A word over all explained rows of one predicted class."""

    label: str
    word: str
    mean: float  # attribution where it occurs
    count: int
    total: float  # mean x count
    wrong_mean: float | None = Field(None, description="Where the model is wrong; null where the word never is.")
    wrong_count: int = 0


class DatasetsOut(Record):
    datasets: tuple[DatasetOut, ...]
    next: str | None = None


class RowOut(Record):
    number: int
    line: int
    id: str | None = None
    text: str
    text_pair: str | None = None
    label: str | None = None
    groups: dict[str, str] = Field(default_factory=dict, description="Group column → value.")
    predicted: str | None = None
    probability: float | None = None
    right: bool | None = None
    badge: str | None = None
    explanation: str | None = None  # key of its panel
    words: tuple[tuple[str, float], ...] = ()


class CellOut(Record):
    label: str
    predicted: str
    rows: int


class SummaryOut(Record):
    """Counts over the predictions of a model: confusion matrix and word table."""

    model: str
    rows: int
    predicted: int
    right: int
    compared: int  # rows that have a label and a prediction
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    confusion: tuple[CellOut, ...]
    words: tuple[WordOut, ...] = ()


class RowsOut(Record):
    rows: tuple[RowOut, ...]
    total: int | None = Field(description="Rows that the filters choose; null where they are not counted.")
    next: str | None = None
    searched_until: int | None = Field(None, description="With a search: the row up to which was looked.")
