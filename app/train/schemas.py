"""The request of a training: data sets that are here, how they are split, and the recipe within its limits."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..schemas import Name, Request
from .plan import Method, Pretraining, refuse_unfit

MOST_ROWS = 200_000
MOST_LABELS = 50
ModelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")]
Words = Annotated[str, Field(max_length=600)]


class Recipe(Request):
    """How the embedded base encoder is fitted; the defaults are those of the embedded models."""

    epochs: int = Field(3, ge=1, le=20)
    learning_rate: float | None = Field(
        None, ge=1e-6, le=0.1, description="By default 0.00005 for the method full, else 0.001."
    )
    tokens_per_batch: int = Field(2048, ge=64, le=16_384)
    maximum_length: int = Field(512, ge=8, le=512, description="Tokens of a text at most; the rest is cut.")
    warmup: float = Field(0.06, ge=0, lt=1, description="Share of the steps in which the learning rate rises.")
    weight_decay: float = Field(0.01, ge=0, le=1)
    rank: int = Field(16, ge=1, le=64, description="Rank of the adapter, with the method lora.")
    alpha: int = Field(32, ge=1, le=256)


class TrainingRequest(Request):
    """A classifier from labelled rows. The data set's mapping names the columns; rows without a label are left out."""

    name: ModelName = Field(description="Lower-case letters, digits and hyphens; the model's id begins with it.")
    title: Words = ""
    description: Words = Field("", description="The question that the model answers.")
    intended_use: Words = ""
    language: Annotated[str, Field(max_length=35)] = "en"
    dataset: Name = Field(description="The data set to learn from: an id of /v1/datasets.")
    dev: Name | None = Field(None, description="Another data set, judged after every epoch.")
    test: Name | None = Field(None, description="Another data set, judged once at the end.")
    split: Name | None = Field(None, description="A group column of the data set whose values are train, dev and test.")
    dev_share: float = Field(0.1, gt=0, le=0.4, description="Drawn by seed, where no dev rows are given.")
    test_share: float = Field(0.1, gt=0, le=0.4, description="Drawn by seed, where no test rows are given.")
    method: Method = Field(
        "lora", description="full: every weight; lora: an adapter; frozen: a head on an encoder that stays as it is."
    )
    base: Literal["minilm", "e5"] = Field("minilm", description="minilm reads English, e5 Chinese and English.")
    pretrain: Pretraining | None = Field(
        None,
        description="Learning the language of the training texts first; texts of a data set of its own are not read.",
    )
    recipe: Recipe = Field(default_factory=Recipe)
    seed: int = Field(0, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        if self.split is not None and (self.dev is not None or self.test is not None):
            raise ValueError("give either a split column or data sets for dev and test")
        if self.pretrain is not None and self.pretrain.texts:
            raise ValueError("pretrain.texts names files of a plan; a training learns from the texts of its data set")
        refuse_unfit(self.method, self.pretrain)
        return self
