"""Answers are compressed on the wire for whoever takes gzip.

Not those that another site made a browser ask for: who can ask with guesses of their own, and see how long each answer
is, learns from the lengths what else is on the page (BREACH). Events stay as they are: each arrives when it happens.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

LEAST = 1000  # bytes; what is smaller fits one packet
LEVEL = 6
AS_THEY_ARE = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf", "application/vnd.apache.parquet")
OWN = ("same-origin", "none")


class Packed:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.packed = GZipMiddleware(app, LEAST, LEVEL, exclude_content_types=AS_THEY_ARE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = scope["type"] != "http" or Headers(scope=scope).get("sec-fetch-site", "none") in OWN
        await (self.packed if own else self.app)(scope, receive, send)
