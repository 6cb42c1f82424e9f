"""Requests and answers of the workbench, over REST and on the page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ..datasets.schemas import CellOut, RowOut
from ..schemas import Name, Record, Request
from .stored import FiguresOut, FoundOut
from .study.contrast import WordLine
from .study.curves import Calibration, LengthBin, Ranking, Thresholds

Value = Annotated[str, Field(max_length=200)]
Statement = Annotated[str, Field(max_length=2_000)]
Cost = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Order = Literal["worst", "number", "-number", "confidence", "-confidence", "quality"]
Action = Literal["relabel", "drop", "keep", "note", "clear"]
PAGE = 20
MOST_ROWS = 500
MOST_EXPLAINED = 1_000  # rows of a selection at once


class Wish(Request):
    """Which rows, of which model, seen how. A stored slice and further conditions choose together."""

    model_config = ConfigDict(strict=False)  # the values of an address are strings

    model: Value = ""
    slice: Value = Field("", description="Key of a slice.")
    where: Statement = Field("", description="Further conditions, without words of texts.")
    against: Value = Field("", description="A second model, to compare.")
    target: Value = Field("", description="The class of thresholds and curves; by default the last.")
    threshold: float = Field(0.5, ge=0, le=1, allow_inf_nan=False)
    missed: Cost = 1.0
    needless: Cost = 1.0
    sort: Order = "worst"
    start: int = Field(0, ge=0, le=10**7)


class RowsWish(Wish):
    limit: int = Field(PAGE, ge=1, le=MOST_ROWS)


class ExplainWish(Wish):
    count: int = Field(50, ge=1, le=MOST_EXPLAINED, description="A sample where there are more.")
    method: Name = Field("shap", description="A name from /v1/explainers.")


class ExportWish(Wish):
    format: Literal["csv", "jsonl", "parquet", "html", "pdf", "contract"] = "csv"
    language: Literal["en", "zh"] = Field("en", description="Of the report.")


class SliceOut(Record):
    """A named set of rows with its figures."""

    key: str
    name: str
    statement: str
    origin: Literal["made", "found"]
    figures: FiguresOut


class FoundSlice(FoundOut):
    key: str
    name: str


class MarkOut(Record):
    row: int
    action: Action
    value: str | None
    who: str
    created: datetime


class BenchRow(RowOut):
    """A row with its tags and the mark that holds."""

    tags: tuple[str, ...] = ()
    label_probability: float | None = None
    better: str | None = Field(None, description="The class that the row looks like, where its label looks wrong.")
    same_as: int | None = Field(None, description="The first row that this text nearly repeats.")
    suggested: Literal["relabel", "drop"] | None = None
    mark: MarkOut | None = None


class BenchRowsOut(Record):
    rows: tuple[BenchRow, ...]
    total: int
    next: int | None = Field(description="The `start` of the next page.")


class VersusOut(Record):
    """Model B (`against`) beside model A on the same rows."""

    name: str
    key: str
    n: int
    accuracy: tuple[float, float] | None
    better: int
    worse: int
    both: int
    neither: int
    difference: float | None
    interval: tuple[float, float] | None
    p: float
    q: float | None


class BenchOut(Record):
    """Everything that the workbench shows of a selection but its rows and the map."""

    dataset: str
    model: str
    models: tuple[str, ...]
    classes: tuple[str, ...]
    statement: str = Field(description="The conditions of the selection.")
    whole: FiguresOut
    selection: FiguresOut
    always: tuple[str, float] | None = Field(description="The most frequent label of the selection and its share.")
    slices: tuple[SliceOut, ...]
    found: tuple[FoundSlice, ...]
    tried: int
    halves: tuple[int, int]
    detectable: float | None
    tags: dict[str, int]
    confusion: tuple[CellOut, ...]
    calibration: Calibration | None
    calibration_whole: Calibration | None
    thresholds: Thresholds | None
    ranking: Ranking | None
    lengths: tuple[LengthBin, ...]
    words: tuple[WordLine, ...]
    clusters: tuple[tuple[str, ...], ...]
    versus: tuple[VersusOut, ...]
    marked: int


class SliceRequest(Request):
    """Rows to name."""

    statement: Statement = Field(description="Conditions, as docs/datasets.md has them.")
    name: Value = ""


class SlicesOut(Record):
    slices: tuple[SliceOut, ...]


class MarkRequest(Request):
    """A decision about rows."""

    rows: Annotated[
        tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...], Field(min_length=1, max_length=10_000, strict=False)
    ]
    action: Action
    value: Value | None = Field(None, description="The label of `relabel`, the words of `note`.")


class MarksOut(Record):
    marks: tuple[MarkOut, ...]
