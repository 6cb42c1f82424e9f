"""What may be asked of an engine by name, whichever way the question travels; answers are msgpack values."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

from .._library import explainers
from ..errors import AppError
from ..store.arrays import pack
from .contract import Explained, ExplainedPanel
from .engine import Engine

OPERATIONS = ("predict", "scores", "explain", "panel")


def operation(engine: Engine, op: str, message: dict[str, Any]) -> Callable[[explainers.Progress], Any]:
    """The work, checked and ready to run. Raises ValueError for an operation that is not there."""
    name = str(message["model"])
    if op not in OPERATIONS:
        raise ValueError(f"no operation is called {op!r}")
    if (apart := engine.apart(name)) is not None:
        return lambda progress: apart.ask(op, message, progress)
    if op == "predict":
        questions = [explainers.Question.model_validate(each) for each in message["questions"]]
        return lambda progress: [
            each.model_dump(mode="json") for each in engine.predict(name, questions, progress=progress)
        ]
    if op == "scores":
        texts = [text if isinstance(text, str) else tuple(text) for text in message["texts"]]
        return lambda progress: pack(engine.scores(name, texts, progress=progress), name="scores")
    question = explainers.Question.model_validate(message["question"])
    if op == "explain":
        asked = {"method": message["method"], "options": message["options"], "measures": message["measures"]}
        return lambda progress: _packed(engine.explain(name, question, **asked, progress=progress))
    methods = message["methods"]
    return lambda progress: _packed(engine.panel(name, question, methods=methods, progress=progress))


def report(error: BaseException) -> None:
    """Where an unexpected error arose; not its message, which may quote a text."""
    if not isinstance(error, AppError | explainers.ExplainersError):
        frames = "".join(traceback.format_tb(error.__traceback__))
        print(f"engine: {type(error).__name__}\n{frames}", file=sys.stderr)


def _packed(found: Explained | ExplainedPanel) -> dict[str, Any]:
    return {"record": found.record, "arrays": found.arrays}
