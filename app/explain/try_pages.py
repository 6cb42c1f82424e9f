"""Predicts a changed text for readers without scripts; with them the page asks the REST interface itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from .._library import explainers
from ..engine.messages import Predict
from ..errors import BadRequest
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.formatting import script
from ..web.forms import FORESEEN, FormError, error_of, form_of
from ..web.rendering import render
from .ask import service
from .ask.outcome import prediction_view
from .ask.schemas import PanelOut
from .draw.contexts import TryPage
from .draw.heatmap import Cell
from .draw.view import PaintedText
from .draw.whatif import Changed, changed

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
LONGEST_REPLACEMENT = 500


@router.get("/panels/{key}/try")
async def start(key: str) -> Response:
    return RedirectResponse(f"/panels/{key}", 303)


@router.get("/explanations/{key}/try")
async def start_single(key: str) -> Response:
    return RedirectResponse(f"/explanations/{key}", 303)


@router.post("/panels/{key}/try", dependencies=[needs(Scope.EXPLAIN)])
async def try_panel(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await _try(request, services, await service.find_panel(services, key, project), f"/panels/{key}")


@router.post("/explanations/{key}/try", dependencies=[needs(Scope.EXPLAIN)])
async def try_explanation(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    found = await service.find_explanation(services, key, project)
    return await _try(request, services, found, f"/explanations/{key}")


async def _try(
    request: Request, services: Services, found: PanelOut | explainers.Attribution, address: str
) -> Response:
    form = await form_of(request)
    features = (
        (found.explanations[0].features if found.explanations else ())
        if isinstance(found, PanelOut)
        else found.features
    )
    word = form.get("word")
    if not word.isdecimal() or int(word) >= len(features):
        raise BadRequest(f"the text has no part {word[:20]!r}", cure=f"Choose one of 0 to {len(features) - 1}.")
    replacement = form.get("replacement")[:LONGEST_REPLACEMENT].strip()
    text, moved = _window_of(found, features)
    made = changed(text, found.text_pair, moved, int(word), replacement)
    after, error = found.prediction, None
    try:
        question = explainers.Question.about(made.text, made.text_pair, outputs=_compared(found))
        (after,) = await services.engine.ask(Predict(model=found.model.id, questions=(question,)))
    except FORESEEN as raised:
        error = error_of(raised)
    return _answer(request, found, address, made, after, error, index=int(word), replacement=replacement)


def _compared(found: PanelOut | explainers.Attribution) -> explainers.SimilarityOutput | None:
    """The prompts of two texts that are compared, so that the changed ones are read in the same way."""
    first = found.explanations[0] if isinstance(found, PanelOut) and found.explanations else found
    asked = getattr(first, "outputs", None)
    return asked if isinstance(asked, explainers.SimilarityOutput) else None


def _window_of(found: PanelOut | explainers.Attribution, features: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The window around a stretch of a long text, which the model reads; without a stretch the whole text."""
    first = found.explanations[0] if isinstance(found, PanelOut) and found.explanations else found
    focus, unseen = getattr(first, "focus", None), getattr(first, "unseen", ())
    if focus is None or not unseen:
        return found.text, features
    start = max((span.end for span in unseen if span.end <= focus.start), default=0)
    end = min((span.start for span in unseen if span.start >= focus.end), default=len(found.text))
    moved = [each.model_copy(update={"start": each.start - start, "end": each.end - start}) for each in features]
    return found.text[start:end], moved


def _answer(
    request: Request,
    found: PanelOut | explainers.Attribution,
    address: str,
    made: Changed,
    after: explainers.Prediction,
    error: FormError | None,
    *,
    index: int,
    replacement: str,
) -> Response:
    features = found.explanations[0].features if isinstance(found, PanelOut) else found.features
    page = TryPage(
        address=address,
        text=made.text,
        text_pair=made.text_pair,
        model=found.model.id,
        word=features[index].text,
        word_index=index,
        replacement=replacement,
        changed=_shown(made),
        before=prediction_view(found.prediction, None),
        after=prediction_view(after, None),
        shares_before=_shares(found.prediction),
        error=error,
    )
    return render(request, "explain/try.html", page, section="explain", status=error.status if error else 200)


def _shares(prediction: explainers.Prediction) -> dict[int, float] | None:
    """Probabilities by class index; None of a regression."""
    shares = prediction.probabilities
    return None if shares is None else dict(zip(prediction.numbered, shares, strict=True))


def _shown(made: Changed) -> tuple[PaintedText, ...]:
    """The changed texts; what was put in is a cell of its own."""
    out = []
    for part, text in (("text", made.text), ("text_pair", made.text_pair)):
        if text is None:
            continue
        cells: tuple[Cell, ...] = (Cell(text),)
        if part == made.part:
            pieces = (text[: made.start], text[made.start : made.end], text[made.end :])
            cells = tuple(Cell(piece, feature=k if k == 1 else None) for k, piece in enumerate(pieces) if piece)
        out.append(PaintedText(part, script(text), cells))
    return tuple(out)
