"""An audit as it is declared before it runs: one frozen value, read from TOML or JSON, known by its SHA-256."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

import rfc8785
from pydantic import BeforeValidator, Field, ValidationError, model_validator

from ...errors import BadRequest
from ...schemas import Frozen, first_error

Language = Literal["en", "zh"]
MetricName = Literal[
    "selection_rate",
    "false_positive_rate",
    "true_positive_rate",
    "accuracy",
    "positive_predictive_value",
    "mean_score",
    "auc",
    "bpsn_auc",
    "bnsp_auc",
    "negative_aeg",
    "positive_aeg",
]
Column = Annotated[str, Field(min_length=1, max_length=200)]
Label = Annotated[
    Column | None,
    BeforeValidator(lambda name: None if name == "" else name),
    Field(description="The column of labels; null, or in TOML an empty string, where the texts have no labels."),
]
NO_LABELS_NEEDED = frozenset({"selection_rate", "mean_score"})


Apart = Annotated[
    tuple[tuple[str, str], ...],
    Field(
        max_length=2_000,
        description="Pairs of groups that a reviewer will not have compared: to swap them changes what a text means.",
    ),
]


class Templates(Frozen):
    """Identity templates: every frame holds every identity, so nothing but the identity differs between groups."""

    kind: Literal["templates"] = "templates"
    language: Language = "en"
    path: str | None = Field(
        None, description="A CSV with template, toxicity and phrase; by default the templates that come with Whence."
    )
    identities: tuple[str, ...] = Field((), description="Only these identities; by default all.")
    not_comparable: Apart = ()


class Own(Frozen):
    """Texts from a file, or from a data set that was sent."""

    path: str | None = Field(None, description="A CSV file; relative to the plan.")
    dataset: str | None = Field(None, description="The id of an uploaded data set.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.path is None) == (self.dataset is None):
            raise ValueError("give either path or dataset")
        return self


class Table(Own):
    """Your own texts. Groups come from columns, or from terms in the text."""

    kind: Literal["table"] = "table"
    text: Column = "text"
    label: Label = "label"
    positive: tuple[str, ...] = Field(
        (), description="Labels that mean the audited class; every other then means another. By default their names."
    )
    groups: tuple[Column, ...] = Field((), description="Columns that say which group a text belongs to.")
    no_group: tuple[str, ...] = Field(
        (),
        description="Values of these columns that say that a text names no group, an empty string for empty cells. "
        "Other blank cells are unknown: their texts are compared with no group of the column.",
    )
    terms: Language | None = Field(None, description="Find groups by the list of identity terms of this language.")
    cluster: Column | None = Field(None, description="Column of what belongs together: an author, a document.")

    @model_validator(mode="after")
    def _grouped(self) -> Self:
        if not self.groups and self.terms is None:
            raise ValueError("name the columns of groups, or a list of terms ('en' or 'zh') that finds them")
        if self.no_group and not self.groups:
            raise ValueError("no_group is about columns of groups, and none is named")
        return self


class Swaps(Own):
    """Your own texts and the same texts with another identity in place of the one they name."""

    kind: Literal["swaps"] = "swaps"
    text: Column = "text"
    label: Label = "label"
    positive: tuple[str, ...] = ()
    terms: Language = "en"
    most: int = Field(2_000, ge=10, le=50_000, description="Pairs at most, drawn by the seed.")
    not_comparable: Apart = ()


class Functional(Own):
    """A functional test in HateCheck's form: each case with its functionality, its expected label and its target."""

    kind: Literal["functional"] = "functional"
    terms: Language = Field("en", description="The list of identity terms that explanations tell identity words by.")


Data = Annotated[Templates | Table | Swaps | Functional, Field(discriminator="kind")]


class Chosen(Frozen):
    """A threshold chosen on a share of the rows that the audit then leaves out."""

    choose: Literal["accuracy", "f1", "youden"]
    share: float = Field(0.2, gt=0, lt=1)


class Explanations(Frozen):
    """Texts to explain: those of the worst gaps and of their comparison, and some of every group."""

    method: Literal["shap", "integrated-gradients"] = "shap"
    second: Literal["shap", "integrated-gradients", "lime", "leave-one-out"] | None = Field(
        "integrated-gradients", description="A second method, for the agreement of methods in each group."
    )
    gaps: int = Field(3, ge=0, le=10, description="Gaps, largest first, that are decomposed; 0: no explanations.")
    texts: int = Field(60, ge=20, le=200, description="Texts a side of each gap.")
    each: int = Field(12, ge=0, le=100, description="Harmless texts of every group, for the push of its words.")
    examples: int = Field(20, ge=0, le=50, description="Failing texts shown of each gap.")


class Checked(Frozen):
    """The count of wrong matches that somebody found who read matches of the terms of a group."""

    group: Column
    matches: int = Field(ge=1, description="How many were read.")
    wrong: int = Field(0, ge=0, description="How many of them were no mention of the group.")

    @model_validator(mode="after")
    def _no_more(self) -> Self:
        if self.wrong > self.matches:
            raise ValueError(f"{self.wrong} of {self.matches} matches cannot be wrong")
        return self


class Plan(Frozen):
    title: str = Field("", max_length=200)
    language: Language = Field("en", description="Of the report.")
    model: str = Field(min_length=1, max_length=1000, description="An embedded or registered model, or a folder.")
    audited: str = Field("", max_length=200, description="The class that is audited; by default the model's last.")
    threshold: Annotated[float, Field(gt=0, lt=1)] | Chosen = 0.5
    data: Data = Templates()
    metrics: tuple[MetricName, ...] = Field(("false_positive_rate", "true_positive_rate"), min_length=1)
    groups: tuple[str, ...] = Field((), description="Only these groups; by default all that are found.")
    compared: Literal["complement", "no_group"] = Field(
        "complement", description="With all other texts, or only with texts that mention no group."
    )
    intersections: bool = False
    margin: float = Field(0.05, gt=0, lt=1, description="A gap that matters.")
    alpha: float = Field(0.05, gt=0, lt=1)
    correction: Literal["bh", "by"] = "bh"
    minimum: int = Field(10, ge=2, le=1000, description="Rows below which a figure is suppressed.")
    seed: int = Field(0, ge=0, le=2**32 - 1)
    resamples: int = Field(2_000, ge=200, le=20_000)
    slurs: Literal["masked", "shown"] = Field(
        "masked",
        description="Listed words in every form of the report, tables included; shown in pages on request only.",
    )
    explain: Explanations = Explanations()
    preset: Literal["general", "ll144", "eu-ai-act"] = "general"
    checked: tuple[Checked, ...] = Field(
        (), max_length=500, description="Matches of the list of terms that a person has read, a group once."
    )
    follows: str = Field(
        "", pattern=r"^([0-9a-f]{64})?$", description="SHA-256 of the report after whose review this plan was declared."
    )

    @model_validator(mode="after")
    def _labelled(self) -> Self:
        if not isinstance(self.data, Table | Swaps) or self.data.label is not None:
            return self
        if self.needs_labels:
            raise ValueError(f"{self.needs_labels}, and the texts have none")
        return self

    @property
    def needs_labels(self) -> str:
        """The first part of the plan that needs labels, with the cure; empty where none does."""
        if needing := [name for name in self.metrics if name not in NO_LABELS_NEEDED]:
            able = " and ".join(sorted(NO_LABELS_NEEDED))
            return f"metrics: {needing[0]} needs labels ({able} need none)"
        return (
            "threshold: to choose it takes labels (a number takes none)" if isinstance(self.threshold, Chosen) else ""
        )

    @property
    def apart(self) -> frozenset[frozenset[str]]:
        """The pairs of groups that are not compared, either way."""
        return frozenset(frozenset(pair) for pair in getattr(self.data, "not_comparable", ()))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()

    @property
    def unreviewed(self) -> Plan:
        """The plan without what a reviewer decided."""
        apart = {"not_comparable": ()} if isinstance(self.data, Templates | Swaps) else {}
        return self.model_copy(update={"data": self.data.model_copy(update=apart), "follows": "", "checked": ()})


def read_plan(path: Path) -> Plan:
    """From TOML or JSON, paths in it relative to the file. Raises BadRequest with file, field and what is allowed."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} cannot be read: {error}", cure="Name a plan: a TOML or JSON file.") from None
    try:
        plan = Plan.model_validate_json(content) if path.suffix == ".json" else parsed(content)
    except ValidationError as error:
        raise BadRequest(f"{path}: {first_error(error)}", cure="Correct the field; docs/audits.md has all.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(f"{path} is not TOML: {error}") from None
    return plan


DEMOS = {"demo": "toxicity", "demo-zh": "offensive-zh"}  # the plans that come with Whence, and the models they audit


def demo_plan(name: str = "demo") -> Path:
    """A plan of DEMOS: a model that comes with Whence on the identity templates of its language."""
    return Path(__file__).parent / "plans" / f"{name}.toml"


def parsed(content: str) -> Plan:
    return Plan.model_validate(tomllib.loads(content))
