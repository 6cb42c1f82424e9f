"""Problem documents (RFC 9457), and the same as a page for a person."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict

MEDIA_TYPE = "application/problem+json"
API_PATHS = ("/v1/", "/livez", "/readyz", "/openapi.json")


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
    return Response(
        problem.model_dump_json(exclude_defaults=False), problem.status, dict(headers or {}), media_type=MEDIA_TYPE
    )


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
