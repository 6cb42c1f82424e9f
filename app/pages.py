"""Puts the pages and their static files into the application."""

from __future__ import annotations

import asyncio
import gzip
import re
from functools import cache
from mimetypes import guess_type
from typing import Any

import brotli
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from .about.pages import router as about
from .accounts.pages import router as access
from .audit.form_pages import router as audit_form
from .audit.pages import router as audits
from .changes.pages import router as changes
from .compare.pages import router as compare
from .contracts.pages import router as contracts
from .datasets.pages import router as datasets
from .explain.arriving_pages import router as arriving
from .explain.attention_pages import router as attention
from .explain.further_pages import router as further
from .explain.history_pages import router as history
from .explain.pages import router as explain
from .explain.pictures.pages import router as pictures
from .explain.recordings.pages import router as recordings
from .explain.try_pages import router as tries
from .generate.pages import router as generate
from .images.pages import router as images
from .jobs.pages import router as jobs
from .methods.pages import router as methods
from .models.pages import router as models
from .nearby.pages import router as nearby
from .selftest.pages import router as selftest
from .taught.pages import router as taught
from .train.pages import router as train
from .variants.pages import router as variants
from .web.rendering import STATIC, static_version
from .workbench.pages import router as workbench

ROUTERS = (
    explain, pictures, recordings, images, generate, arriving, further, tries, attention, compare, datasets, history,
    audit_form, audits, changes, contracts, jobs, models, train, methods, selftest, about, access, workbench, variants,
    nearby, taught,
)  # fmt: skip
KEEP = {"Cache-Control": "public, max-age=31536000, immutable"}
COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
IMPORT = re.compile(r'@import url\("([^"]+)"\) layer\((\w+)\);')
CODINGS = ("br", "gzip")  # the better one first
TEXTS = (".css", ".js", ".svg")
SHEETS = ("css/main.css", "css/files.css")  # of every page, and of pages of pictures and recordings beside it


@cache
def sheet(path: str) -> str:
    """A style sheet with its parts in place and without comments: one request instead of forty."""

    def part(found: re.Match[str]) -> str:
        return f"@layer {found[2]} {{\n{(STATIC / 'css' / found[1]).read_text(encoding='utf-8')}}}"

    return COMMENT.sub("", IMPORT.sub(part, (STATIC / path).read_text(encoding="utf-8")))


@cache
def packed(path: str, coding: str) -> bytes:
    """A static file as it is sent, compressed once a process."""
    content = sheet(path).encode() if path in SHEETS else (STATIC / path).read_bytes()
    return brotli.compress(content, quality=9) if coding == "br" else gzip.compress(content, mtime=0)


class Kept(StaticFiles):
    """Files whose address holds a hash of them: a browser may keep them for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        taken = Headers(scope=scope).get("accept-encoding", "")
        coding = next((name for name in CODINGS if name in taken), None)
        if coding is not None and path in _packable() and scope["method"] in ("GET", "HEAD"):
            body = await asyncio.to_thread(packed, path, coding)
            told = {"Content-Encoding": coding, "Vary": "Accept-Encoding"}
            return Response(body, media_type=guess_type(path)[0], headers=KEEP | told)
        if path in SHEETS:
            return Response(sheet(path), media_type="text/css", headers=KEEP)
        return await super().get_response(path, scope)

    def file_response(self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers.update(KEEP)
        return answer


@cache
def _packable() -> frozenset[str]:
    return frozenset(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.suffix in TEXTS)


def install(app: FastAPI) -> None:
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.mount(f"/static/{static_version()}", Kept(directory=STATIC), name="static-kept")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
