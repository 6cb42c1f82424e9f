from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from ...schemas import Record, Request
from .cells import name_of

Form = Literal["csv", "jsonl", "parquet"]
MOST_CLASSES = 200
ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
LabelName = Annotated[str, Field(min_length=1, max_length=200)]


class Mapping(Request):
    """Which column is what. Columns that are not named are not kept."""

    text: ColumnName = Field(description="The column that a model reads.")
    text_pair: ColumnName | None = Field(None, description="The second text, for models that read pairs.")
    label: ColumnName | None = Field(None, description="What is right.")
    groups: Annotated[tuple[ColumnName, ...], Field(max_length=8, strict=False)] = Field(
        (), description="Whom or what a row is about: columns to filter and audit by."
    )
    id: ColumnName | None = Field(None, description="The file's own name of a row.")
    classes: dict[LabelName, LabelName] = Field(
        default_factory=dict,
        max_length=MOST_CLASSES,
        description="Label in the file → class that it means, where the file has numbers or other names.",
    )

    @field_validator("classes")
    @classmethod
    def _spelled(cls, given: dict[str, str]) -> dict[str, str]:
        return {name_of(label): name for label, name in given.items()}


class Column(Record):
    """A column of the file as its first rows show it."""

    name: str
    samples: tuple[str, ...] = ()
    different: int = 0  # values among the first rows
    nested: bool = False  # its values are lists or objects, which cannot be read


class Fault(Record):
    """A row that could not be read."""

    line: int
    code: str
    value: str = ""
    until: int | None = None  # the last line that is lost with it


class FaultOut(Fault):
    reason: str
    cure: str


class Note(Record):
    """Something about the whole file that a reader should know."""

    code: str
    value: str = ""


class NoteOut(Note):
    text: str
