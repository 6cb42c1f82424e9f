"""A comparison of two models as it is answered: every figure with its interval, and a verdict made from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from ..jobs.schemas import JobOut
from ..schemas import Name, Record, Request

Call = Literal["changed", "within", "undecided", "unmeasured"]


class ChangeRequest(Request):
    """Two models on the texts of a data set; its labels and columns of groups are used where it has them."""

    before: Name = Field(description="The model before: an id of /v1/models.")
    after: Name = Field(description="The model after, with the same classes.")
    twin: Name | None = Field(
        None, description="`before` trained once more with another seed: the yardstick of reasons."
    )
    dataset: Name = Field(description="An id of /v1/datasets.")
    terms: Literal["en", "zh"] | None = Field(
        None, description="Find groups by the list of identity terms of this language as well."
    )
    texts: int = Field(60, ge=10, le=1_000, description="How many texts are explained, drawn by the seed.")
    margin: float = Field(0.05, ge=0, le=1, description="A loss of τ against the twin that matters.")
    seed: int = Field(0, ge=0, le=2**32 - 1)


class ModelFactsOut(Record):
    id: str
    title: str
    digest: str


class EstimateOut(Record):
    """A number with its 95 % interval; the ends are null where the data give none."""

    value: float | None
    low: float | None = None
    high: float | None = None


class DecisionsOut(Record):
    """Decisions of both models on the same texts. Accuracy, gains and losses are of the texts with a label."""

    texts: int
    labelled: int
    before: EstimateOut | None = Field(description="Share of right decisions; null without labels.")
    after: EstimateOut | None
    difference: EstimateOut | None = Field(description="After minus before, paired.")
    flips: int = Field(description="Texts whose most probable class differs.")
    flip_rate: EstimateOut
    gained: int = Field(description="Wrong before, right after.")
    lost: int = Field(description="Right before, wrong after.")
    p: float | None = Field(description="McNemar's exact p that gains and losses are equally likely.")


class CostOut(Record):
    """One cost of both models."""

    before: float
    after: float
    ratio: EstimateOut = Field(description="After over before.")


class LikenessOut(Record):
    """How alike the word scores of two models are on the same texts: means over texts, bootstrap intervals."""

    texts: int
    tau: EstimateOut = Field(description="Kendall's tau-b of the scores of a text.")
    top5: EstimateOut = Field(description="Share of the five strongest words that both have.")
    sign: EstimateOut = Field(description="Share of the strongest words with the same sign.")


class TwinsOut(LikenessOut):
    """The yardstick: two trainings that differ by the seed alone."""

    difference: EstimateOut = Field(description="Tau with the new model minus tau with the twin, paired by text.")


class AgreementOut(Record):
    tau: float | None
    top5: float | None
    sign: float | None
    interval: tuple[float, float] | None = Field(description="95 % interval of tau.")
    texts: int
    measured: LikenessOut
    twins: TwinsOut | None
    call: Call = Field(
        description="changed: less alike than twins by more than the margin; within: not by more; undecided: the "
        "interval reaches over the margin; unmeasured: no twin was given."
    )
    margin: float
    unlike: int = Field(description="Texts left out because the models cut them into different words.")


class WordOut(Record):
    """How the score of a word moved, over the explained texts that hold it."""

    word: str
    label: str
    texts: int
    before: float
    after: float
    change: EstimateOut
    moved: bool = Field(description="By more than any word moves between twins; without a twin, off zero.")


class GapOut(Record):
    """A measure of an audit in one group, before and after."""

    metric: str
    group: str
    texts: int
    before: float
    after: float
    p: float
    q: float | None
    gap_before: float
    gap_after: float
    change: EstimateOut


class SaidOut(Record):
    """A sentence of the verdict: its English with places for values, and these."""

    text: str
    values: Mapping[str, str] = Field(default_factory=dict)

    def __str__(self) -> str:
        return self.text % self.values


class ChangeOut(Record):
    before: ModelFactsOut
    after: ModelFactsOut
    twin: ModelFactsOut | None
    file: str
    sha256: str
    decisions: DecisionsOut
    size: CostOut | None = Field(description="Bytes of the files that are loaded.")
    milliseconds: CostOut = Field(description="One text at a time, the median; both models by turns.")
    memory: CostOut | None = Field(description="Bytes of the weights in memory.")
    agreement: AgreementOut
    words: tuple[WordOut, ...] = Field(description="Words that gained or lost most, the largest change first.")
    gaps: tuple[GapOut, ...]
    notes: tuple[str, ...]
    said: tuple[SaidOut, ...] = Field(description="The verdict as sentences to translate.")
    verdict: str


class ChangeJobOut(Record):
    """A comparison: how far its job is and, once it is done, what it found."""

    job: JobOut
    change: ChangeOut | None = None


class ChangesOut(Record):
    changes: tuple[JobOut, ...]
    next: str | None = None
