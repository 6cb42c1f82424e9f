"""What the engine found, as it is stored and answered."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..._library import explainers
from ...engine.contract import Explained, ExplainedPanel
from ...errors import BadRequest
from ...store.history import NewEntry
from ...store.results import NewResult
from .keys import explanation_key
from .schemas import Asked, ExplanationOut, PanelOut


def answer(asked: Asked, found: Explained | ExplainedPanel) -> list[NewResult]:
    """What is stored of it, the answer itself first."""
    if isinstance(found, Explained):
        return [explanation(found, key=asked.key)]
    keys = {
        name: explanation_key(asked.digest, asked.question, explainers.build(name), panel=asked.key)
        for name in asked.methods
    }
    return panel(found, key=asked.key, keys=keys)


def read(asked: Asked, body: bytes) -> ExplanationOut | PanelOut:
    return (PanelOut if asked.kind == "panel" else ExplanationOut).model_validate_json(body)


def entry(asked: Asked, shown: ExplanationOut | PanelOut) -> NewEntry:
    """The line of the history."""
    predicted, shares = shown.prediction.predicted, shown.prediction.probabilities
    return NewEntry(
        key=shown.key,
        kind=asked.kind,
        text=shown.text,
        text_pair=shown.text_pair,
        model=shown.model.id,
        method=None if asked.kind == "panel" else asked.methods[0],
        label=predicted.label,
        probability=None if shares is None else shares[predicted.index],
    )


def explanation(found: Explained, *, key: str, panel: str | None = None) -> NewResult:
    predicted = found.record["prediction"]["predicted"]
    record = ExplanationOut.model_validate(
        {**found.record, "key": key, "panel": panel, "target": predicted, "arrays": sorted(found.arrays)}
    )
    return NewResult(
        key=key,
        kind="explanation",
        panel=panel,
        model=record.model.id,
        body=record.model_dump_json().encode(),
        arrays=found.arrays,
    )


def panel(found: ExplainedPanel, *, key: str, keys: Mapping[str, str]) -> list[NewResult]:
    """The panel first, then each of its explanations under a key of its own."""
    parts = [
        explanation(Explained(each, found.arrays.get(name, {})), key=keys[name], panel=key)
        for each in found.record["explanations"]
        for name in [each["method"]["name"]]
    ]
    explanations = [ExplanationOut.model_validate_json(part.body) for part in parts]
    predicted = found.record["prediction"]["predicted"]
    record = PanelOut.model_validate({**found.record, "key": key, "target": predicted, "explanations": explanations})
    whole = NewResult(key=key, kind="panel", model=record.model.id, body=record.model_dump_json().encode())
    return [whole, *parts]


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
    label = explainers.Target(index=index, label=found.prediction.labels[index])
    return found.model_copy(update={"target": label, "explanations": shown})


def with_target(found: ExplanationOut | PanelOut, index: int) -> bytes:
    if isinstance(found, PanelOut):
        return retargeted(found, index).model_dump_json().encode()
    return found.model_copy(update={"target": covered(found, index)}).model_dump_json().encode()
