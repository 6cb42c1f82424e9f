"""The engine in a process of a Ray cluster. Imported there; the runner only names it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from ..._library import explainers
from ...engine.engine import Engine, Loader
from ...engine.errors import to_wire
from ...engine.messages import Asking, Load, Message, Register, received
from ...engine.operations import report
from ...engine.schemas import ModelOut
from ...errors import ModelFailed


class EngineActor:
    """Does one thing at a time; models are loaded when they are first asked for.

    Ray calls `ask` in one thread and the rest in another, so that a running question can be stopped.
    """

    def __init__(
        self, embedded: Sequence[str], threads: int, load: Loader | None = None, *, device: str = "auto"
    ) -> None:
        import torch

        torch.set_num_threads(threads)
        self.engine = Engine(load, device=device)
        self._stopped: dict[int, threading.Event] = {}
        self.engine.announced(embedded=embedded, sources=())

    def ask(self, number: int, asked: dict[str, Any], sources: Sequence[str]) -> dict[str, Any]:
        """{result} or {error}, as on the socket of the engine process: errors keep their codes on the way."""
        stopped = self._stopped.setdefault(number, threading.Event())

        def progress(done: float, note: str = "") -> None:
            if stopped.is_set():
                raise explainers.Cancelled("the job was asked to stop")

        try:
            progress(0.0)
            return {"result": self._answer(received(**asked), sources, progress)}
        except Exception as error:
            report(error)
            return {"error": to_wire(error)}
        finally:
            del self._stopped[number]

    def _answer(self, message: Message[Any], sources: Sequence[str], progress: explainers.Progress) -> Any:
        for source in sources:  # in the order in which the engine process has them, so that the names are the same
            self.engine.announce(source, embedded=False)
        if isinstance(message, Register):
            return self.engine.announce(message.path, embedded=False).model_dump(mode="json")
        if not isinstance(message, Load | Asking):
            raise ValueError(f"{message.op()} is not for an engine of a cluster")
        state = self._loaded(message.model)
        return state.model_dump(mode="json") if isinstance(message, Load) else self.engine.ask(message, progress)

    def stop(self, number: int) -> None:
        self._stopped.setdefault(number, threading.Event()).set()

    def alive(self) -> None:
        """Answers once the process is up."""

    def _loaded(self, name: str) -> ModelOut:
        """Raises UnknownModel, ModelFailed."""
        state = self.engine.state(name)
        if state.status in ("loading", "idle"):
            state = self.engine.load(state)
        if state.status == "failed":
            raise ModelFailed(f"the model {name} could not be loaded: {state.reason}")
        return state
