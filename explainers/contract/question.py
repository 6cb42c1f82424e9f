"""What is asked of a model, apart from the method."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .records import Value

Players = Literal["auto", "token", "word", "phrase", "sentence"]
ValueName = Literal["log-odds", "logit", "probability", "margin", "output"]
BaselineKind = Literal["mask", "unk", "pad", "eos", "zero", "mean", "text"]
Precision = Literal["auto", "fp32", "bf16"]
LongText = Literal["windows", "cut"]


class Question(Value):
    """What is asked, apart from the model and the method. Equal questions have equal answers."""

    text: str
    text_pair: str | None = None
    players: Players = Field(
        "auto", description="The parts of the text that play the game. auto: words, in long texts phrases or sentences."
    )
    value: ValueName | None = Field(
        None, description="The number that is explained; by default the log-odds of the class."
    )
    baseline: BaselineKind | None = Field(
        None, description="What stands for an absent part; by default the mask token."
    )
    baseline_text: str | None = Field(None, description="With baseline 'text': a text with as many players.")
    precision: Precision = Field(
        "auto", description="Arithmetic of masked evaluations; every number shown as a prediction is fp32."
    )
    budget: int | None = Field(None, ge=16, le=65536, description="Masked evaluations at most, for sampling methods.")
    seed: int = Field(0, ge=0, le=2**32 - 1)
    also: int | None = Field(None, ge=0, description="A class to cover beside the ten most probable.")
    long_text: LongText = Field(
        "windows",
        description="A text longer than the model reads: read in overlapping windows, their logits averaged, or cut.",
    )
    word: int | None = Field(
        None, ge=0, description="Of a token classifier: the word whose class is explained, counted from 0."
    )
    focus: tuple[int, int] | None = Field(
        None, description="Start and end of the stretch whose parts are explained; the rest is there and stays."
    )
