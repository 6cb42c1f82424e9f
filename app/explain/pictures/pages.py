"""The page of an explanation of a picture: its map, the regions in words, and how far the map can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ...engine.messages import PICTURE
from ...errors import NotFound
from ...models import service as models
from ...scopes import Scope
from ...web.dependencies import ProjectDep, Services, ServicesDep, needs
from ...web.rendering import render
from ..ask import service
from ..ask.outcome import PredictionView, prediction_view
from ..ask.schemas import ExplanationOut, PanelOut
from ..draw import export
from ..draw import view as views
from ..draw.heatmap import MAGNITUDES
from ..draw.representations import Export
from ..draw.view import MeasureRow
from . import regions
from .regions import Read, Region

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
NAMED = 2  # regions that the sentence names


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePage:
    """found: the explanation whose map is shown. strongest: regions that raise the class most. plain: no signs."""

    panel: PanelOut
    address: str
    source: str
    model_title: str
    prediction: PredictionView
    found: ExplanationOut
    method: str
    methods: Sequence[str]
    target: int
    label: str
    predicted: int | None
    classes: Sequence[Any]
    regions: Sequence[Region]
    ranked: Sequence[Region]
    strongest: Sequence[Region]
    read: Read | None
    width: int
    height: int
    plain: bool
    measures: Sequence[MeasureRow]
    residual: float | None


@router.get("/explanations/{key}/picture")
async def picture(services: ServicesDep, project: ProjectDep, key: str) -> Response:
    """The copy of the picture that is kept with its explanation."""
    return Response(await service.find_array(services, key, PICTURE, project), media_type="image/webp")


def page(request: Request, services: Services, panel: PanelOut, kind: str) -> Response:
    """kind: panels or explanations. Raises UnknownValue for a method or class that the explanation does not have."""
    address = f"/{kind}/{panel.key}"
    context = _context(services, panel, address, request)
    return render(request, "images/page.html", context, section="images", json_twin=f"/v1{address}")


def _context(services: Services, panel: PanelOut, address: str, request: Request) -> PicturePage:
    scored = [each for each in panel.explanations if each.scores is not None]
    if not scored:
        raise NotFound("no method of this explanation gives scores", cure="Ask with method shap.")
    by_name = {each.method.name: each for each in scored}
    found = views.chosen(request.query_params, "method", by_name, scored[0])
    covered = {str(each.index): each.index for each in found.targets}
    usual = covered.get(str(panel.target.index), found.targets[0].index)
    target = views.chosen(request.query_params, "class", covered, usual)
    model = next((each for each in models.list_models(services) if each.id == panel.model.id), None)
    made = regions.regions_of(panel, found, target)
    ranked = sorted(made, key=lambda region: -(region.score or 0.0))
    width, height = regions.size_of(panel)
    return PicturePage(
        panel=panel,
        address=address,
        source=f"/explanations/{found.key}/picture",
        model_title=model.title if model else panel.model.id,
        prediction=prediction_view(panel.prediction, model.head if model and model.labels else None),
        found=found,
        method=found.method.name,
        methods=list(by_name),
        target=target,
        label=next(each.label for each in found.targets if each.index == target),
        predicted=None if panel.prediction.predicted is None else panel.prediction.predicted.index,
        classes=found.targets,
        regions=made,
        ranked=ranked,
        strongest=[region for region in ranked[:NAMED] if (region.score or 0.0) > 0],
        read=regions.read_part(panel, found),
        width=width,
        height=height,
        plain=found.unit in MAGNITUDES,
        measures=views.measure_rows([found]),
        residual=views.residual_share(found, found.row(target)),
    )


def exported(found: PanelOut | ExplanationOut, explanations: Sequence[ExplanationOut], kind: str) -> Response:
    """The numbers as a file. Raises NotFound for a form that a picture's explanation does not have."""
    made = {
        "json": lambda: found.model_dump_json(indent=1),
        "csv": lambda: export.many_to_csv(explanations),
    }
    media = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
    if kind not in made:
        raise NotFound(f"there is no export {kind[:20]!r} of a {found.input.kind}; there are: {', '.join(made)}")
    file = Export(made[kind]().encode(), media[kind], f"whence-{found.key[:12]}.{kind}", None)
    return Response(file.body, media_type=file.media_type, headers=file.headers)
