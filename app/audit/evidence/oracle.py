"""The model as an audit asks it: in this process, or in the engine through a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..._library import explainers
from ...engine.messages import Explained, ExplainMany, Score
from ...errors import BadRequest
from ..data.values import Floats

PART = 64  # texts of a pass between two reports of progress


@dataclass(frozen=True)
class ModelFacts:
    id: str
    title: str
    digest: str
    labels: tuple[str, ...]
    head: explainers.Head
    card: Mapping[str, Any] | None


class Oracle(Protocol):
    facts: ModelFacts

    def logits(self, texts: Sequence[str]) -> Floats:
        """(texts, labels)."""
        ...

    def explain(self, questions: Sequence[explainers.Question], method: str) -> list[explainers.Attribution]:
        """Raises what one of the questions has instead of an explanation."""
        ...


class LocalOracle:
    """A model of this process."""

    def __init__(self, model: explainers.Model, progress: explainers.Progress = explainers.silent) -> None:
        self.model = model
        self.progress = progress
        self.facts = ModelFacts(model.id, model.title, model.digest, tuple(model.labels), model.head, model.card)

    def logits(self, texts: Sequence[str]) -> Floats:
        found: Floats = explainers.runner.scores(self.model, list(texts), progress=self.progress)
        return found

    def explain(self, questions: Sequence[explainers.Question], method: str) -> list[explainers.Attribution]:
        found = explainers.explain_many(self.model, questions, explainers.build(method, {}), progress=self.progress)
        _refuse_failed(found)
        return [each for each in found if isinstance(each, explainers.Attribution)]


class EngineOracle:
    """A model of the engine, asked on behalf of a job."""

    def __init__(self, engine: Any, model: str) -> None:
        self.engine = engine
        state = engine.ready(model)
        assert state.head is not None
        self.facts = ModelFacts(state.id, state.title, state.digest, state.labels, state.head, state.card)

    def logits(self, texts: Sequence[str]) -> Floats:
        found: Floats = self.engine.ask(Score(model=self.facts.id, texts=tuple(texts)))
        return found

    def explain(self, questions: Sequence[explainers.Question], method: str) -> list[explainers.Attribution]:
        found = self.engine.ask(ExplainMany(model=self.facts.id, questions=tuple(questions), method=method))
        _refuse_failed(found)
        bodies = [each.body for each in found if isinstance(each, Explained)]
        return [explainers.Attribution.model_validate_json(body) for body in bodies]


def logits_of(oracle: Oracle, texts: Sequence[str], tell: Callable[[float], None]) -> Floats:
    """(texts, labels), asked for in parts; `tell` hears the share that is done before each."""
    parts = []
    for start in range(0, len(texts), PART):
        tell(start / len(texts))
        parts.append(oracle.logits(texts[start : start + PART]))
    return np.concatenate(parts)


def _refuse_failed(found: Sequence[object]) -> None:
    """Raises the first of the answers that is an error."""
    for each in found:
        if isinstance(each, Exception):
            raise each


def audited_class(facts: ModelFacts, wanted: str) -> int:
    """The number of the audited class, by default the last. Raises BadRequest."""
    if facts.head == "regression":
        raise BadRequest(f"{facts.id} gives a number, no classes", cure="Audit a classifier.")
    if not wanted:
        return len(facts.labels) - 1
    if wanted not in facts.labels:
        known = ", ".join(facts.labels)
        raise BadRequest(f"{facts.id} has no class {wanted[:80]!r}; there are {known}", cure="Name one of them.")
    return facts.labels.index(wanted)


def probabilities(facts: ModelFacts, logits: Floats, *, target: int) -> Floats:
    """p(class | text), rounded to 1e-6: what is stored, and what every number of an audit is computed from."""
    found: Floats = explainers.values.probabilities(logits, facts.head)[:, target].round(6)
    return found
