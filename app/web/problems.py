"""Problem documents (RFC 9457), and the same as a page for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from .._library import explainers
from ..errors import CODES, CURES, LIBRARY, AppError, Unknown, storage_error
from ..logging import tell_operator
from ..schemas import clean

MEDIA_TYPE = "application/problem+json"
API_PATHS = ("/v1/", "/livez", "/readyz", "/metrics", "/openapi.json")


class Fault(BaseModel):
    at: str  # the field, as a path into the request
    message: str


class Problem(BaseModel):
    """RFC 9457: what went wrong, what was allowed, and what to do. `instance` is the request id of the logs."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    code: str
    cure: str = ""
    instance: str = ""
    errors: tuple[Fault, ...] = ()


def problem_response(request: Request, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    problem = problem.model_copy(update={"instance": request.scope.get("whence.request_id", "")})
    if wants_page(request):
        return _page(request, problem, headers)
    return Response(problem.model_dump_json(), problem.status, dict(headers or {}), media_type=MEDIA_TYPE)


def wants_page(request: Request) -> bool:
    path = request.url.path
    return not path.startswith(API_PATHS) and "text/html" in request.headers.get("accept", "")


def _page(request: Request, problem: Problem, headers: Mapping[str, str] | None) -> Response:
    try:
        from .rendering import error_page
    except ImportError:  # a server without pages
        return HTMLResponse(f"<h1>{problem.title}</h1>", problem.status, dict(headers or {}))
    response: Response = error_page(request, problem)
    response.headers.update(headers or {})
    return response


def install(app: FastAPI) -> None:
    """Every error of a route leaves as a problem document or an error page."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(OSError, _os_error)
    app.add_exception_handler(explainers.ExplainersError, _library_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    if isinstance(error, Unknown):
        return _who_is_there(request, error)
    tell_operator(error)
    return problem_response(request, problem_of_error(error), waiting(error))


async def _os_error(request: Request, error: Exception) -> Response:
    """A file that cannot be used, wherever it is opened; what is no fault of a file is raised on."""
    assert isinstance(error, OSError)
    found = storage_error(error)
    if found is None:
        raise error
    return await _app_error(request, found)


def waiting(error: AppError) -> dict[str, str]:
    """The header that says when to ask again, where asking again helps."""
    return {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}


def _who_is_there(request: Request, error: Unknown) -> Response:
    """A person is sent to sign in, and then to where they wanted to go; a program gets the problem."""
    if wants_page(request):
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        follow = "" if request.method != "GET" or wanted == "/" else f"?next={quote(wanted, safe='/')}"
        return RedirectResponse(f"/sign-in{follow}", 303)
    problem = problem_of(error.status, code=error.code, detail=str(error), cure=error.cure)
    return problem_response(request, problem, {"WWW-Authenticate": "Bearer"})


async def _library_error(request: Request, error: Exception) -> Response:
    return problem_response(request, problem_of_error(error))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = tuple(Fault(at=_place(fault["loc"]), message=_message(fault)) for fault in error.errors()[:10])
    first = faults[0] if faults else Fault(at="request", message="not valid")
    problem = problem_of(
        422, code="invalid", detail=f"{first.at}: {first.message}", cure="Correct the values named and ask again."
    )
    return problem_response(request, problem.model_copy(update={"errors": faults}))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem_response(request, problem_of_http(error), error.headers)


def problem_of_http(error: HTTPException) -> Problem:
    """An error of the web framework; a body that was refused brings its own cure."""
    cure = getattr(error, "cure", CURES.get(error.status_code, ""))
    return problem_of(error.status_code, detail=error.detail, cure=cure)


def problem_of_error(error: Exception) -> Problem:
    """Any error as a problem document; one that nobody foresaw says nothing of itself."""
    if isinstance(error, AppError):
        return problem_of(error.status, code=error.code, detail=str(error), cure=error.cure)
    if isinstance(error, explainers.ExplainersError):
        status, cure = LIBRARY.get(error.code, (422, ""))
        return problem_of(status, code=error.code, detail=str(error), cure=cure)
    return problem_of(500)


def problem_of(status: int, *, code: str | None = None, detail: str = "", cure: str = "") -> Problem:
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Client Closed Request"
    code = code or CODES.get(status) or title.lower().replace(" ", "_").replace("-", "_")
    return Problem(
        type=f"urn:whence:error:{code}", title=title, status=status, detail=clean(detail), code=code, cure=clean(cure)
    )


def _place(location: Sequence[Any]) -> str:
    parts = [str(part) for part in location if part != "body"]
    return clean(".".join(parts))[:200] or "body"


def _message(fault: Mapping[str, Any]) -> str:
    """The fault in words, with the value if it is short: texts are not echoed."""
    message = str(fault["msg"]).removeprefix("Value error, ")
    value = fault.get("input")
    if isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 60):
        message = f"{message}, not {value!r}"
    return clean(message)
