"""The page of an answer that is not complete yet: what the model says, and the row of each method that is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from .._library import explainers
from ..errors import NotFound
from ..models import service as models
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.formatting import script
from ..web.forms import FormError, told
from ..web.rendering import render
from .ask import arriving
from .ask.arriving import Coming, Ending
from .ask.outcome import PredictionView, prediction_view
from .ask.schemas import PanelOut
from .draw import view as views
from .draw.heatmap import Cell
from .draw.view import Maps, MethodView, PaintedText, View

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
COMPLETE = "X-Whence-Complete"  # tells a script that the whole page is there
STATE = "X-Whence-State"
MOST_OF_IT = 0.9  # of the work, once every row is there: the measures follow
MOST_LOOKS = 200  # every two seconds, for what another process makes
FRAGMENT = "arriving"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingRow:
    """A method in its final place; `view` is None until its scores are there."""

    name: str
    view: MethodView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewherePage:
    address: str
    looks: int  # that were in vain so far


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivingPage:
    address: str
    model: str
    model_title: str
    texts: Sequence[PaintedText]
    text: str
    text_pair: str | None
    prediction: PredictionView | None
    maps: Maps | None  # of the rows that are there
    rows: Sequence[ComingRow]
    ready: int
    share: float
    note: str
    seconds_left: float | None
    state: Ending
    error: FormError | None
    job: str | None  # the id of the job that makes it


async def page(request: Request, services: Services, project: str, *, kind: str, key: str) -> Response:
    """kind: panels or explanations. Raises NotFound where nothing of this key is under way or has ended otherwise."""
    coming = await arriving.find(services, project, key)
    if coming is None:
        return await _elsewhere(request, services, project, kind=kind, key=key)
    if f"{coming.asked.kind}s" != kind:
        raise NotFound(f"nothing has the key {key[:80]!r}")
    if isinstance(coming.asked.question.input, explainers.FileInput) and coming.job is not None:
        return RedirectResponse(f"/jobs/{coming.job.id}", 303)
    context = _context(services, coming)
    status = context.error.status if context.error else 200
    fragment = is_followed(request)
    template = "explain/_arriving.html" if fragment else "explain/arriving.html"
    return render(
        request,
        template,
        context,
        section="explain",
        status=200 if fragment else status,
        headers={STATE: context.state},
    )


async def _elsewhere(request: Request, services: Services, project: str, *, kind: str, key: str) -> Response:
    """Somebody asked another process for it: the page looks again. Raises NotFound where nobody did, or after long."""
    given = request.query_params.get("look", "0")
    looks = int(given) if given.isdecimal() and len(given) < 4 else MOST_LOOKS
    if looks >= MOST_LOOKS or not await arriving.is_elsewhere(services, project, key):
        raise NotFound(f"nothing has the key {key[:80]!r}")
    context = ElsewherePage(address=f"/{kind}/{key}", looks=looks)
    return render(request, "explain/elsewhere.html", context, section="explain")


def is_followed(request: Request) -> bool:
    """Whether the script of an arriving page asks for what is new."""
    return request.headers.get("x-whence-fragment") == FRAGMENT


def complete() -> Response:
    """Tells the script of an arriving page to open the whole one."""
    return Response(headers={COMPLETE: "1"})


@router.post("/panels/{key}/stop", dependencies=[needs(Scope.EXPLAIN)])
async def stop_panel(key: str, services: ServicesDep, project: ProjectDep) -> Response:
    await arriving.stop(services, project, key)
    return RedirectResponse(f"/panels/{key}", 303)


@router.post("/explanations/{key}/stop", dependencies=[needs(Scope.EXPLAIN)])
async def stop_explanation(key: str, services: ServicesDep, project: ProjectDep) -> Response:
    await arriving.stop(services, project, key)
    return RedirectResponse(f"/explanations/{key}", 303)


@router.get("/panels/{key}/stop")
@router.get("/explanations/{key}/stop")
async def stopped(request: Request) -> Response:
    return RedirectResponse(request.url.path.removesuffix("/stop"), 303)


def _context(services: Services, coming: Coming) -> ArrivingPage:
    asked = coming.asked
    model = next((each for each in models.list_models(services) if each.id == asked.model), None)
    maps = _maps(coming)
    there = {row.name: row for row in maps.methods} if maps else {}
    texts = (("text", asked.question.text), ("text_pair", asked.question.text_pair))
    return ArrivingPage(
        address=asked.address,
        model=asked.model,
        model_title=model.title if model else asked.model,
        texts=tuple(PaintedText(part, script(text), (Cell(text),)) for part, text in texts if text is not None),
        text=asked.question.text,
        text_pair=asked.question.text_pair,
        prediction=_prediction(coming, model.head if model and model.labels else None),
        maps=maps,
        rows=tuple(ComingRow(name=name, view=there.get(name)) for name in asked.methods),
        ready=len(there),
        share=max(coming.share, len(there) / max(1, len(asked.methods)) * MOST_OF_IT),
        note=coming.note,
        seconds_left=coming.seconds_left,
        state=coming.state,
        error=None if coming.error is None else told(coming.error),
        job=None if coming.job is None else coming.job.id,
    )


def _prediction(coming: Coming, head: str | None) -> PredictionView | None:
    return None if coming.prediction is None else prediction_view(coming.prediction, head)


def _maps(coming: Coming) -> Maps | None:
    """The rows that are there, as the complete page will paint them; None before the first."""
    found = tuple(coming.explanations[name] for name in coming.asked.methods if name in coming.explanations)
    if not found or coming.prediction is None:
        return None
    target: explainers.Target = coming.prediction.main
    panel = PanelOut(
        key=coming.asked.key,
        target=target,
        model=found[0].model,
        input=found[0].input,
        prediction=coming.prediction,
        explanations=found,
        agreement=None,
        evaluations=0,
    )
    level = views.view_of(panel, {}).level
    return views.maps_of(panel, View(target=target.index, level=level, scale="own"))
