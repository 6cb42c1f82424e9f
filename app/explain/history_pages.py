"""Earlier explanations: found by words, model, class and badge; noted, deleted. A search is a text, so it is posted and
never in the address."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..errors import NotFound, UnknownValue
from ..history import service
from ..history.schemas import HistoryEntry
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, form_of
from ..web.rendering import render
from . import pages
from .ask import service as explanations
from .ask.schemas import PanelOut
from .draw import assemble
from .draw.contexts import Recent

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
LONGEST_NOTE = 2000
BADGES = ("sound", "rough", "distrust")
MOST_LOOKED_AT = 100  # entries whose badge one page looks at
FILTERS = ("model", "label", "badge")


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as the list shows it: painted in small, with the badge of the method that it is painted with."""

    entry: HistoryEntry
    recent: Recent
    badge: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    entries: Sequence[Shown]
    search: str
    chosen: dict[str, str]  # filters
    models: Sequence[str]  # that occur
    labels: Sequence[str]
    badges: Sequence[str]
    query: str  # the filters, as the part of an address behind `?`
    next: str | None
    paged: bool  # not the first page


@router.get("/history")
async def history(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    given = Form(dict(request.query_params))
    return await _page(request, services, project, given, cursor=request.query_params.get("cursor") or None)


@router.get("/history/search")
async def nothing_searched() -> Response:
    return RedirectResponse("/history", 303)


@router.post("/history/search")
async def search(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    return await _page(request, services, project, form, search=form.get("search"), cursor=form.optional("cursor"))


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
    request: Request, services: Services, project: str, given: Form, *, search: str = "", cursor: str | None = None
) -> Response:
    models, labels = await service.known(services, project)
    chosen = {name: given.get(name) for name in FILTERS if given.get(name)}
    for name, known in (("model", models), ("label", labels), ("badge", BADGES)):
        if name in chosen and chosen[name] not in known:
            raise UnknownValue(name, chosen[name], known, cure="Show all.")
    found, following = await _entries(services, project, chosen, search=search or None, cursor=cursor)
    page = ListPage(
        entries=found, search=search, chosen=chosen, models=models, labels=labels, badges=BADGES,
        query=urlencode(chosen), next=following, paged=cursor is not None,
    )  # fmt: skip
    return render(request, "history/page.html", page, section="history")


async def _entries(
    services: Services, project: str, chosen: dict[str, str], *, search: str | None, cursor: str | None
) -> tuple[list[Shown], str | None]:
    """A page of them. The badge lies in the results, so that one page looks at a bounded number of entries."""
    badge, looked_at, found = chosen.get("badge"), 0, []
    while True:
        listed = await service.entries(
            services, project, search, cursor, model=chosen.get("model"), label=chosen.get("label")
        )
        found += [
            await _shown(services, project, entry)
            for entry in listed.entries
            if badge is None or await _badge(services, project, entry) == badge
        ]
        looked_at += len(listed.entries)
        cursor = listed.next
        if badge is None or cursor is None or found or looked_at >= MOST_LOOKED_AT:
            return found, cursor


async def _badge(services: Services, project: str, entry: HistoryEntry) -> str | None:
    if entry.kind == "generation":
        return None
    with suppress(NotFound):  # deleted in between
        return assemble.badge_in(await explanations.find_json(services, entry.key, project, entry.kind))
    return None


async def _shown(services: Services, project: str, entry: HistoryEntry) -> Shown:
    result: PanelOut | None = None
    with suppress(*FORESEEN):  # deleted in between, or no longer to be read: the entry has its text all the same
        result = await pages.found_as_panel(services, project, entry.key, f"{entry.kind}s")
    return Shown(entry, assemble.recent(entry, result), assemble.badge_of(result))
