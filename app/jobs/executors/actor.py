"""The engine in a process of a Ray cluster. Imported there; the runner only names it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from ..._library import explainers
from ...engine.engine import Engine, Loader
from ...engine.errors import to_wire
from ...engine.operations import operation, report


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

    def ask(self, number: int, op: str, message: dict[str, Any]) -> dict[str, Any]:
        """{result} or {error}, as on the socket of the engine process: errors keep their codes on the way."""
        stopped = self._stopped.setdefault(number, threading.Event())

        def progress(done: float, note: str = "") -> None:
            if stopped.is_set():
                raise explainers.Cancelled("the job was asked to stop")

        try:
            progress(0.0)
            self._load(str(message["model"]), message.pop("sources"))
            if op == "models":
                return {"result": [state.model_dump(mode="json") for state in self.engine.models()]}
            return {"result": operation(self.engine, op, message)(progress)}
        except Exception as error:
            report(error)
            return {"error": to_wire(error)}
        finally:
            del self._stopped[number]

    def stop(self, number: int) -> None:
        self._stopped.setdefault(number, threading.Event()).set()

    def alive(self) -> None:
        """Answers once the process is up."""

    def _load(self, name: str, sources: Sequence[str]) -> None:
        for source in sources:  # in the order in which the engine process has them, so that the names are the same
            self.engine.announce(source, embedded=False)
        for state in self.engine.models():
            if state.id == name and state.status == "loading":
                self.engine.load(state)
