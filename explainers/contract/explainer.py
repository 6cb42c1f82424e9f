"""The contract of a method, and the case that it is given."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .answer import Attribution, MethodRecord, ModelRecord, Prediction, Unit
from .attention import AttentionWeights
from .encoded import Encoded
from .model import Arithmetic, Model, Need
from .output import Output
from .progress import Progress, silent
from .question import Accuracy, ValueName
from .records import BoolArray, FloatArray, Value

if TYPE_CHECKING:
    from ..game.table import CoalitionTable

MOST_EXACT = 14  # players up to which all coalitions can be asked for


class Promise(StrEnum):
    """A property that a method promises; the conformance tests hold it to that and the pages say it."""

    COMPLETE = "complete"  # scores sum to output − baseline output
    DUMMY = "dummy"  # a feature the model ignores gets nothing
    LINEAR = "linear"  # a linear model gives back its weights


@dataclass(frozen=True, slots=True)
class Wanted:
    """Coalitions (rows, players) that a method has to know, in fp32 or in the table's own arithmetic."""

    keep: BoolArray
    precision: Arithmetic | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything one explanation is made from. A new need of a method is a new field here."""

    model: Model  # a method's `needs` says what of it may be relied on
    inputs: Encoded
    output: Output
    prediction: Prediction
    targets: tuple[int, ...]
    value: ValueName
    table: CoalitionTable
    precision: Arithmetic = "fp32"
    precision_given: bool = False  # by the question; else fp32 takes over where bf16 would err more than sampling
    accuracy: Accuracy = "normal"
    budget: int | None = None
    most_exact: int = MOST_EXACT  # players up to which all coalitions may be evaluated
    seed: int = 0
    progress: Progress = silent
    attention: AttentionWeights = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Made anew with every copy, so that another model or other embeddings never get this one's.
        object.__setattr__(self, "attention", AttentionWeights(self.model, self.inputs, self.table.whole))

    def values(self, columns: FloatArray) -> FloatArray:
        """Rows of the table (rows, columns) → the explained number (rows, targets)."""
        return self.output.value(columns, self.value, self.targets)

    def result(self, method: Explainer, *, unit: Unit | None = None, **found: Any) -> Attribution:
        """The method's finding with everything that is known already. The unit is the value function's unless given."""
        found.setdefault("output", self.values(self.table.whole)[0])
        found.setdefault("tokens", self.inputs.tokens)
        return Attribution(
            model=ModelRecord(id=self.model.id, digest=self.model.digest),
            method=method.record(seed=self.seed),
            input=self.inputs.input,
            outputs=self.inputs.outputs,
            players=self.inputs.players,
            value=self.value,
            baseline=self.inputs.baseline,
            baseline_text=self.inputs.baseline_text,
            precision=self.table.precision,
            device=self.model.device,
            accuracy=self.accuracy,
            budget=self.budget,
            features=self.inputs.features,
            unseen=self.inputs.unseen,
            windows=tuple(window.span for window in self.inputs.windows),
            focus=self.inputs.focus,
            prediction=self.prediction,
            targets=tuple(map(self.output.target, self.targets)),
            unit=unit or self.value,
            **found,
        )


class Explainer(Value):
    """A method together with its options: the fields are the options."""

    name: ClassVar[str]  # in the URL, on the command line, in JSON
    version: ClassVar[str] = "1"  # raised when the same options give other scores
    title: ClassVar[str]
    reference: ClassVar[str]
    needs: ClassVar[frozenset[Need]]
    scale: ClassVar[Literal["signed", "magnitude", "none"]] = "signed"
    promises: ClassVar[frozenset[Promise]] = frozenset()
    players_limit: ClassVar[int | None] = None  # more are refused, with a coarser level as the cure

    def most_players(self, case: Case) -> int | None:
        """Players above which this case is refused; None for no limit."""
        return None if self.players_limit is None else min(self.players_limit, case.most_exact)

    @abstractmethod
    def explain(self, case: Case) -> Attribution:
        """The scores of the case's players, by `case.result`. Raises Incompatible where the method cannot answer it."""

    def rounds(self, case: Case) -> Iterator[Wanted]:
        """The coalitions that `explain` will read, in parts: each has to be known before the next is asked for.

        So the coalitions of several texts go through the model together (many.py); what a method does not announce it
        asks for by itself.
        """
        return iter(())

    def record(self, *, seed: int) -> MethodRecord:
        """The method with its version, options and seed, as results name it."""
        return MethodRecord(name=self.name, version=self.version, options=self.model_dump(mode="json"), seed=seed)
