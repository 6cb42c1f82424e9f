"""Explanations that arrive on their page: the address at once, then each part of the answer as soon as it is there.

What is made in this process is held in its memory (engine/demand/arrivals.py); what a job makes, in the files of the
job, where every process of the installation finds it (docs/decisions/0018).
"""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

import structlog

from ..._library import explainers
from ...engine.demand.arrivals import Arrival
from ...engine.errors import from_wire
from ...engine.messages import Predict
from ...errors import AppError, NotFound, StillRunning, StorageFailed
from ...jobs import service as jobs
from ...jobs.schemas import JobOut
from ...store import holders
from ...store.database import NOTE_SECONDS
from ...store.job_states import State
from ...web.dependencies import Services
from . import later, records, service
from .kind import PARTS
from .schemas import Asked, ExplanationOut, ExplanationRequest, PanelRequest
from .service import Terms

SOON = 0.3  # seconds that a page waits for the first part, so that it opens with what the model says
LOG = structlog.get_logger("explain")
Ending = Literal["running", "stopped", "failed"]


async def begin(
    services: Services,
    request: PanelRequest | ExplanationRequest,
    project: str,
    *,
    holder: str = holders.ASKED,
    wait: float | None = None,
) -> Asked:
    """For a page: the question with the address at which its answer arrives. What will be slow is a job.

    wait: seconds to wait for the answer; without, for its first part and no longer than SOON. Raises what is wrong
    with the question, where that is known by then.
    """
    asked, target = await service.asked_for(services, request, project)
    if await service.stored(services, project, asked) is not None:
        await service.answered(services, project, asked, Terms(holder=holder), target=target)
        return asked
    name = service.name_of(project, asked.key)
    if not services.arrivals.is_under_way(name) and await service.will_be_slow(services, project, asked):
        with suppress(StillRunning):
            await later.made(services, project, asked, wait=wait or 0.0, holder=holder)
        return asked
    await _noted(services, project, asked, holder)
    arrival = services.arrivals.begin(name, asked, partial(_carried_out, services, project, asked, holder))
    await (arrival.first_news(within=SOON) if wait is None else arrival.end(within=wait))
    return asked


async def _noted(services: Services, project: str, asked: Asked, holder: str) -> None:
    """So that another process of the installation knows that it was asked for. Without the note it is made as well."""
    with suppress(StorageFailed):
        hold = partial(holders.hold, project=project, keys=[asked.key], holder=holder)
        await services.store.write(hold, patience=NOTE_SECONDS)


async def is_elsewhere(services: Services, project: str, key: str) -> bool:
    """Whether somebody asked for it, of another process or of one that has ended since."""
    return not await services.store.read(partial(holders.is_free, project=project, key=key))


async def _carried_out(services: Services, project: str, asked: Asked, holder: str, arrival: Arrival) -> None:
    """Makes the answer. What the model says is asked beside it: it comes before other people's explanations."""
    soon = asyncio.create_task(_predicted(services, asked, arrival))
    try:
        with suppress(StillRunning):  # a job goes on with it
            terms = Terms(holder=holder, follow=False, listener=arrival)
            await service.answered(services, project, asked, terms)
    except Exception as error:  # which the page tells
        if not isinstance(error, AppError | explainers.ExplainersError):
            LOG.error("failed", error=type(error).__name__, at=traceback.format_tb(error.__traceback__)[-1])
        await _let_go(services, project, asked.key)
        raise
    finally:
        soon.cancel()


async def _predicted(services: Services, asked: Asked, arrival: Arrival) -> None:
    with suppress(AppError, explainers.ExplainersError):  # which the explanation meets too
        (found,) = await services.engine.ask(Predict(model=asked.model, questions=(asked.question,)))
        arrival.arrived("prediction", found.model_dump_json().encode())


async def _let_go(services: Services, project: str, key: str) -> None:
    """Nobody waits any more for what was not made."""
    with suppress(StorageFailed):
        await services.store.write(partial(holders.drop_missing, project=project, key=key), patience=NOTE_SECONDS)


async def stop(services: Services, project: str, key: str) -> None:
    """Stops what is under way for a page. Raises NotFound where nothing is."""
    if services.arrivals.stop(service.name_of(project, key)):
        await _let_go(services, project, key)
        return
    job = await later.under_way(services, project, key)
    if job is None:
        raise NotFound(f"nothing is under way for {key[:80]!r}")
    await jobs.cancel(services, project, job.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """An answer that is not complete: what was asked, and what is there of it."""

    asked: Asked
    state: Ending
    prediction: explainers.Prediction | None
    explanations: Mapping[str, ExplanationOut]  # by method, without measures and badge
    share: float  # of the work that is done
    note: str  # what is worked on
    seconds_left: float | None  # about; None where nothing tells
    error: Exception | None = None
    job: JobOut | None = None  # that makes it, where one does


async def find(services: Services, project: str, key: str) -> Coming | None:
    """The answer that is under way under this key, was stopped or has failed; None where there is none."""
    arrival = services.arrivals.find(service.name_of(project, key))
    if arrival is not None:
        return _in_memory(services, arrival)
    job = await later.find(services, project, key)
    return None if job is None or job.state is State.DONE else await _in_a_job(services, project, job)


def _in_memory(services: Services, arrival: Arrival) -> Coming:
    asked: Asked = arrival.asked
    expected = services.pace.known(asked.model, asked.what, asked.question)
    state: Ending = "running" if arrival.ended is None else "failed" if arrival.error else "stopped"
    left = None if expected is None else max(0.0, expected - arrival.seconds)
    return _coming(
        asked, arrival.parts, state=state, share=arrival.share, note=arrival.note, left=left, error=arrival.error
    )


async def _in_a_job(services: Services, project: str, job: JobOut) -> Coming:
    asked = Asked.model_validate_json(await jobs.request_of(services, project, job.id))
    kept = [part async for part in jobs.file(services, project, job.id, name=PARTS)]
    parts = [(kind, body.encode()) for kind, body in json.loads(b"".join(kept) or b"[]")]
    error = None if job.error is None else from_wire(job.error.code, job.error.detail)
    ended: Mapping[State, Ending] = {State.FAILED: "failed", State.CANCELLED: "stopped", State.CANCELLING: "stopped"}
    state = ended.get(job.state, "running")
    return _coming(asked, parts, state=state, share=job.progress, note=job.note, left=None, error=error, job=job)


def _coming(
    asked: Asked,
    parts: Sequence[tuple[str, bytes]],
    *,
    state: Ending,
    share: float,
    note: str,
    left: float | None,
    error: Exception | None,
    job: JobOut | None = None,
) -> Coming:
    said = next((body for kind, body in parts if kind == "prediction"), None)
    prediction = None if said is None else explainers.Prediction.model_validate_json(said)
    return Coming(
        asked=asked,
        state=state,
        prediction=prediction,
        explanations=_rows([body for kind, body in parts if kind == "explanation"], prediction),
        share=share,
        note=note,
        seconds_left=left,
        error=error,
        job=job,
    )


def _rows(bodies: Sequence[bytes], prediction: explainers.Prediction | None) -> Mapping[str, ExplanationOut]:
    if prediction is None:
        return {}
    shown = prediction.main.model_dump(mode="json")
    made = [
        ExplanationOut.model_validate_json(records.extended(body, key="", panel=None, target=shown, arrays=[]))
        for body in bodies
    ]
    return {each.method.name: each for each in made}
