"""A compression as it is declared: steps in order, read from TOML, and what they learn from."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from ..errors import BadRequest
from ..schemas import Frozen, first_error

PLANS = Path(__file__).parent / "plans"
Share = Annotated[float, Field(gt=0, lt=1)]


class Heads(Frozen):
    """Attention heads of least importance are switched off, in all layers together; one at least stays in each."""

    do: Literal["heads"]
    share: Share


class Neurons(Frozen):
    """Inner neurons of every feed-forward part are removed, those of least importance, as many in each layer."""

    do: Literal["neurons"]
    share: Share


class Layers(Frozen):
    """Layers are removed one after the other, each time the one without which the predictions move least."""

    do: Literal["layers"]
    keep: int = Field(ge=1, le=128)


class Weights(Frozen):
    """Single weights become zero: in every row of every matrix of the layers those of least size times input."""

    do: Literal["weights"]
    share: Share


class Distil(Frozen):
    """The model learns to say what the first model says, on texts without labels; what was pruned stays pruned."""

    do: Literal["distil"]
    epochs: float = Field(1, gt=0, le=50)
    learning_rate: float = Field(1e-4, gt=0, le=1)
    temperature: float = Field(2.0, gt=0, le=20)
    tokens_per_batch: int = Field(2048, ge=16)


class Bits(Frozen):
    """Weights in 8 bits with a scale a row, or in 16 bits. Only as the last step."""

    do: Literal["bits"]
    bits: Literal[8, 16] = 8


Step = Annotated[Heads | Neurons | Layers | Weights | Distil | Bits, Field(discriminator="do")]


class Plan(Frozen):
    """data: a file of texts, relative to the plan. steps that measure or learn need it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    title: str = Field("", max_length=200)
    data: str | None = Field(None, description="CSV, JSON lines or Parquet; labels are not needed.")
    text: str | None = Field(None, description="The column of texts; guessed where left open.")
    measured_on: int = Field(256, ge=8, le=20_000, description="Texts that importance is measured on.")
    learned_from: int = Field(20_000, ge=8, le=200_000, description="Texts that distillation learns from, at most.")
    seed: int = Field(0, ge=0, le=2**31 - 1)
    step: tuple[Step, ...] = Field(min_length=1, max_length=20)

    @property
    def needs_texts(self) -> bool:
        return any(not isinstance(step, Bits) for step in self.step)

    @property
    def bits(self) -> int:
        last = self.step[-1]
        return last.bits if isinstance(last, Bits) else 32


def read_plan(path: Path) -> Plan:
    """Raises BadRequest with the file, the field and what is allowed."""
    try:
        plan = Plan.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        there = ", ".join(embedded_plans())
        raise BadRequest(
            f"{path} cannot be read: {error.strerror}; embedded plans are {there}",
            cure="Name one of them, or a TOML file.",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise BadRequest(f"{path}: {first_error(error)}", cure="docs/compression.md has every field.") from None
    if any(isinstance(step, Bits) for step in plan.step[:-1]):
        raise BadRequest(
            f"{path}: bits is not the last step", cure="Put it at the end: it says how weights are stored."
        )
    return plan


def find_plan(given: str) -> Path:
    """An embedded plan by its name, or a file."""
    return PLANS / f"{given}.toml" if given in embedded_plans() else Path(given)


def embedded_plans() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in PLANS.glob("*.toml")))
