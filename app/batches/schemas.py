from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from .._library import explainers
from ..explain.ask.schemas import ExplanationRequest
from ..schemas import Name, Options, Record, Request, Text, TextInput

MOST_INPUTS = 1024


class BatchRequest(Request, explainers.Game):
    """Many texts at once: what the model says of each and, with a method, why."""

    model: Name
    inputs: Annotated[list[TextInput], Field(min_length=1, max_length=MOST_INPUTS)] | None = None
    dataset: Name | None = Field(None, description="A data set of /v1/datasets, instead of inputs.")
    method: Name | None = Field(None, description="A name from /v1/explainers; without, predictions alone.")
    options: Options = Field({}, description="The method's own options.")
    baseline_text: Text | None = Field(
        None,
        description=(
            "With baseline 'text': a text that is cut into as many features (words, unless you choose otherwise)."
        ),
    )
    shard_rows: int = Field(64, ge=1, le=512, description="Texts whose results are stored together.")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.inputs is None) == (self.dataset is None):
            raise ValueError("give either inputs or dataset")
        return self

    def asked(self, given: TextInput) -> ExplanationRequest:
        """The question about one text. Needs a method."""
        assert self.method is not None
        return ExplanationRequest(
            model=self.model,
            input=given,
            method=self.method,
            options=self.options,
            **{name: getattr(self, name) for name in explainers.Game.model_fields},
        )


class BatchResult(Record):
    """The `result` of a job of this kind."""

    rows: int
    failed: int
    links: dict[str, str]
