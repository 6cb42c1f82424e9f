"""Answers of language models: look up, else ask the engine, store, answer the stored bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

from .._library import explainers
from ..engine.messages import Generate
from ..explain.ask.keys import generation_key, numbers_of
from ..explain.ask.records import extended
from ..explain.ask.schemas import ExplanationRequest
from ..explain.ask.service import find_json, make_explanation, remember, settled
from ..store import holders, results
from ..store.history import NewEntry
from ..store.results import NewResult
from ..web.dependencies import Services
from ..web.problems import problem_of_error
from .schemas import GenerationOut, GenerationRequest

LABEL = 80  # characters of an answer in the history


async def make(
    services: Services, request: GenerationRequest, project: str, *, told: explainers.Progress = explainers.silent
) -> bytes:
    """The exact bytes that are stored. told: hears the answer so far. Raises what the engine raises."""
    state = await settled(services, request.model)
    question = explainers.Question(input=request.asked)
    key = generation_key(numbers_of(state), question.input, request.decoding)
    body = await results.find(services.store, project, key, "generation")
    if body is None:
        made = await services.engine.ask(
            Generate(model=state.id, question=question, decoding=request.decoding), progress=told
        )
        body = extended(made, key=key)
        await results.put(services.store, project, [NewResult(key=key, kind="generation", model=state.id, body=body)])
    found = GenerationOut.model_validate_json(body)
    await remember(services, project, _entry(found), holders.ASKED)
    return body


async def explain(services: Services, key: str, asked: ExplanationRequest, project: str) -> str:
    """The key of an explanation on the page of an answer, with which it is deleted. Raises what the engine raises,
    StillRunning."""
    return (await make_explanation(services, asked, project, holder=holders.of_page(key))).key


async def find(services: Services, key: str, project: str) -> GenerationOut:
    """Raises NotFound."""
    return GenerationOut.model_validate_json(await find_json(services, key, project, "generation"))


async def events(services: Services, request: GenerationRequest, project: str) -> AsyncIterator[bytes]:
    """Server-sent events: what was said since the last one, then the record as `done`, or a problem as `error`."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    work = asyncio.ensure_future(make(services, request, project, told=lambda done, note="": heard.put_nowait(note)))
    said = ""
    try:
        async with aclosing(_heard(heard, work)) as notes:
            async for text in notes:
                if text.startswith(said) and text != said:
                    yield _event({"text": text[len(said) :]})
                    said = text
        record = json.loads(await work)
        if record["text"] != said:
            yield _event({"text": record["text"][len(said) :]})
        yield b"event: done\n" + _event(record)
    except Exception as error:  # the headers are sent: what went wrong is the last event
        yield b"event: error\n" + _event(problem_of_error(error).model_dump(mode="json"))
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await work


async def _heard(heard: asyncio.Queue[str], work: asyncio.Future[bytes]) -> AsyncGenerator[str, None]:
    """Notes as they come, until the work is done."""
    while not work.done():
        waiting: asyncio.Future[str] = asyncio.ensure_future(heard.get())
        try:
            await asyncio.wait((waiting, work), return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                yield waiting.result()
        finally:
            waiting.cancel()


def _event(record: object) -> bytes:
    return f"data: {json.dumps(record, ensure_ascii=False)}\n\n".encode()


def _entry(found: GenerationOut) -> NewEntry:
    """The line of the history."""
    text = found.input.text if not isinstance(found.input, explainers.FileInput) else ""
    return NewEntry(
        key=found.key,
        kind="generation",
        text=text,
        text_pair=None,
        model=found.model.id,
        method=None,
        label=found.text[:LABEL] + ("…" if len(found.text) > LABEL else ""),
        probability=None,
    )
