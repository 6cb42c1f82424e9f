"""The TOML file of a prompt that classifies: what it may hold, and why one is refused. No torch here."""

from __future__ import annotations

import hashlib
import json
import tomllib
from itertools import permutations
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ...errors import BadModel

SUFFIX = ".toml"
SLOT = "{text}"
MOST_BYTES = 2**20
MOST_CLASSES = 100
MOST_EXAMPLES = 64
SHOWN = ("title", "description", "intended_use", "language", "limits", "figures")  # decide nothing


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Example(_Part):
    """A text with the class that it has, shown to the model before the text that is asked about."""

    text: str = Field(min_length=1)
    label: str = Field(alias="class")


class Figure(_Part):
    """A figure that was measured: of what data, with a 95 % interval."""

    name: str
    metric: str
    value: float
    low: float
    high: float
    texts: int = Field(ge=1)
    goal: float | None = None


class Recipe(_Part):
    """A prompt as it was written down.

    base: the name of a language model in a wheel, or the path of a folder or GGUF file beside the TOML. template: the
    question, with {text} once. classes: a phrase for each, in the order of the outputs. length_normalised: the
    log-probability of a phrase is divided by its tokens. calibrated: what the phrases get of an empty text is taken
    off. chat: whether the base's chat template stands around the question; None where it has one.
    """

    base: str = Field(min_length=1)
    template: str
    classes: dict[str, str]
    length_normalised: bool
    calibrated: bool
    chat: bool | None = None
    system: str | None = Field(None, min_length=1)
    examples: tuple[Example, ...] | None = None
    title: str = ""
    description: str = ""
    intended_use: str = ""
    language: str = ""
    limits: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()

    @field_validator("template")
    @classmethod
    def _has_one_slot(cls, template: str) -> str:
        found = template.count(SLOT)
        if found != 1:
            raise ValueError(f"{SLOT} must stand in it once, where the text comes; it stands there {found} times")
        return template

    @field_validator("classes")
    @classmethod
    def _are_told_apart(cls, classes: dict[str, str]) -> dict[str, str]:
        if not 2 <= len(classes) <= MOST_CLASSES:
            raise ValueError(f"{len(classes)} classes are named; a prompt chooses among 2 to {MOST_CLASSES}")
        for name, phrase in classes.items():
            if not name.strip() or not phrase.strip():
                raise ValueError(f"class {name!r} has the phrase {phrase!r}: both need visible characters")
        for (name, phrase), (other, longer) in permutations(classes.items(), 2):
            if longer.strip().startswith(phrase.strip()):
                raise ValueError(
                    f"the phrase {phrase!r} of {name!r} begins the phrase {longer!r} of {other!r}, so that it would "
                    "always be the more probable one: choose phrases of which none begins another"
                )
        return classes

    @field_validator("examples")
    @classmethod
    def _are_some(cls, examples: tuple[Example, ...] | None) -> tuple[Example, ...] | None:
        if examples is not None and not 1 <= len(examples) <= MOST_EXAMPLES:
            raise ValueError(f"there are {len(examples)}: give 1 to {MOST_EXAMPLES}, or leave examples out")
        return examples

    @model_validator(mode="after")
    def _examples_have_its_classes(self) -> Recipe:
        for number, example in enumerate(self.examples or (), start=1):
            if example.label not in self.classes:
                known = ", ".join(self.classes)
                raise ValueError(f"example {number} has the class {example.label!r}; there are {known}")
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.classes)

    @property
    def phrases(self) -> tuple[str, ...]:
        """Phrases that the model chooses among, in the order of `labels`."""
        return tuple(self.classes.values())

    @property
    def around(self) -> tuple[str, str]:
        """The template before the text, and behind it."""
        before, _, behind = self.template.partition(SLOT)
        return before, behind

    def digest(self, base: str) -> str:
        """SHA-256 of all that decides the numbers; base: the digest of the base model."""
        decides = self.model_dump(mode="json", exclude={"base", *SHOWN}, by_alias=True)
        return hashlib.sha256(json.dumps([base, decides, list(self.classes)], sort_keys=True).encode()).hexdigest()


def is_recipe(path: str | Path) -> bool:
    """Whether a path names a file of this kind."""
    return Path(path).suffix.lower() == SUFFIX


def read_recipe(path: Path) -> Recipe:
    """Raises BadModel with the field, what it may be and what it is."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise BadModel(f"{path.name} has {size:,} bytes; at most {MOST_BYTES:,} are read: leave some examples out")
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadModel(f"{path.name} is not valid TOML ({str(error)[:200]}): correct that line") from None
    except OSError as error:
        raise BadModel(
            f"{path.name} cannot be read ({error.strerror}): let the user that runs Whence read it"
        ) from None
    try:
        return Recipe.model_validate(given)
    except ValidationError as error:
        raise BadModel(f"{path.name}: {_said(error.errors()[0])}") from None


def _said(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "missing":
        return f"{place} is missing; {_MISSING.get(place, 'it must be given')}"
    if fault["type"] == "extra_forbidden":
        known = ", ".join(each.alias or name for name, each in Recipe.model_fields.items())
        return f"{place} is no field of a prompt; there are {known}"
    return f"{place}: {message}" if place else message


_MISSING = {
    "base": 'name a language model: base = "smollm2", or the path of a folder or GGUF file',
    "template": f"give the question with {SLOT} in it",
    "classes": 'give a phrase for each class: [classes], then positive = "positive"',
    "length_normalised": "say true (phrases are compared by log-probability per token) or false",
    "calibrated": "say true (what an empty text gives is taken off) or false",
}
