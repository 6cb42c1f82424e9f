"""A contract: what must hold for a model's decisions and reasons, read from a TOML file beside the model."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from ..audit.data.plan import Language
from ..errors import BadRequest
from ..schemas import Frozen, first_error

Text = Annotated[str, Field(min_length=1, max_length=20_000)]
Name = Annotated[str, Field(max_length=200)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, le=1)]


class Golden(Frozen):
    """A text whose prediction is known, and the words that must or must not carry it."""

    text: Text
    predicts: str = Field(min_length=1, description="The class.")
    at_least: Share | None = Field(None, description="Its probability.")
    carried_by: tuple[Word, ...] = Field((), description="Words that each raise the class, among the strongest.")
    not_carried_by: tuple[Word, ...] = Field((), description="Words that together have little of the score.")
    top: int = Field(5, ge=1, le=50, description="How many words are the strongest.")
    at_most: Share = Field(0.1, description="Share of the absolute score for not_carried_by.")


class Behaviour(Frozen):
    """Pairs of texts between which the decision must flip, or must stay."""

    name: Name
    must: Literal["flip", "stay"]
    pairs: tuple[tuple[Text, Text], ...] = Field(min_length=1, max_length=10_000)
    share: float = Field(1.0, gt=0, le=1, description="Least share of the pairs.")


class Words(Frozen):
    """Words that must not carry predictions, over the texts of the contract that hold one of them."""

    name: Name
    words: tuple[Word, ...] = Field(min_length=1, max_length=2_000)
    at_most: Share = Field(description="Mean share of the absolute score on them.")
    texts: int = Field(60, ge=10, le=2_000, description="Texts that are explained at most, drawn by the seed.")


class Accuracy(Frozen):
    at_least: Share


class Calibration(Frozen):
    at_most: Share = Field(description="Expected calibration error of the last class.")


class Gap(Frozen):
    """Gaps between groups, measured as an audit measures them."""

    metric: Literal["selection_rate", "false_positive_rate", "true_positive_rate", "accuracy"] = "false_positive_rate"
    at_most: Share
    groups: tuple[Name, ...] = Field((), description="Columns; by default those of the texts.")
    terms: Language | None = Field(None, description="Or find groups by the list of identity terms of this language.")


class Agreement(Frozen):
    """Likeness of the word scores to a baseline model: within the noise of seed twins, or a number."""

    baseline: str = Field(min_length=1, description="An embedded model, a registered one, or a folder.")
    twin: str | None = Field(None, description="The baseline trained once more with another seed.")
    margin: Share = Field(0.05, description="A loss of τ against the twin that matters.")
    at_least: Share | None = Field(None, description="τ with the baseline, where no twin is named.")
    texts: int = Field(60, ge=10, le=2_000)

    @model_validator(mode="after")
    def _has_a_yardstick(self) -> Self:
        if (self.twin is None) == (self.at_least is None):
            raise ValueError("give a twin, or at_least: without a yardstick nothing says how alike is enough")
        return self


class Contract(Frozen):
    """texts: a file relative to the contract, with the columns named or guessed."""

    name: Name = Field(min_length=1)
    texts: str | None = None
    text: str | None = None
    label: str | None = None
    groups: tuple[Name, ...] = ()
    seed: int = Field(0, ge=0, le=2**32 - 1)
    golden: tuple[Golden, ...] = ()
    behaviour: tuple[Behaviour, ...] = ()
    words: tuple[Words, ...] = ()
    accuracy: Accuracy | None = None
    calibration: Calibration | None = None
    gap: tuple[Gap, ...] = ()
    agreement: Agreement | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.measured or self.golden or self.behaviour):
            raise ValueError("the contract holds no check: write golden, behaviour, words, accuracy, gap or agreement")
        return self

    @property
    def measured(self) -> tuple[str, ...]:
        """The checks that need texts."""
        return tuple(name for name in ("words", "accuracy", "calibration", "gap", "agreement") if getattr(self, name))

    def refuse_without(self, texts: object) -> None:
        """Raises BadRequest where there are no texts and a check needs them."""
        if texts is None and self.measured:
            raise BadRequest(
                f"the contract's {self.measured[0]} is measured on texts, and there are none",
                cure="Name their file in texts, or on a server a data set.",
            )


def read_contract(path: Path) -> tuple[Contract, str]:
    """The contract and the SHA-256 of its file. Raises BadRequest with the file, the field and what is allowed."""
    try:
        body = path.read_bytes()
        return parsed(body.decode(), str(path)), hashlib.sha256(body).hexdigest()
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}", cure="Name a TOML file.") from None
    except UnicodeDecodeError as error:
        raise BadRequest(f"{path} is not TOML: {error}") from None


def parsed(content: str, name: str = "contract") -> Contract:
    """Raises BadRequest with the field and what is allowed."""
    try:
        return Contract.model_validate(tomllib.loads(content))
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(f"{name} is not TOML: {error}") from None
    except ValidationError as error:
        raise BadRequest(f"{name}: {first_error(error)}", cure="docs/contracts.md has every field.") from None
