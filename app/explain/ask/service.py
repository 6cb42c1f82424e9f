"""Explanations and panels: look up, else ask the engine, store, answer the stored bytes. What is slow is a job."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import structlog
from sqlalchemy.orm import Session

from ..._library import explainers
from ...engine.contract import Listener
from ...engine.demand.flights import NotYet
from ...engine.messages import Explained, ExplainedPanel, Predict
from ...engine.schemas import ModelOut
from ...errors import Conflict, NotFound, StorageFailed
from ...jobs import forgetting
from ...logging import tell_operator
from ...store import history, holders, results
from ...store.arrays import ArrayFiles
from ...store.database import NOTE_SECONDS
from ...store.forgetting import forget_results
from ...store.history import NewEntry
from ...store.results import Kind
from ...web.dependencies import Services
from . import later, records
from .keys import explanation_key, numbers_of, panel_key
from .questions import class_of, explainer_of, question_of
from .schemas import Asked, ExplanationOut, ExplanationRequest, PanelOut, PanelRequest, QuestionRequest

KEY = re.compile(r"[0-9a-f]{64}")
LOG = structlog.get_logger("explain")


async def make_explanation(
    services: Services,
    request: ExplanationRequest,
    project: str = "default",
    *,
    wait: float | None = None,
    holder: str = holders.ASKED,
) -> ExplanationOut:
    """holder: for whom the answer is kept (store/holders.py)."""
    shown = (await _answered(services, request, project, Terms(wait=wait, holder=holder))).shown
    assert isinstance(shown, ExplanationOut)
    return shown


async def stored_explanations(
    services: Services, asked: Mapping[str, ExplanationRequest], state: ModelOut, project: str
) -> dict[str, ExplanationOut]:
    """The answers to those of the requests that were asked before, by the names of the requests."""
    keys = {
        name: explanation_key(
            numbers_of(state),
            question_of(request, state),
            explainer_of(request.method, request.options, state),
            measures=request.measures,
        )
        for name, request in asked.items()
    }
    bodies = await results.find_all(services.store, project, list(keys.values()))
    return {name: ExplanationOut.model_validate_json(bodies[key]) for name, key in keys.items() if key in bodies}


async def explanation_json(
    services: Services,
    request: ExplanationRequest,
    project: str,
    *,
    wait: float | None = None,
) -> bytes:
    """The exact bytes that are stored, or with another class to show. Raises StillRunning."""
    return (await _answered(services, request, project, Terms(wait=wait))).json


async def panel_json(services: Services, request: PanelRequest, project: str, *, wait: float | None = None) -> bytes:
    """The exact bytes that are stored, or with another class to show. Raises StillRunning."""
    return (await _answered(services, request, project, Terms(wait=wait))).json


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """For whom an answer is kept, and how it is waited for. follow: also for a job; listener: told of each part."""

    holder: str = holders.ASKED  # store/holders.py
    wait: float | None = None
    follow: bool = True
    listener: Listener | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    stored: bytes
    shown: ExplanationOut | PanelOut  # read once: for the history, and for the page that asked
    turned: bool  # to another class than the predicted one

    @property
    def json(self) -> bytes:
        return self.shown.model_dump_json().encode() if self.turned else self.stored


async def _answered(
    services: Services, request: PanelRequest | ExplanationRequest, project: str, terms: Terms
) -> Answered:
    asked, target = await asked_for(services, request, project)
    return await answered(services, project, asked, terms, target=target)


def name_of(project: str, key: str) -> str:
    """The name of what is under way in this process."""
    return f"{project}/{key}"


async def asked_for(
    services: Services, request: PanelRequest | ExplanationRequest, project: str
) -> tuple[Asked, int | None]:
    """The question under its key, and the class that is to be shown where one was named."""
    if isinstance(request, PanelRequest):
        return await asked_panel(services, request, project)
    return await asked_explanation(services, request, project)


async def asked_explanation(services: Services, request: ExplanationRequest, project: str) -> tuple[Asked, int | None]:
    """The question under its key, and the class that is to be shown where one was named."""
    state = await settled(services, request.model)
    explainer = explainer_of(request.method, request.options, state)

    def asked(question: explainers.Question) -> Asked:
        return Asked(
            key=explanation_key(numbers_of(state), question, explainer, measures=request.measures),
            kind="explanation",
            model=state.id,
            digest=numbers_of(state),
            question=question,
            methods=(explainer.name,),
            options=explainer.model_dump(mode="json"),
            measures=tuple(request.measures),
        )

    target = class_of(request.target, state.labels)
    return asked(await _question(services, request, state, project, target=target, asked_of=asked)), target


async def asked_panel(services: Services, request: PanelRequest, project: str) -> tuple[Asked, int | None]:
    """The question under its key, and the class that is to be shown where one was named."""
    state = await settled(services, request.model)
    names = tuple(dict.fromkeys(request.methods or explainers.panel_of(state.task)))
    methods = [explainers.build(name) for name in names]

    def asked(question: explainers.Question) -> Asked:
        key = panel_key(numbers_of(state), question, methods)
        return Asked(
            key=key, kind="panel", model=state.id, digest=numbers_of(state), question=question, methods=names
        )  # fmt: skip

    target = class_of(request.target, state.labels)
    return asked(await _question(services, request, state, project, target=target, asked_of=asked)), target


async def find_explanation(
    services: Services, key: str, project: str = "default", target: int | str | None = None
) -> ExplanationOut:
    found = ExplanationOut.model_validate_json(await find_json(services, key, project, "explanation"))
    index = class_of(target, found.prediction.labels, found.prediction.numbered)
    return found if index is None else found.model_copy(update={"target": records.covered(found, index)})


async def find_panel(
    services: Services, key: str, project: str = "default", target: int | str | None = None
) -> PanelOut:
    found = PanelOut.model_validate_json(await find_json(services, key, project, "panel"))
    index = class_of(target, found.prediction.labels, found.prediction.numbered)
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
    """With its arrays, its line of the history and its job; a panel with its explanations; also one that is still made.

    Raises NotFound, Conflict.
    """
    if kind == "explanation" and (panel := await results.panel_of(services.store, project, key)):
        raise Conflict(f"this explanation is part of the panel {panel}", cure=f"Delete /v1/panels/{panel}.")
    other = await results.kind_of(services.store, project, key) not in (kind, None)
    arriving = not other and services.arrivals.drop(name_of(project, key))
    if other or not ((KEY.fullmatch(key) and await forgetting.results(services, project, key)) or arriving):
        raise NotFound(f"no {kind} has the key {key[:80]!r}")


async def settled(services: Services, name: str) -> ModelOut:
    """A model whose digest is known: results that are stored are answered even while the engine is restarted."""
    known = {state.id: state for state in services.engine.models()}
    if (state := known.get(name)) is not None and state.digest:
        return state
    return await services.engine.ready(name)


async def answered(
    services: Services, project: str, asked: Asked, terms: Terms, *, target: int | None = None
) -> Answered:
    body = await _found_or_made(services, project, asked, terms)
    shown = records.read(asked, body)
    await remember(services, project, records.entry(asked, shown), terms.holder)
    if target is None:
        return Answered(body, shown, turned=False)
    return Answered(body, records.turned(shown, target), turned=True)


async def remember(services: Services, project: str, entry: NewEntry, holder: str) -> None:
    """Notes for whom the answer is kept: what is stored is answered also while the database takes no note."""
    keep = partial(_keep, services.store.files, project, entry, holder)
    try:
        kept = await services.store.write(keep, patience=NOTE_SECONDS)
    except StorageFailed as error:
        tell_operator(error)
        return
    if not kept:
        raise NotFound("what this was asked for was deleted meanwhile")


async def _question(
    services: Services,
    request: QuestionRequest,
    state: ModelOut,
    project: str,
    *,
    target: int | None,
    asked_of: Callable[[explainers.Question], Asked],
) -> explainers.Question:
    """Names the class to show only where an explanation would leave it out; looks before it asks the engine."""
    plain = question_of(request, state)
    most = explainers.values.covered(state.task)
    if target is None or len(state.labels) <= most:
        return plain
    naming = plain.covering(target)
    for question in (plain, naming):
        known = await stored(services, project, asked_of(question))
        if known is not None and records.covers(known, target):
            return question
    (prediction,) = await services.engine.ask(Predict(model=state.id, questions=(plain,)))
    ranked = explainers.values.ranked(np.asarray(prediction.logits), state.head)
    return plain if target in ranked[:most] else naming


async def stored(services: Services, project: str, asked: Asked) -> bytes | None:
    return await results.find(services.store, project, asked.key, asked.kind)


def _keep(files: ArrayFiles, project: str, entry: NewEntry, holder: str, session: Session) -> bool:
    """Notes for whom a result is kept. False where it was deleted meanwhile, or its holder: then it goes too."""
    if not results.is_there(session, project, entry.key):
        return False
    if holders.is_gone(session, project, holder):
        if holders.is_free(session, project, entry.key):
            forget_results(session, files, project, [entry.key])
        return False
    holders.hold(session, project, [entry.key], holder)
    history.put(session, project, entry)
    return True


async def _found_or_made(services: Services, project: str, asked: Asked, terms: Terms) -> bytes:
    started = time.perf_counter()
    found = await stored(services, project, asked)
    body = found or await _made(services, project, asked, terms)
    services.metrics.looked_up(asked.kind, stored=found is not None)
    LOG.info(
        asked.kind,
        text=services.fingerprint(asked.question.text),
        stored=found is not None,
        seconds=round(time.perf_counter() - started, 3),
    )
    return body


async def will_be_slow(services: Services, project: str, asked: Asked) -> bool:
    """Whether it is a job from the start, or is one already."""
    seconds = services.pace.seconds(asked.model, asked.what, asked.question)
    return (
        seconds > services.settings.interactive_seconds
        or await later.under_way(services, project, asked.key) is not None
    )


async def _made(services: Services, project: str, asked: Asked, terms: Terms) -> bytes:
    """At once, or by a job: what is slow, and what is not done in time. Raises StillRunning."""
    longest = services.settings.wait_seconds
    patience = longest if terms.wait is None else min(terms.wait, longest)
    if patience and not await will_be_slow(services, project, asked):
        work = partial(_make, services, project, asked, terms.listener)
        try:
            return await services.flights.share(name_of(project, asked.key), work, wait=patience)
        except NotYet:
            patience = 0
    return await later.made(services, project, asked, wait=patience if terms.follow else 0, holder=terms.holder)


async def _make(services: Services, project: str, asked: Asked, listener: Listener | None) -> bytes:
    made: Explained | ExplainedPanel = await services.engine.ask(
        asked.message(arriving=listener is not None), progress=listener
    )
    services.metrics.passes.labels(asked.kind).observe(made.passes)
    services.pace.learn(asked.model, asked.what, asked.question, seconds=made.seconds)
    new = records.answer(asked, made)
    await results.put(services.store, project, new)
    return new[0].body
