"""Earlier explanations: search, note, delete. A search is a text, so it is posted and never in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import form_of
from ..web.rendering import render
from . import service
from .schemas import HistoryEntry

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    entries: Sequence[HistoryEntry]
    search: str
    next: str | None
    paged: bool  # not the first page


@router.get("/history")
async def history(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _page(request, services, project, cursor=request.query_params.get("cursor") or None)


@router.get("/history/search")
async def nothing_searched() -> Response:
    return RedirectResponse("/history", 303)


@router.post("/history/search")
async def search(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    return await _page(request, services, project, search=form.get("search"), cursor=form.optional("cursor"))


@router.post("/history/{key}/note", dependencies=[needs(Scope.EXPLAIN)])
async def note(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    await service.set_note(services, key, form.get("note")[:LONGEST_NOTE], project)
    return RedirectResponse(f"/history#e-{key[:12]}", 303)


@router.post("/history/{key}/delete", dependencies=[needs(Scope.EXPLAIN)])
async def delete(key: str, services: ServicesDep, project: ProjectDep) -> Response:
    await service.delete(services, key, project)
    return RedirectResponse("/history", 303)


async def _page(
    request: Request, services: Services, project: str, *, search: str = "", cursor: str | None = None
) -> Response:
    found = await service.entries(services, project, search=search or None, cursor=cursor)
    page = ListPage(entries=found.entries, search=search, next=found.next, paged=cursor is not None)
    return render(request, "history/page.html", page, section="history")
