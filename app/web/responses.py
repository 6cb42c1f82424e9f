"""Ground that the JSON routes share: how they describe their errors, and which representation the caller takes."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel

from ..errors import NotAcceptable
from .problems import MEDIA_TYPE

REASONS = {
    400: "The host is not served here, or the body is not JSON.",
    401: "No valid key, where one is needed.",
    403: "An unsafe request from another site, or the caller lacks the scope.",
    404: "Page not found.",
    405: "The route has no such method.",
    406: "No representation that the caller accepts.",
    409: "The thing is in use.",
    413: "The body is over the limit.",
    415: "The body is not declared as JSON.",
    422: "A value that cannot be taken: the problem names it, what is allowed, and what to do.",
    429: "Too many requests wait for the engine; Retry-After says when to ask again.",
    500: "Something failed that should not, or what is stored is damaged.",
    503: "The model is loading, the engine was restarted, the work goes on, or the database does not answer; "
    "Retry-After says when to ask again.",
    507: "The disk of the server is full.",
}
READING = (400, 401, 403, 500, 503)
WRITING = (400, 401, 403, 413, 422, 500, 503, 507)
ASKING = (400, 401, 403, 413, 422, 429, 500, 503, 507)
RETRY = {"Retry-After": {"description": "Seconds until asking again makes sense.", "schema": {"type": "integer"}}}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, for its OpenAPI description."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": REASONS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        | ({"headers": RETRY} if status in (429, 503) else {})
        for status in sorted(set(statuses))
    }


def json_bytes(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers, media_type="application/json")


def as_json(record: BaseModel, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return json_bytes(record.model_dump_json().encode(), status=status, headers=headers)


def attached(parts: AsyncIterable[bytes] | Iterable[bytes], name: str, media: str, *, id: str) -> Response:
    """A file to save, named after what it is of: as an attachment it is never rendered on this site's origin."""
    stem, _, ending = name.rpartition(".")
    headers = {"Content-Disposition": f'attachment; filename="{stem}-{id[:12]}.{ending}"'}
    return StreamingResponse(parts, media_type=media, headers=headers)


def negotiate(request: Request, offered: tuple[str, ...]) -> str:
    """The offered media type that Accept prefers; the first one without a preference. Raises NotAcceptable."""
    ranges = [_range(part) for part in request.headers.get("accept", "*/*").split(",") if part.strip()]
    ranked = [(_quality(media, ranges), -position, media) for position, media in enumerate(offered)]
    quality, _, best = max(ranked)
    if ranges and quality <= 0:
        raise NotAcceptable(f"offered: {', '.join(offered)}", cure="Send one of them, or */*, as Accept.")
    return best


def prefer_wait(request: Request) -> float | None:
    """`Prefer: wait=N` (RFC 7240) in seconds; a preference that makes no sense is none."""
    for part in request.headers.get("prefer", "").split(","):
        name, _, value = part.strip().partition("=")
        value = value.split(";")[0].strip().strip('"')
        if name.strip().lower() == "wait" and value.isascii() and value.isdecimal():
            return float(value[:6])
    return None


def _range(part: str) -> tuple[str, float]:
    media, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return media, max(0.0, min(1.0, float(parameter[2:])))
            except ValueError:
                return media, 0.0
    return media, 1.0


def _quality(media: str, ranges: list[tuple[str, float]]) -> float:
    """The most specific range decides."""
    family = media.partition("/")[0] + "/*"
    for wanted in (media, family, "*/*"):
        for name, quality in ranges:
            if name == wanted:
                return quality
    return 0.0
