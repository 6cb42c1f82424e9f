"""The page of an explanation of a recording: its words, the waveform, and the stretches as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ...engine.messages import ABSENT, RECORDING, WAVEFORM
from ...errors import NotFound
from ...models import service as models
from ...scopes import Scope
from ...web.dependencies import ProjectDep, Services, ServicesDep, needs
from ...web.rendering import render
from ..ask import service
from ..ask.schemas import ExplanationOut, PanelOut
from ..draw import view as views
from ..draw.heatmap import MAGNITUDES
from ..draw.view import MeasureRow
from . import spans
from .spans import Span, Word

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
FLAC = "audio/flac"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingPage:
    """found: the explanation that is shown. word: the word that is explained, None for all of them together.

    strongest: the stretch that raises what is explained most, None where none does. hidden: address of what is heard in
    place of an absent stretch, empty for silence. bars: the waveform as an SVG path.
    """

    panel: PanelOut
    address: str
    source: str
    hidden: str
    model_title: str
    found: ExplanationOut
    method: str
    methods: Sequence[str]
    words: Sequence[Word]
    word: Word | None
    label: str
    probability: float
    spans: Sequence[Span]
    ranked: Sequence[Span]
    strongest: Span | None
    seconds: float
    ticks: Sequence[int]
    bars: str
    plain: bool
    measures: Sequence[MeasureRow]
    residual: float | None


@router.get("/explanations/{key}/recording")
async def recording(services: ServicesDep, project: ProjectDep, key: str) -> Response:
    """The copy of the recording that is kept with its explanation."""
    return Response(await service.find_array(services, key, RECORDING, project), media_type=FLAC)


@router.get("/explanations/{key}/absent")
async def absent(services: ServicesDep, project: ProjectDep, key: str) -> Response:
    """The noise that is heard in place of an absent stretch."""
    return Response(await service.find_array(services, key, ABSENT, project), media_type=FLAC)


async def page(request: Request, services: Services, project: str, panel: PanelOut, kind: str) -> Response:
    """kind: panels or explanations. Raises UnknownValue for a method or word that the explanation does not have."""
    scored = [each for each in panel.explanations if each.scores is not None]
    if not scored:
        raise NotFound("no method of this explanation gives scores", cure="Ask with method shap.")
    address = f"/{kind}/{panel.key}"
    heights = await service.find_array(services, scored[0].key, WAVEFORM, project)
    context = _context(services, panel, address, request, scored, heights)
    return render(request, "speech/page.html", context, section="speech", json_twin=f"/v1{address}")


def _context(
    services: Services,
    panel: PanelOut,
    address: str,
    request: Request,
    scored: Sequence[ExplanationOut],
    heights: bytes,
) -> RecordingPage:
    by_name = {each.method.name: each for each in scored}
    found = views.chosen(request.query_params, "method", by_name, scored[0])
    words = spans.words_of(found)
    word = views.chosen(request.query_params, "word", {str(each.number): each for each in words}, None)
    whole = found.row(panel.prediction.main.index)
    rows = (whole,) if word is None else word.rows
    made = spans.spans_of(panel, found, rows)
    ranked = sorted(made, key=lambda span: -span.score)
    model = next((each for each in models.list_models(services) if each.id == panel.model.id), None)
    seconds = spans.seconds_of(panel)
    place = panel.prediction.place(panel.prediction.main.index)
    return RecordingPage(
        panel=panel,
        address=address,
        source=f"/explanations/{found.key}/recording",
        hidden=f"/explanations/{found.key}/absent" if found.baseline == "noise" else "",
        model_title=model.title if model else panel.model.id,
        found=found,
        method=found.method.name,
        methods=list(by_name),
        words=words,
        word=word,
        label=panel.prediction.main.label.strip() if word is None else word.text,
        probability=(panel.prediction.probabilities or ())[place] if word is None else word.probability,
        spans=made,
        ranked=ranked,
        strongest=ranked[0] if ranked and ranked[0].score > 0 else None,
        seconds=seconds,
        ticks=range(0, int(seconds) + 1, max(1, int(seconds) // 10)),
        bars=spans.bars(heights),
        plain=found.unit in MAGNITUDES,
        measures=views.measure_rows([found]),
        residual=views.residual_share(found, whole) if word is None else None,
    )
