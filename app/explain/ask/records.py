"""Answers of the engine, as they are stored and given out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..._library import explainers
from ...engine.messages import KEPT, Explained, ExplainedPanel
from ...errors import BadRequest
from ...store.history import NewEntry
from ...store.results import NewResult
from .keys import explanation_key
from .outcome import in_words
from .schemas import Asked, ExplanationOut, PanelOut


def answer(asked: Asked, found: Explained | ExplainedPanel) -> list[NewResult]:
    """Results to store of an answer, the answer itself first."""
    if isinstance(found, Explained):
        return [explanation(found, key=asked.key, model=asked.model)]
    keys = {
        name: explanation_key(asked.digest, asked.question, explainers.build(name), panel=asked.key)
        for name in asked.methods
    }
    return panel(found, key=asked.key, model=asked.model, keys=keys)


def read(asked: Asked, body: bytes) -> ExplanationOut | PanelOut:
    return (PanelOut if asked.kind == "panel" else ExplanationOut).model_validate_json(body)


def entry(asked: Asked, shown: ExplanationOut | PanelOut) -> NewEntry:
    """The line of the history."""
    said, shares = shown.prediction, shown.prediction.probabilities
    return NewEntry(
        key=shown.key,
        kind=asked.kind,
        text=given.name if isinstance(given := asked.question.input, explainers.FileInput) else shown.text,
        text_pair=shown.text_pair,
        model=shown.model.id,
        method=None if asked.kind == "panel" else asked.methods[0],
        label=in_words(said),
        probability=None if shares is None else shares[said.place(said.main.index)],
    )


def explanation(found: Explained, *, key: str, model: str, panel: str | None = None) -> NewResult:
    listed = sorted(set(found.arrays) - KEPT)
    body = extended(found.body, key=key, panel=panel, target=found.target, arrays=listed)
    return NewResult(key=key, kind="explanation", panel=panel, model=model, body=body, arrays=found.arrays)


def panel(found: ExplainedPanel, *, key: str, model: str, keys: Mapping[str, str]) -> list[NewResult]:
    """The panel first, then each of its explanations under a key of its own."""
    parts = [explanation(part, key=keys[part.method], model=model, panel=key) for part in found.parts]
    body = extended(found.body, key=key, target=found.target, explanations=[part.body for part in parts])
    return [NewResult(key=key, kind="panel", model=model, body=body), *parts]


def extended(body: bytes, **members: Any) -> bytes:
    """A JSON object with more members at its end: what the engine made is neither read nor made again.

    A list of bytes is a list of JSON texts.
    """
    made = (b'"%b":%b' % (name.encode(), _json(value)) for name, value in members.items())
    return body[:-1] + b"," + b",".join(made) + b"}"


def _json(value: Any) -> bytes:
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return b"[" + b",".join(value) + b"]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def covers(body: bytes, index: int) -> bool:
    """Whether a stored explanation or panel has a row for a class."""
    record = json.loads(body)
    first = record if "targets" in record else next(iter(record["explanations"]), {"targets": []})
    return any(target["index"] == index for target in first["targets"])


def covered(found: explainers.Attribution, index: int) -> explainers.Target:
    """The row of a class. Raises BadRequest for one that the explanation leaves out."""
    for target in found.targets:
        if target.index == index:
            return target
    listed = ", ".join(target.label for target in found.targets)
    raise BadRequest(f"class {index} is not covered; this explanation covers {listed}", cure="Ask for it with target.")


def retargeted(found: PanelOut, index: int) -> PanelOut:
    shown = tuple(each.model_copy(update={"target": covered(each, index)}) for each in found.explanations)
    label = explainers.Target(index=index, label=found.prediction.labels[found.prediction.place(index)])
    return found.model_copy(update={"target": label, "explanations": shown})


def turned(found: ExplanationOut | PanelOut, index: int) -> ExplanationOut | PanelOut:
    """The answer with another class to show."""
    if isinstance(found, PanelOut):
        return retargeted(found, index)
    return found.model_copy(update={"target": covered(found, index)})
