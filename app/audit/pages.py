"""Audits: what there is, a form that declares one, and what one found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from pydantic import ValidationError

from ..datasets import flow as datasets
from ..datasets.schemas import DatasetOut
from ..datasets.service import MOST_DATASETS
from ..engine.schemas import ModelOut
from ..errors import NotFound
from ..jobs.schemas import JobOut
from ..models import service as models
from ..scopes import Scope
from ..store.job_states import FINAL
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of
from ..web.rendering import environment, language_of, render
from ..web.responses import json_bytes
from . import service
from .data import terms
from .data.plan import Checked, Plan, first_error
from .evidence.painting import unmasked
from .report import charts, view
from .review import Review, groups_of
from .schemas import AuditOut

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
MOST_MARKS = 3_000  # of a review: every match of every group
METRICS = ("false_positive_rate", "true_positive_rate", "selection_rate", "accuracy", "bpsn_auc", "negative_aeg")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    audits: Sequence[JobOut]
    next: str | None
    models: Sequence[ModelOut]
    metrics: Sequence[str]
    asked: Mapping[str, str]  # what was typed
    chosen: Sequence[str]  # measures
    error: FormError | None
    datasets: Sequence[DatasetOut]  # those that can be audited
    demo: bool  # whether the embedded audit can be run


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    job: JobOut
    ended: bool
    c: Mapping[str, Any]  # the content of the report; while it is made, what the predictions say
    sha256: str | None
    run: Mapping[str, Any]
    forests: Sequence[view.Forest]
    waterfalls: Sequence[view.Waterfall]
    steps: Sequence[Sequence[int]]
    matrix: Sequence[Sequence[view.Cell | None]] | None
    swapped: Sequence[Sequence[view.Cell | None]] | None
    drawings: Mapping[str, view.Grid]
    charts: Sequence[str]  # drawings that a script makes to be read closely
    forms: Sequence[str]
    unmasked: bool
    swappable: Sequence[str]  # groups of which two can be marked as not comparable
    before: JobOut | None  # the audit whose review led to this one
    after: Sequence[JobOut]
    error: FormError | None


@router.get("/audits")
async def audits(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _list(request, services, project, Form({}))


@router.post("/audits/demo", dependencies=[needs(Scope.AUDIT)])
async def start_demo(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    plan = service.demo().model_copy(update={"language": language_of(request)})
    return await _start(request, services, project, Form({}), plan)


@router.post("/audits", dependencies=[needs(Scope.AUDIT)])
async def start(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    try:
        plan = Plan.model_validate(_asked(form, language_of(request)))
    except ValidationError as error:
        return await _list(request, services, project, form, FormError("invalid", first_error(error), 422))
    return await _start(request, services, project, form, plan)


@router.get("/audits/{id}")
async def audit(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await _page(request, services, project, id)


@router.post("/audits/{id}/reviews", dependencies=[needs(Scope.AUDIT)])
async def review(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """What was marked on the page: pairs of a list, as `before` TAB `after`, one that was chosen, matches."""
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
    shown = request.query_params.get("words") == "shown"
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
    return AuditPage(
        job=found.job,
        ended=found.job.state in FINAL,
        c=content,
        sha256=found.sha256,
        run=found.run or {},
        forests=view.forests(content),
        waterfalls=[view.waterfall(gap) for gap in content["words"]],
        steps=[view.claim_steps(gap) for gap in content["words"]],
        matrix=view.matrix(content),
        swapped=view.swap_matrix(content),
        drawings=view.drawings(content),
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
    """What the drawings of the page are made of, with its words: a script makes them of it that can be read closely."""
    found = await service.find(services, project, id)
    if found.content is None:
        raise NotFound(f"the audit {id[:80]} has no drawings yet")
    drawn = charts.charts(found.content, _say(request))
    return json_bytes(json.dumps({name: asdict(chart) for name, chart in drawn.items()}).encode())


def _checked(form: Form) -> tuple[Checked, ...]:
    """Of each group that was read, `read-K` with its name and the size of its sample, and a `wrong-K-…` for each that
    is none."""
    found = []
    for name, value in form.values.items():
        if name.startswith("read-"):
            group, _, size = value.partition("\t")
            wrong = sum(each.startswith(f"wrong-{name.removeprefix('read-')}-") for each in form.values)
            found.append(Checked.model_validate({"group": group, "matches": size, "wrong": wrong}))
    return tuple(found)


def _say(request: Request) -> dict[str, charts.Translate]:
    return terms.filters(environment(language_of(request)).filters["tr"])


async def _start(request: Request, services: Services, project: str, form: Form, plan: Plan) -> Response:
    try:
        job = await service.submit(services, project, plan)
    except FORESEEN as error:
        return await _list(request, services, project, form, error_of(error))
    return RedirectResponse(f"/audits/{job.id}", 303)


def _asked(form: Form, language: str) -> dict[str, Any]:
    """The form as a plan: what is left open has the plan's own default."""
    source = form.get("source", "templates-en")
    kind, _, rest = source.partition("-")
    data: dict[str, Any] = {"kind": "templates", "language": rest or "en"}
    if kind == "swaps":
        data = {"kind": "swaps", "dataset": form.get("dataset").strip(), "terms": form.get("terms") or "en"}
        data["positive"] = _listed(form, "positive")
    elif kind == "functional":
        data = {"kind": "functional", "dataset": form.get("dataset").strip(), "terms": form.get("terms") or "en"}
    elif kind == "table":
        data = {"kind": "table", "dataset": form.get("dataset").strip(), "terms": form.optional("terms")}
        data |= {name: _listed(form, name) for name in ("groups", "no_group", "positive")}
    metrics = [name for name in METRICS if form.get(f"metric-{name}")]
    return {
        "title": form.get("title").strip(),
        "language": language,
        "model": form.get("model"),
        "audited": form.get("audited").strip(),
        "threshold": _number(form.get("threshold"), 0.5),
        "data": data,
        "metrics": metrics or ("false_positive_rate", "true_positive_rate"),
        "margin": _number(form.get("margin"), 0.05),
        "preset": form.get("preset", "general"),
    }


def _listed(form: Form, name: str) -> list[str]:
    """What was typed with commas in between."""
    return [each.strip() for each in form.get(name).split(",") if each.strip()]


def _is_number(text: str) -> bool:
    return not text or text.replace(".", "", 1).isdecimal()


def _number(text: str, default: float) -> Any:
    return default if not text else float(text) if _is_number(text) else text


async def _list(
    request: Request, services: Services, project: str, form: Form, error: FormError | None = None
) -> Response:
    found = await service.listing(services, project, cursor=request.query_params.get("cursor") or None)
    offered = models.judging_models(services)
    sent = await datasets.listing(services, project, limit=MOST_DATASETS)
    page = ListPage(
        audits=found.audits,
        next=found.next,
        models=[model for model in offered if model.head != "regression"],
        metrics=METRICS,
        asked=dict(form.values) if form.values else {"model": "toxicity"},
        chosen=[name for name in METRICS if form.get(f"metric-{name}")] or METRICS[:2],
        error=error,
        datasets=[each for each in sent.datasets if each.status == "ready"],
        demo=any(model.id == "toxicity" and model.embedded for model in offered),
    )
    status = error.status if error else 200
    return render(request, "audit/list.html", page, section="audits", json_twin="/v1/audits", status=status)
