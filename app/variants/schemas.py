"""Recipes of variants: how texts are changed, and what the model must do then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..datasets.schemas import Status
from ..errors import BadRequest
from ..schemas import Name, Record, Request
from ..workbench.schemas import Statement, Value

How = Literal["replace", "identity", "negate", "typo", "case", "punctuation", "template", "flip"]
Must = Literal["stay", "flip", "rise", "fall"]
Phrase = Annotated[str, Field(min_length=1, max_length=200)]
Pair = Annotated[tuple[Phrase, Phrase], Field(strict=False)]
HOWS: tuple[How, ...] = ("replace", "identity", "negate", "typo", "case", "punctuation", "template", "flip")
MUSTS: tuple[Must, ...] = ("stay", "flip", "rise", "fall")
USUAL: dict[How, Must] = {"negate": "flip", "flip": "flip"}  # the others must leave the prediction as it is
MOST_ROWS = 2_000  # of a selection that are varied
MOST_FLIPS = 300  # rows whose fewest words are sought: each asks the model some hundred times
MOST_TIMES = 5
SLOT = "{text}"


class Recipe(Request):
    """One way to change a text, and the behaviour that is expected of the model.

    stay: the predicted class is the same. flip: it is another one. rise, fall: the probability of `target` changes in
    that direction by more than `by`. Without `must` it is stay, and flip for negate and flip.
    """

    how: How
    must: Must | None = None
    target: Value = Field("", description="The class of rise and fall.")
    by: float = Field(0.0, ge=0, le=1, allow_inf_nan=False)
    pairs: Annotated[tuple[Pair, ...], Field(max_length=1_000, strict=False)] = Field(
        (), description="For replace: words and what takes their place."
    )
    templates: Annotated[tuple[Annotated[str, Field(max_length=2_000)], ...], Field(max_length=100, strict=False)] = (
        Field((), description="For template: sentences with {text} in them.")
    )
    language: Literal["en", "zh"] = Field("en", description="For identity and negate.")
    times: int = Field(1, ge=1, le=MOST_TIMES, description="Variants of a row at most.")

    @property
    def expected(self) -> Must:
        return self.must or USUAL.get(self.how, "stay")

    def refuse_unknown(self, classes: Sequence[str]) -> None:
        """Raises BadRequest for a target that is none of a model's classes."""
        if self.expected in ("rise", "fall") and self.target not in classes:
            raise BadRequest(
                f"target: {self.target[:80]!r} is no class of the model", cure=f"Classes: {', '.join(classes[:20])}."
            )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.how == "replace" and not self.pairs:
            raise ValueError("replace needs pairs: words and what takes their place")
        if any(old.split() == new.split() for old, new in self.pairs):
            raise ValueError("a pair of replace has the same words on both sides")
        if self.how == "template" and (not self.templates or any(SLOT not in each for each in self.templates)):
            raise ValueError(f"template needs templates, each with {SLOT} where the text goes")
        if self.expected in ("rise", "fall") and not self.target:
            raise ValueError(f"must = {self.expected} needs target: the class whose probability is to {self.expected}")
        return self


class VariantsRequest(Request):
    """Variants of a selection of rows."""

    model: Value = Field("", description="By default the last that was asked about the rows.")
    slice: Value = Field("", description="Key of a slice.")
    where: Statement = Field("", description="Further conditions, without words of texts.")
    recipes: Annotated[tuple[Recipe, ...], Field(min_length=1, max_length=20, strict=False)]
    rows: int = Field(200, ge=1, le=MOST_ROWS, description="A sample where the selection is larger.")
    seed: int = Field(0, ge=0, le=2**32 - 1)


class VariantsJob(Request):
    """Rows of a data set to vary."""

    dataset: Name
    created: int
    model: Name
    recipes: Annotated[tuple[Recipe, ...], Field(strict=False)]
    chosen: Annotated[tuple[int, ...], Field(max_length=MOST_ROWS, strict=False)]
    seed: int


class ExampleOut(Record):
    """A variant on which the model does not do what is expected."""

    row: int = Field(description="In the data set that the variants were made of.")
    variant: int = Field(description="The row of the variant.")
    text: str
    varied: str
    before: str
    after: str
    change: float | None = Field(description="Of the probability of the target, or of the class that was predicted.")


class BehaviourOut(Record):
    """How a model answers the variants of one recipe, beside the rows that they were made of.

    interval, failure_interval: Wilson's; where rows have several variants, of as many independent ones as they are
    worth (Rao and Scott 1992). better, worse: variants that are right where their row is not, and the other way round,
    of those that keep their label; p: McNemar's exact test, or signs of the rows' sums where rows have several.
    """

    recipe: Recipe
    must: Must
    rows: int = Field(description="Rows that have a variant.")
    unchanged: int = Field(description="Rows in which there was nothing to change.")
    n: int = Field(description="Variants with a prediction.")
    flipped: int
    rate: float | None
    interval: tuple[float, float] | None
    failed: int
    failure: float | None
    failure_interval: tuple[float, float] | None
    change: float | None = Field(description="Mean change of the probability, as in the examples.")
    labelled: int
    better: int
    worse: int
    p: float | None
    examples: tuple[ExampleOut, ...]


class BehavioursOut(Record):
    """The behaviours that the variants of a data set show."""

    dataset: str
    origin: str
    model: str
    behaviours: tuple[BehaviourOut, ...]


class MadeOut(Record):
    """A data set of variants. behaviours: None until the model was asked about it."""

    dataset: str
    name: str
    status: Status
    rows: int
    created: datetime
    behaviours: BehavioursOut | None
    waits: str = Field("", description="Why there are no behaviours yet.")


class VariantsOut(Record):
    variants: tuple[MadeOut, ...]
