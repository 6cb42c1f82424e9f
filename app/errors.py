"""Everything that can go wrong for a caller, and what is answered.

AppError
├── NotFound         404  nothing lies at this address
├── UnknownModel     422  the request names a model that is not there
├── BadRequest       422  a value that cannot be explained (also the library's BadInput, Incompatible, UnknownExplainer)
├── TooLong          422  the explanation took longer than its cap
├── Conflict         409  the thing is in use
├── Forbidden        403  the request comes from another site
├── NotAcceptable    406  no representation that the caller accepts
├── EngineBusy       429  too many requests wait
├── EngineLoading    503  the model is still loading
├── EngineDied       503  the engine process ended while it worked
├── StillRunning     503  not done within the time the caller would wait; the work goes on
└── ClientGone       499  nobody listens any more
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from ._library import explainers
from .problems import Problem, problem_response
from .schemas import clean


class AppError(Exception):
    """The message names the value and what was allowed; the cure says what to do."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    cure: str = ""
    retry_after: int | None = None

    def __init__(self, detail: str = "", *, cure: str | None = None) -> None:
        super().__init__(detail)
        self.cure = self.cure if cure is None else cure


class NotFound(AppError):
    status = 404
    code = "not_found"
    cure = "Check the address; results that were deleted are gone."


class UnknownModel(AppError):
    status = 422
    code = "unknown_model"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        allowed = ", ".join(known) or "none"
        super().__init__(
            f"no model is called {name[:80]!r}; there are: {allowed}", cure="Choose a model of /v1/models."
        )


class BadRequest(AppError):
    status = 422
    code = "bad_input"


class TooLong(AppError):
    status = 422
    code = "too_long"
    cure = "Explain a shorter text, choose sentences as players, or a smaller budget."


class Conflict(AppError):
    status = 409
    code = "conflict"


class Forbidden(AppError):
    status = 403
    code = "forbidden"


class NotAcceptable(AppError):
    status = 406
    code = "not_acceptable"


class EngineBusy(AppError):
    status = 429
    code = "busy"
    cure = "Ask again in a few seconds."
    retry_after = 5


class EngineLoading(AppError):
    status = 503
    code = "loading"
    cure = "Ask again in a few seconds; /readyz says when it is ready."
    retry_after = 3


class EngineDied(AppError):
    status = 503
    code = "engine_died"
    cure = "It is being restarted: ask again. If the same text ends it each time, choose sentences as players."
    retry_after = 3


class StillRunning(AppError):
    status = 503
    code = "still_running"
    cure = "The work goes on and its result is kept: ask the same again."
    retry_after = 2


class ClientGone(AppError):
    status = 499
    code = "client_gone"


# The library's errors, by their class: status and what to do beside what the message says.
LIBRARY: Mapping[str, tuple[int, str]] = {
    "unknown_explainer": (422, "Choose a method of /v1/explainers."),
    "incompatible": (422, "Choose one of the methods named."),
    "bad_input": (422, "Change the value and ask again."),
    "bad_model": (422, "Save the model again as safetensors with a fast tokenizer (save_pretrained)."),
    "cancelled": (499, ""),
}
CURES = {
    404: "Check the address; /openapi.json lists every route.",
    405: "Use one of the methods that the Allow header names.",
    413: "Send a shorter text.",
    500: "Ask again; if it stays, report it with the request id.",
}


def install(app: FastAPI) -> None:
    """Every error of a route leaves as a problem document or an error page."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(explainers.ExplainersError, _library_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    problem = problem_of(error.status, code=error.code, detail=str(error), cure=error.cure)
    return problem_response(request, problem, headers)


async def _library_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, explainers.ExplainersError)
    status, cure = LIBRARY.get(error.code, (422, ""))
    return problem_response(request, problem_of(status, code=error.code, detail=str(error), cure=cure))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [{"at": _place(fault["loc"]), "message": _message(fault)} for fault in error.errors()[:10]]
    first = faults[0] if faults else {"at": "request", "message": "not valid"}
    problem = problem_of(
        422, code="invalid", detail=f"{first['at']}: {first['message']}", cure="Correct the values named and ask again."
    )
    return problem_response(request, problem.model_copy(update={"errors": tuple(faults)}))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = problem_of(error.status_code, detail=error.detail, cure=CURES.get(error.status_code, ""))
    return problem_response(request, problem, error.headers)


def problem_of(status: int, *, code: str | None = None, detail: str = "", cure: str = "") -> Problem:
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Client Closed Request"
    code = code or title.lower().replace(" ", "_").replace("-", "_")
    return Problem(
        type=f"urn:whence:error:{code}", title=title, status=status, detail=clean(detail), code=code, cure=clean(cure)
    )


def _place(location: Sequence[Any]) -> str:
    parts = [str(part) for part in location if part != "body"]
    return clean(".".join(parts))[:200] or "body"


def _message(fault: Mapping[str, Any]) -> str:
    """What is wrong, with the value if it is short: texts are not echoed."""
    message = str(fault["msg"]).removeprefix("Value error, ")
    value = fault.get("input")
    if isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 60):
        message = f"{message}, not {value!r}"
    return clean(message)
