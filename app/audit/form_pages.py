"""The form that declares an audit: model and class, data, groups; what it would compare is counted before it runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from ..datasets import flow as datasets
from ..datasets.schemas import DatasetOut
from ..datasets.service import MOST_DATASETS
from ..engine.schemas import ModelOut
from ..errors import NotFound
from ..models import service as models
from ..schemas import first_error
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, FormError, error_of, form_of
from ..web.rendering import language_of, render
from . import service
from .data import samples
from .data.plan import Plan
from .form import preview as previews
from .form.fields import METRICS, OWN, PRESETS, Typed, fault_of, listed, plan_of, typed
from .form.preview import Preview, Reading

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
MOST_FIELDS = 100
TOXICITY = "toxicity"
SIZES = {"templates-en": "en", "templates-zh": "zh"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPage:
    asked: Typed
    error: FormError | None
    models: Sequence[ModelOut]
    classes: Sequence[str]  # of the chosen model; none while it is not loaded
    datasets: Sequence[DatasetOut]  # those that are read
    dataset: DatasetOut | None
    metrics: Sequence[str]
    presets: Sequence[str]
    sizes: dict[str, tuple[int, int, int]]  # of the templates: identities, frames of the class, others
    preview: Preview | None
    seconds: float | None  # that it would take, about


@router.get("/audits/new")
async def new(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """The choices stand in the address: without scripts a choice is read by a button, with them at once."""
    given = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    asked = typed(given) if given else Typed(model=_usual(_offered(services)))
    fault = _fault(services, asked) if asked.model or given else None
    return await _form(request, services, project, asked, fault if _spoken(fault, asked) else None)


@router.post("/audits", dependencies=[needs(Scope.AUDIT)])
async def start(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request, most=MOST_FIELDS)
    asked = typed(form.values.items())
    if (fault := _fault(services, asked)) is not None:
        return await _form(request, services, project, asked, fault)
    try:
        plan = await _plan(request, services, project, asked)
        job = await service.submit(services, project, plan)
    except ValidationError as error:
        return await _form(request, services, project, asked, FormError("invalid", first_error(error), 422, "plan"))
    except FORESEEN as error:
        return await _form(request, services, project, asked, _placed(error_of(error)))
    return RedirectResponse(f"/audits/{job.id}", 303)


def _offered(services: Services) -> list[ModelOut]:
    """The models that can be audited: those that choose between classes of a text."""
    found = models.list_models(services)
    return [
        model for model in found if model.status != "failed" and model.head != "regression" and model.task == "text"
    ]


def _usual(offered: Sequence[ModelOut]) -> str:
    names = [model.id for model in offered]
    return TOXICITY if TOXICITY in names else names[0] if names else ""


def _fault(services: Services, asked: Typed) -> FormError | None:
    return fault_of(asked, {model.id: model.labels for model in _offered(services)})


def _spoken(fault: FormError | None, asked: Typed) -> bool:
    """Whether a page that is only looked at says so: a data set that is not chosen yet is no fault."""
    return fault is not None and not (fault.field == "dataset" and not asked.dataset)


def _placed(error: FormError) -> FormError:
    """An error of the service with the field that it is about, as far as its words tell. The page itself is there."""
    words = (("data.positive", "labels"), ("label", "labels"), ("column", "columns"), ("data set", "dataset"))
    field = next((field for word, field in words if word in error.detail), "plan")
    return FormError(error.code, error.detail, 422 if error.status == 404 else error.status, field, error.retry_after)


async def _plan(request: Request, services: Services, project: str, asked: Typed) -> Plan:
    """Raises ValidationError, and NotFound for a data set that is not there."""
    columns: Iterable[str] = asked.columns or ()
    if asked.source == "table" and asked.columns is None:
        dataset = await datasets.find(services, project, asked.dataset)
        shown = await _preview(services, project, asked, dataset, ())
        columns = shown.chosen if shown else ()
    return Plan.model_validate(plan_of(asked, list(columns), language_of(request)))


async def _preview(
    services: Services, project: str, asked: Typed, dataset: DatasetOut | None, classes: Sequence[str]
) -> Preview | None:
    margin = (asked.points or 5.0) / 100
    if asked.source in SIZES:
        return previews.of_templates(*samples.size(SIZES[asked.source]), metrics=asked.metrics, margin=margin)
    if asked.source != "table" or dataset is None or dataset.mapping is None:
        return None
    strata = await datasets.strata(services, project, dataset.id, asked.model)
    reading = Reading(
        audited=asked.audited or (classes[-1] if classes else ""),
        classes=classes,
        label=dataset.mapping.label,
        positive=listed(asked.positive),
        no_group=listed(asked.no_group),
    )
    return previews.preview(
        strata, dataset.mapping.groups, reading, columns=asked.columns, metrics=asked.metrics, margin=margin
    )


async def _form(request: Request, services: Services, project: str, asked: Typed, error: FormError | None) -> Response:
    offered = _offered(services)
    classes = next((model.labels for model in offered if model.id == asked.model), ())
    sent = await datasets.listing(services, project, limit=MOST_DATASETS)
    dataset = None
    if asked.source in OWN and asked.dataset:
        try:
            dataset = await datasets.find(services, project, asked.dataset)
        except NotFound as missing:
            error = error or FormError("not_found", str(missing), 422, "dataset")
    readable = dataset if dataset is not None and dataset.status == "ready" else None
    shown = await _preview(services, project, asked, readable, classes)
    if shown is not None and shown.fault and error is None:
        error = FormError("invalid", shown.fault, 422, "labels")
    page = FormPage(
        asked=asked,
        error=error,
        models=offered,
        classes=classes,
        datasets=[each for each in sent.datasets if each.status == "ready"],
        dataset=readable,
        metrics=METRICS,
        presets=PRESETS,
        sizes={name: samples.size(language) for name, language in SIZES.items()},
        preview=shown,
        seconds=await service.seconds(services, project, asked.model, *_size(asked, readable)),
    )
    status = error.status if error else 200
    return render(request, "audit/new.html", page, section="audits", status=status)


def _size(asked: Typed, dataset: DatasetOut | None) -> tuple[int, int]:
    """Rows that would be predicted, and the bytes of them; none where nothing is chosen."""
    if asked.source in SIZES:
        identities, of_class, others = samples.size(SIZES[asked.source])
        rows = identities * (of_class + others)
        return rows, rows * service.TEMPLATE_TOKENS * 4
    return (dataset.rows, dataset.bytes) if dataset is not None else (0, 0)
