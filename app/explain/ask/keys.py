"""The address of a result: a hash of everything that decides its numbers. The class to show is not part of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import rfc8785

from ..._library import explainers
from ...engine.schemas import ModelOut

SCHEMA = 2  # raised when equal questions get other answers


def numbers_of(state: ModelOut) -> str:
    """Fingerprint of a model's numbers: its files, and a device that sums in another order than the processor."""
    return state.digest if state.device == "cpu" else f"{state.digest} on {state.device}"


def explanation_key(
    model: str,
    question: explainers.Question,
    explainer: explainers.Explainer,
    *,
    panel: str | None = None,
    measures: Sequence[str] = (),
) -> str:
    """`model`: numbers_of it.

    `panel`: the panel it is made in. Methods of a panel share their evaluations, so their samples differ.

    `measures`: those on demand, whose order says nothing.
    """
    within = {} if panel is None else {"panel": panel}
    also = {"measures": sorted(set(measures))} if measures else {}
    return _key({"kind": "explanation", "model": model, **_asked(question), **_method(explainer), **within, **also})


def panel_key(model: str, question: explainers.Question, methods: Sequence[explainers.Explainer]) -> str:
    return _key(
        {"kind": "panel", "model": model, **_asked(question), "methods": [_method(method) for method in methods]}
    )


def generation_key(model: str, asked: explainers.Input, decoding: explainers.Decoding) -> str:
    """`model`: numbers_of it."""
    made = {"input": asked.model_dump(mode="json"), "decoding": decoding.model_dump(mode="json")}
    return _key({"kind": "generation", "model": model, **made})


def _asked(question: explainers.Question) -> dict[str, Any]:
    return question.model_dump(mode="json")


def _method(explainer: explainers.Explainer) -> dict[str, Any]:
    return {
        "method": explainer.name,
        "version": explainer.version,
        "options": explainer.model_dump(mode="json"),
    }


def _key(parts: dict[str, Any]) -> str:
    try:
        return hashlib.sha256(rfc8785.dumps({"schema": SCHEMA, **parts})).hexdigest()
    except rfc8785.CanonicalizationError as error:
        raise explainers.BadInput(f"an option has a value that JSON cannot hold exactly: {error}") from error
