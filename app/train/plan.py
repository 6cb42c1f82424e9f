"""A training plan: what to learn from, how, and what to be judged by. One TOML file, frozen once read."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from ..schemas import Frozen, first_error

ReaderName = Literal["sst_phrases", "sst_binary", "imdb_cad", "hatexplain_csv", "hatexplain_jsonl", "table"]

PLANS = Path(__file__).parent / "plans"


class BadPlan(ValueError):
    """The message names the file, the field and what it may be."""


class Source(Frozen):
    """One file of labelled texts, relative to the data folder, and the reader that understands it."""

    reader: ReaderName
    path: str
    text: str = Field("text", description="Text column, for the reader 'table'.")
    label: str = Field("label", description="Label column, for the reader 'table'.")
    share: float = Field(1, gt=0, le=1, description="Of the rows, drawn by a hash of their text; of the rest nothing.")
    classes: dict[str, str] = Field(
        default_factory=dict, description="Label in the file → label of the plan, for the reader 'table'."
    )


class Judgement(Source):
    """A held-out file and the figure read off it. Never trained on: texts seen in it are dropped from training."""

    name: str
    metric: Literal["accuracy", "auc"] = "accuracy"
    goal: float | None = Field(
        None, ge=0, le=1, description="What the figure is held to; the card says if it was missed."
    )


Method = Literal["full", "lora", "frozen"]
RATES: dict[Method, float] = {"full": 5e-5, "lora": 1e-3, "frozen": 1e-3}


class Fit(Frozen):
    """How the model is fitted. rank and alpha are of LoRA (Hu et al. 2021, arXiv:2106.09685), which is put on every
    linear layer of the encoder."""

    epochs: float = Field(2, gt=0, le=100)
    learning_rate: float | None = Field(None, gt=0, le=1, description="By default 5e-5 for full, else 1e-3.")
    tokens_per_batch: int = Field(2048, ge=16)
    maximum_length: int = Field(512, ge=8, le=8192)
    warmup: float = Field(0.06, ge=0, lt=1)
    weight_decay: float = Field(0.01, ge=0)
    rank: int = Field(16, ge=1, le=256)
    alpha: int = Field(32, ge=1)
    last_layers: int | None = Field(
        None, ge=1, le=128, description="The adapter is put on the last layers only, which is several times quicker."
    )
    arithmetic: Literal["fp32", "bf16"] = Field(
        "fp32", description="bf16: products in half the bits, where the processor or card has them; weights stay fp32."
    )


class Texts(Source):
    """A file of texts to learn the language from; labels are not read."""


class Pretraining(Frozen):
    """Training of the encoder on texts without labels, before it is fitted to the labelled ones.

    layers, width, heads, vocabulary: of a model from scratch, whose tokenizer is trained on the texts as well.
    """

    objective: Literal["masked", "causal"] = Field(
        "masked", description="masked: words that are hidden (BERT); causal: the next piece (GPT-2), from scratch only."
    )
    start: Literal["base", "scratch"] = Field("base", description="The plan's base goes on learning, or a new model.")
    texts: tuple[Texts, ...] = Field((), description="By default the texts of the plan's train files.")
    epochs: int = Field(3, ge=1, le=100)
    learning_rate: float | None = Field(
        None, gt=0, le=1, description="By default 5e-5 from the base, 5e-4 from scratch."
    )
    masked: float = Field(0.15, gt=0, lt=1, description="Share of the pieces that are hidden.")
    held_out: float = Field(0.05, gt=0, le=0.5, description="Share of the texts that perplexity is measured on.")
    vocabulary: int = Field(8000, ge=100, le=200_000)
    layers: int = Field(4, ge=1, le=48)
    width: int = Field(256, ge=16, le=4096)
    heads: int = Field(4, ge=1, le=64)

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        if self.objective == "causal" and self.start == "base":
            raise ValueError('a causal model is trained from scratch: start = "scratch"')
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self


def refuse_unfit(method: Method, pretrain: Pretraining | None) -> None:
    """Raises ValueError for a method that cannot fit what was learned before."""
    if pretrain is not None and pretrain.objective == "causal" and method != "full":
        raise ValueError('after a causal pretraining the method is "full": the others are for encoders')


def keeps_weights(method: Method, pretrain: Pretraining | None) -> bool:
    """Whether a training keeps the trained weights of every epoch: small ones, on a base that is there afterwards."""
    return method != "full" and pretrain is None


def weights_name(epoch: int) -> str:
    """The file of an epoch's trained weights."""
    return f"weights-{epoch}.safetensors"


class Plan(Frozen):
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,40}$")
    title: str
    description: str
    intended_use: str
    limits: tuple[str, ...]
    language: str = "en"
    labels: tuple[str, ...] = Field(min_length=2)
    seed: int = 0
    base: str = Field("minilm", description="minilm (English), e5 (Chinese and English), or a folder of an encoder.")
    method: Method = Field(
        "lora", description="full: every weight; lora: an adapter; frozen: a head on an encoder that stays as it is."
    )
    fit: Fit = Fit()
    pretrain: Pretraining | None = Field(None, description="Learning the language of texts first.")
    train: tuple[Source, ...] = Field(min_length=1)
    judge: tuple[Judgement, ...] = ()

    @model_validator(mode="after")
    def _can_be_fitted(self) -> Self:
        refuse_unfit(self.method, self.pretrain)
        return self

    @property
    def learning_rate(self) -> float:
        return RATES[self.method] if self.fit.learning_rate is None else self.fit.learning_rate

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises BadPlan."""
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except ValidationError as error:
            raise BadPlan(f"{path}: {first_error(error)}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadPlan(f"{path} is not TOML: {error}") from error


def embedded_plans() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in PLANS.glob("*.toml")))


def find_plan(given: str) -> Path | None:
    """An embedded plan by its name, or a file."""
    path = PLANS / f"{given}.toml" if given in embedded_plans() else Path(given)
    return path if path.is_file() else None
