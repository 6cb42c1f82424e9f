"""The engine as one caller may use it: every question is paid for, whichever route asks it."""

from __future__ import annotations

from typing import TypeVar

from .._library import explainers
from ..engine.contract import EngineClient
from ..engine.messages import Message
from ..engine.schemas import ModelOut
from .budget import Purse

A = TypeVar("A")


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

    async def ask(self, message: Message[A], *, progress: explainers.Progress | None = None) -> A:
        if not message.cost:
            return await self.engine.ask(message, progress=progress)
        with self.purse.paying(message.cost) as cost:
            answer = await self.engine.ask(message, progress=progress)
            cost(message.spent(answer))
            return answer

    async def ready(self, model: str) -> ModelOut:
        return await self.engine.ready(model)
