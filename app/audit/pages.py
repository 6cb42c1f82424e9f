"""Audits: what there is, and what one found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from ..errors import NotFound, UnknownValue
from ..jobs.schemas import JobOut
from ..models import service as models
from ..models.fetching import Waiting, waiting
from ..scopes import Scope
from ..store.job_states import FINAL
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of
from ..web.rendering import environment, language_of, render
from ..web.responses import json_bytes
from . import service
from .data import terms
from .data.plan import DEMOS, Checked
from .evidence.painting import unmasked
from .report import charts, forest, view
from .review import Review, groups_of
from .schemas import AuditOut

SHOWN = "shown"  # ?words=: the words of texts, which are masked otherwise
router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
MOST_MARKS = 3_000  # of a review: every match of every group


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    audits: Sequence[JobOut]
    next: str | None
    demos: Sequence[str]  # of the plans that come with Whence those whose model is served
    waiting: Waiting | None
    error: FormError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    job: JobOut
    ended: bool
    c: Mapping[str, Any]  # the content of the report; while it is made, what the predictions say
    sha256: str | None
    run: Mapping[str, Any]
    forests: Sequence[forest.Forest]
    waterfalls: Sequence[view.Waterfall]
    steps: Sequence[Sequence[int]]
    matrix: Sequence[Sequence[view.Cell | None]] | None
    swapped: Sequence[Sequence[view.Cell | None]] | None
    drawings: Mapping[str, view.Grid]
    ends: tuple[float, float]  # of the colours of the frames
    charts: Sequence[str]  # drawings that a script makes to be read closely
    forms: Sequence[str]
    unmasked: bool
    swappable: Sequence[str]  # groups of which two can be marked as not comparable
    before: JobOut | None  # the audit whose review led to this one
    after: Sequence[JobOut]
    error: FormError | None


@router.get("/audits")
async def audits(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _list(request, services, project)


@router.post("/audits/demo", dependencies=[needs(Scope.AUDIT)])
async def start_demo(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    try:
        plan = service.demo(form.get("plan", "demo")).model_copy(update={"language": language_of(request)})
        job = await service.submit(services, project, plan)
    except FORESEEN as error:
        return await _list(request, services, project, error_of(error))
    return RedirectResponse(f"/audits/{job.id}", 303)


@router.get("/audits/{id}")
async def audit(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await _page(request, services, project, id)


@router.post("/audits/{id}/reviews", dependencies=[needs(Scope.AUDIT)])
async def review(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """Submit the marks made on the page: pairs of a list, as `before` TAB `after`, one that was chosen, matches."""
    form = await form_of(request, most=MOST_MARKS)
    pairs = [value.partition("\t")[::2] for name, value in form.values.items() if name.startswith("pair-")]
    pairs += [(form.get("before"), form.get("after"))] if form.get("before") and form.get("after") else []
    try:
        job = await service.review(services, project, id, Review(not_comparable=tuple(pairs), checked=_checked(form)))
    except FORESEEN as error:
        return await _page(request, services, project, id, error_of(error))
    return RedirectResponse(f"/audits/{job.id}", 303)


@router.post("/audits/{id}/delete", dependencies=[needs(Scope.AUDIT)])
async def delete(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    await service.delete(services, project, id)
    return RedirectResponse("/audits", 303)


async def _page(
    request: Request, services: Services, project: str, id: str, error: FormError | None = None
) -> Response:
    found = await service.find(services, project, id)
    if found.content is None:
        return RedirectResponse(f"/jobs/{id}", 303)
    words = request.query_params.get("words", "")
    if words not in ("", SHOWN):
        raise UnknownValue("words", words, [SHOWN], cure="Open the audit without it.")
    shown = words == SHOWN
    content = unmasked(found.content, await service.originals(services, project, id)) if shown else found.content
    before, after = await service.around(services, project, found)
    page = page_of(found, content, _say(request), unmasked=shown, before=before, after=after, error=error)
    status = error.status if error else 200
    return render(request, "audit/page.html", page, section="audits", json_twin=f"/v1/audits/{id}", status=status)


def page_of(
    found: AuditOut,
    content: Mapping[str, Any],
    say: Mapping[str, charts.Translate],
    *,
    unmasked: bool = False,
    before: JobOut | None = None,
    after: Sequence[JobOut] = (),
    error: FormError | None = None,
) -> AuditPage:
    """content: that of the audit, perhaps with the words that it masks. say: the filters of terms.py."""
    drawings = view.drawings(content)
    return AuditPage(
        job=found.job,
        ended=found.job.state in FINAL,
        c=content,
        sha256=found.sha256,
        run=found.run or {},
        forests=forest.forests(content),
        waterfalls=[view.waterfall(gap) for gap in content["words"]],
        steps=[view.claim_steps(gap) for gap in content["words"]],
        matrix=view.matrix(content),
        swapped=view.swap_matrix(content),
        drawings=drawings,
        ends=view.heat_ends(drawings["heat"]) if "heat" in drawings else (0.0, 1.0),
        charts=list(charts.charts(content, say)),
        forms=[name for name in service.FORMS if name in (found.job.result or {}).get("links", {})],
        unmasked=unmasked,
        swappable=groups_of(content),
        before=before,
        after=after,
        error=error,
    )


@router.get("/audits/{id}/drawings/{name}")
async def drawing(request: Request, id: str, name: str, services: ServicesDep, project: ProjectDep) -> Response:
    """A drawing of the report in the language of the page."""
    if not name.endswith(".svg"):
        raise NotFound(f"the audit has no drawing {name[:80]!r}")
    stored = f"{name.removesuffix('.svg')}.{language_of(request)}.svg"
    found = await service.file(services, project, id, stored)
    return StreamingResponse(found, media_type="image/svg+xml")


@router.get("/audits/{id}/charts")
async def figures(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """The figures behind the drawings of the page, in its language: a script makes charts of them to zoom into."""
    found = await service.find(services, project, id)
    if found.content is None:
        raise NotFound(f"the audit {id[:80]} has no drawings yet")
    drawn = charts.charts(found.content, _say(request))
    return json_bytes(json.dumps({name: asdict(chart) for name, chart in drawn.items()}).encode())


def _checked(form: Form) -> tuple[Checked, ...]:
    """Groups that were read, from the form: `read-K` holds a group's name and the size of its sample, a `wrong-K-…`
    stands for each match that is none."""
    found = []
    for name, value in form.values.items():
        if name.startswith("read-"):
            group, _, size = value.partition("\t")
            wrong = sum(each.startswith(f"wrong-{name.removeprefix('read-')}-") for each in form.values)
            found.append(Checked.model_validate({"group": group, "matches": size, "wrong": wrong}))
    return tuple(found)


def _say(request: Request) -> dict[str, charts.Translate]:
    return terms.filters(environment(language_of(request)).filters["tr"])


async def _list(request: Request, services: Services, project: str, error: FormError | None = None) -> Response:
    found = await service.listing(services, project, cursor=request.query_params.get("cursor") or None)
    served = {model.id for model in models.list_models(services) if model.embedded}
    demos = [name for name, model in DEMOS.items() if model in served]
    own = language_of(request) == "zh"
    page = ListPage(
        audits=found.audits,
        next=found.next,
        demos=demos[::-1] if own else demos,
        waiting=waiting(services) if own else None,
        error=error,
    )
    status = error.status if error else 200
    return render(request, "audit/list.html", page, section="audits", json_twin="/v1/audits", status=status)
