"""The engine as one caller may use it: every question is paid for, whichever route asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._library import explainers
from ..engine.contract import EngineClient, Explained, ExplainedPanel, FloatArray, Text
from ..engine.costs import estimate, tokens, tokens_of
from ..engine.schemas import ModelOut
from .budget import Purse


class Metered:
    """An EngineClient."""

    def __init__(self, engine: EngineClient, purse: Purse) -> None:
        self.engine = engine
        self.purse = purse

    @property
    def waiting(self) -> int:
        return self.engine.waiting

    @property
    def starts(self) -> int:
        return self.engine.starts

    def models(self) -> tuple[ModelOut, ...]:
        return self.engine.models()

    async def predict(self, model: str, questions: Sequence[explainers.Question]) -> tuple[explainers.Prediction, ...]:
        with self.purse.paying(sum(map(tokens, questions))):
            return await self.engine.predict(model, questions)

    async def scores(self, model: str, texts: Sequence[Text]) -> FloatArray:
        with self.purse.paying(sum(tokens_of(*((text,) if isinstance(text, str) else text)) for text in texts)):
            return await self.engine.scores(model, texts)

    async def explain(
        self,
        model: str,
        question: explainers.Question,
        *,
        method: str,
        options: Mapping[str, Any],
        measures: Sequence[str] = (),
    ) -> Explained:
        with self.purse.paying(estimate(question)) as cost:
            found = await self.engine.explain(model, question, method=method, options=options, measures=measures)
            cost(tokens(question) * max(1, passes(found.record)))
            return found

    async def panel(
        self, model: str, question: explainers.Question, *, methods: Sequence[str] | None
    ) -> ExplainedPanel:
        with self.purse.paying(estimate(question)) as cost:
            found = await self.engine.panel(model, question, methods=methods)
            cost(tokens(question) * max(1, passes(found.record)))
            return found

    async def register(self, path: str) -> ModelOut:
        return await self.engine.register(path)

    async def forget(self, model: str) -> None:
        await self.engine.forget(model)

    async def figures(self) -> bytes:
        return await self.engine.figures()

    async def ready(self, model: str) -> ModelOut:
        return await self.engine.ready(model)


def passes(record: Mapping[str, Any]) -> int:
    """Rows that went through the model for an explanation, or for all explanations of a panel."""
    each = record.get("explanations")
    return int(record.get("forward_passes", 0)) if each is None else sum(map(passes, each))
