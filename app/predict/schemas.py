from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .._library import explainers
from ..schemas import LISTED_CLASSES, MOST_CLASSES, Name, Record, Request, TextInput

MOST_INPUTS = 64


class PredictionRequest(Request):
    model: Name
    inputs: Annotated[list[TextInput], Field(min_length=1, max_length=MOST_INPUTS)]
    top_k: Annotated[int, Field(ge=1, le=MOST_CLASSES)] = Field(
        LISTED_CLASSES, description="Classes listed for each input, the most probable first."
    )


class ClassOut(Record):
    """One class of the model and what the model says of it."""

    index: int
    label: str
    logit: float | None
    probability: float


class OutputOut(Record):
    """One output of a regression: a value in its own unit."""

    index: int
    label: str
    value: float | None


class PredictionOut(Record):
    """A prediction: `predicted` and `classes` from a classifier, `outputs` from a regression."""

    predicted: ClassOut | None  # None for a regression
    classes: tuple[ClassOut, ...]  # most probable first; none for a regression
    outputs: tuple[OutputOut, ...] = ()  # in the model's order
    left_out: int = Field(0, description="Less probable classes that are not listed: `top_k` asks for more.")
    words: tuple[explainers.WordLabel, ...] = ()  # of a token classifier, whose other fields are of its surest word


class PredictionsOut(Record):
    model: Name
    digest: str
    predictions: tuple[PredictionOut, ...]  # in the order of the inputs
