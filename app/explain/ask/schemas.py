from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Base64Bytes, ConfigDict, Field, model_validator

from ..._library import explainers
from ...engine.messages import Asking, Explain, MakePanel
from ...engine.schemas import ExplanationRecord
from ...schemas import AudioInput, ImageInput, Name, Options, PromptInput, Request, Text, TextInput


class QuestionRequest(Request, explainers.Game):
    """Fields that the questions for a panel and for a single explanation share."""

    model: Name
    input: TextInput | PromptInput | ImageInput | AudioInput
    target: int | Name | None = Field(
        None, description="The class to show, by index or label; by default the predicted one."
    )
    baseline_text: Text | None = Field(
        None,
        description=(
            "With baseline 'text': a text that is cut into as many features (words, unless you choose otherwise)."
        ),
    )
    word: int | None = Field(
        None, ge=0, description="Of a token classifier: the word whose class is explained, counted from 0."
    )
    outputs: explainers.SimilarityOutput | explainers.TokenOutput | None = Field(
        None,
        description="Of a model that compares two texts: whose words are explained, and its prompts. Of a language "
        "model: which tokens of which answer.",
    )


class ExplanationRequest(QuestionRequest):
    method: Name = Field(description="A name from /v1/explainers.")
    options: Options = Field({}, description="The method's own options; their JSON Schema is in /v1/explainers.")
    measures: list[explainers.OnDemand] = Field(
        [], max_length=4, description="Measures that ask the model anew, to stand among the checks."
    )


class PanelRequest(QuestionRequest):
    methods: Annotated[list[Name], Field(min_length=1, max_length=20)] | None = Field(
        None, description="Names from /v1/explainers; by default every method of the panel."
    )


class Asked(Request):
    """A question in the form in which the engine takes it and under the key of its answer."""

    key: str
    kind: Literal["panel", "explanation"]
    model: str
    digest: str  # numbers_of the model: another one under its name is another question
    question: explainers.Question
    methods: tuple[str, ...]  # of an explanation the one
    options: Options = Field({})
    measures: tuple[str, ...] = ()
    # Of a picture or a recording its file, which the question names by its hash alone: a job has to have it as well.
    file: Base64Bytes | None = Field(None, exclude_if=lambda file: file is None)
    file_name: str | None = Field(None, exclude_if=lambda name: name is None)

    @model_validator(mode="after")
    def _has_its_file(self) -> Self:
        given = self.question.input
        if self.file is not None and isinstance(given, explainers.FileInput) and given.content is None:
            given.hold(self.file, name=self.file_name or f"the {given.known_as}")
        return self

    @property
    def carried(self) -> Self:
        """The question with its file, as a job keeps it."""
        given = self.question.input
        if not isinstance(given, explainers.FileInput) or given.content is None:
            return self
        return self.model_copy(update={"file": given.content, "file_name": given.name})

    @property
    def what(self) -> str:
        return "panel" if self.kind == "panel" else self.methods[0]

    def message(self, *, arriving: bool = False) -> Asking[Any]:
        """The message to the engine: for an explanation or a panel. arriving: tell each part as soon as it is there."""
        if self.kind == "panel":
            return MakePanel(model=self.model, question=self.question, methods=self.methods, arriving=arriving)
        return Explain(
            model=self.model,
            question=self.question,
            method=self.methods[0],
            options=self.options,
            measures=self.measures,
        )

    @property
    def address(self) -> str:
        """Address of the answer's page; below /v1 it is that of the answer itself."""
        return f"/{self.kind}s/{self.key}"


class ExplanationOut(ExplanationRecord):
    """One method's explanation under its permanent key.

    `scores` has a row for each of `targets` and a column for each of `features`; `target` is the row to show.
    """

    key: str
    panel: str | None = Field(None, description="The panel it was made in: methods of a panel share their evaluations.")
    target: explainers.Target
    arrays: tuple[str, ...] = Field((), description="Names below /v1/explanations/{key}/arrays/.")


class PanelOut(explainers.Panel):
    """Every method's explanation of one input, from one shared table of evaluations."""

    model_config = ConfigDict(extra="ignore")

    key: str
    target: explainers.Target
    explanations: tuple[ExplanationOut, ...]


class ArraySlice(Request):
    """A part of an array as JSON: nested lists, outermost dimension first."""

    name: str
    shape: list[int]
    values: list[Any]
