"""Explanations and panels: look up, else ask the engine, store, answer the stored bytes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from .._library import explainers
from ..access.metered import passes
from ..dependencies import Services
from ..errors import Conflict, NotFound
from ..models.schemas import ModelOut
from ..store import history, results
from ..store.history import NewEntry
from ..store.results import Kind
from . import records
from .keys import explanation_key, panel_key
from .questions import class_of, explainer_of, question_of
from .schemas import ExplanationOut, ExplanationRequest, PanelOut, PanelRequest, QuestionRequest

KEY = re.compile(r"[0-9a-f]{64}")
MOST_TARGETS = 10  # an explanation covers all classes up to this many
LOG = structlog.get_logger("explain")
Work = Callable[[], Coroutine[Any, Any, bytes]]


@dataclass(frozen=True, slots=True)
class Address:
    project: str
    key: str
    kind: Kind


async def make_explanation(
    services: Services, request: ExplanationRequest, project: str = "default", *, wait: float | None = None
) -> ExplanationOut:
    found = await explanation_json(services, request, project, wait=wait)
    return ExplanationOut.model_validate_json(found)


async def make_panel(
    services: Services, request: PanelRequest, project: str = "default", *, wait: float | None = None
) -> PanelOut:
    return PanelOut.model_validate_json(await panel_json(services, request, project, wait=wait))


async def explanation_json(
    services: Services, request: ExplanationRequest, project: str, *, wait: float | None = None
) -> bytes:
    """The exact bytes that are stored, or with another class to show."""
    state = await _model(services, request.model)
    explainer = explainer_of(request.method, request.options, state)
    target = class_of(request.target, state.labels)

    def key_of(asked: explainers.Question) -> str:
        return explanation_key(state.digest, asked, explainer, measures=request.measures)

    address = partial(_address, project, "explanation", key_of)
    question = await _question(services, request, state, target=target, address=address)
    wanted = address(question)

    async def work() -> bytes:
        found = await services.engine.explain(
            state.id,
            question,
            method=explainer.name,
            options=explainer.model_dump(mode="json"),
            measures=request.measures,
        )
        services.metrics.passes.labels(wanted.kind).observe(passes(found.record))
        new = records.explanation(found, key=wanted.key)
        await results.put(services.store, project, [new])
        return new.body

    body = await _found_or_made(services, wanted, work, text=question.text, wait=wait)
    shown = ExplanationOut.model_validate_json(body)
    await _remember(services, project, shown, kind="explanation", method=explainer.name)
    return body if target is None else records.with_target(shown, target)


async def panel_json(services: Services, request: PanelRequest, project: str, *, wait: float | None = None) -> bytes:
    """The exact bytes that are stored, or with another class to show."""
    state = await _model(services, request.model)
    names = list(dict.fromkeys(request.methods or explainers.PANEL))
    methods = [explainers.build(name) for name in names]
    target = class_of(request.target, state.labels)
    address = partial(_address, project, "panel", lambda asked: panel_key(state.digest, asked, methods))
    question = await _question(services, request, state, target=target, address=address)
    wanted = address(question)

    async def work() -> bytes:
        found = await services.engine.panel(state.id, question, methods=names)
        services.metrics.passes.labels(wanted.kind).observe(passes(found.record))
        keys = {each.name: explanation_key(state.digest, question, each, panel=wanted.key) for each in methods}
        new = records.panel(found, key=wanted.key, keys=keys)
        await results.put(services.store, project, new)
        return new[0].body

    body = await _found_or_made(services, wanted, work, text=question.text, wait=wait)
    shown = PanelOut.model_validate_json(body)
    await _remember(services, project, shown, kind="panel", method=None)
    return body if target is None else records.with_target(shown, target)


async def find_explanation(
    services: Services, key: str, project: str = "default", target: int | str | None = None
) -> ExplanationOut:
    found = ExplanationOut.model_validate_json(await find_json(services, key, project, "explanation"))
    index = class_of(target, found.prediction.labels)
    return found if index is None else found.model_copy(update={"target": records.covered(found, index)})


async def find_panel(
    services: Services, key: str, project: str = "default", target: int | str | None = None
) -> PanelOut:
    found = PanelOut.model_validate_json(await find_json(services, key, project, "panel"))
    index = class_of(target, found.prediction.labels)
    return found if index is None else records.retargeted(found, index)


async def find_json(services: Services, key: str, project: str, kind: Kind) -> bytes:
    """The bytes that were answered first. Raises NotFound."""
    found = await results.find(services.store, project, key, kind) if KEY.fullmatch(key) else None
    if found is None:
        raise NotFound(f"no {kind} has the key {key[:80]!r}")
    return found


async def find_array(services: Services, key: str, name: str, project: str = "default") -> bytes:
    """Compressed safetensors, to be read with store.arrays.unpack. Raises NotFound."""
    found = await results.find_array(services.store, project, key, name) if KEY.fullmatch(key) else None
    if found is None:
        raise NotFound(f"the explanation {key[:80]!r} has no array {name[:80]!r}")
    return found


async def delete(services: Services, key: str, project: str, kind: Kind) -> None:
    """With its arrays and its line of the history; a panel with its explanations. Raises NotFound, Conflict."""
    if kind == "explanation" and (panel := await results.panel_of(services.store, project, key)):
        raise Conflict(f"this explanation is part of the panel {panel}", cure=f"Delete /v1/panels/{panel}.")
    if not (KEY.fullmatch(key) and await results.remove(services.store, project, key, kind)):
        raise NotFound(f"no {kind} has the key {key[:80]!r}")


async def _model(services: Services, name: str) -> ModelOut:
    """A model whose digest is known: results that are stored are answered even while the engine is restarted."""
    known = {state.id: state for state in services.engine.models()}
    if (state := known.get(name)) is not None and state.digest:
        return state
    return await services.engine.ready(name)


def _address(
    project: str, kind: Kind, key_of: Callable[[explainers.Question], str], asked: explainers.Question
) -> Address:
    return Address(project, key_of(asked), kind)


async def _question(
    services: Services,
    request: QuestionRequest,
    state: ModelOut,
    *,
    target: int | None,
    address: Callable[[explainers.Question], Address],
) -> explainers.Question:
    """Names the class to show only where an explanation would leave it out; looks before it asks the engine."""
    plain = question_of(request, state)
    if target is None or len(state.labels) <= MOST_TARGETS:
        return plain
    naming = plain.model_copy(update={"also": target})
    for question in (plain, naming):
        stored = await _stored(services, address(question))
        if stored is not None and records.covers(stored, target):
            return question
    (prediction,) = await services.engine.predict(state.id, [plain])
    ranked = sorted(range(len(state.labels)), key=lambda index: -prediction.logits[index])
    return plain if target in ranked[:MOST_TARGETS] else naming


async def _stored(services: Services, wanted: Address) -> bytes | None:
    return await results.find(services.store, wanted.project, wanted.key, wanted.kind)


async def _found_or_made(services: Services, wanted: Address, work: Work, *, text: str, wait: float | None) -> bytes:
    started = time.perf_counter()
    found = await _stored(services, wanted)
    if found is None:
        patience = services.settings.wait_seconds if wait is None else min(wait, services.settings.wait_seconds)
        body = await services.flights.share(f"{wanted.project}/{wanted.key}", work, wait=patience)
    services.metrics.looked_up(wanted.kind, stored=found is not None)
    LOG.info(
        wanted.kind,
        text=services.fingerprint(text),
        stored=found is not None,
        seconds=round(time.perf_counter() - started, 3),
    )
    return body if found is None else found


async def _remember(
    services: Services, project: str, shown: ExplanationOut | PanelOut, *, kind: Kind, method: str | None
) -> None:
    predicted, shares = shown.prediction.predicted, shown.prediction.probabilities
    entry = NewEntry(
        key=shown.key,
        kind=kind,
        text=shown.text,
        text_pair=shown.text_pair,
        model=shown.model.id,
        method=method,
        label=predicted.label,
        probability=None if shares is None else shares[predicted.index],
    )
    await history.remember(services.store, project, entry)
