"""Measures that ask the model anew, for one method of a page: made when they are asked for, kept, found again.

They are those of the same question asked of the method alone, with all measures that the model can be given: an
explanation with an address of its own, which POST /v1/explanations with `measures` gives too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._library import explainers
from ...engine.schemas import ModelOut
from ...errors import BadRequest, Conflict
from ...store.holders import of_page
from ...web.dependencies import Services
from . import arriving, service
from .alike import is_model_of, one_method
from .arriving import Coming
from .schemas import ExplanationOut, ExplanationRequest, PanelOut


def missing(panel: PanelOut, model: ModelOut | None, known: Mapping[str, ExplanationOut]) -> tuple[str, ...]:
    """The methods of a page whose measures on demand can still be made."""
    if not is_model_of(model, panel) or not explainers.on_demand_of(model.offers):
        return ()
    return tuple(name for name in _scored(panel) if name not in known)


async def begin(
    services: Services, panel: PanelOut, model: ModelOut, method: str, project: str, *, wait: float | None
) -> None:
    """Raises BadRequest for a method that is not on the page, Conflict for another model under the old name, and what
    an explanation raises."""
    if not is_model_of(model, panel):
        raise Conflict(f"{model.id} is another model than when this was asked", cure="Explain the text again.")
    if method not in _scored(panel):
        listed = ", ".join(_scored(panel)) or "none"
        raise BadRequest(f"the page has no scores of {method[:40]!r}; it has: {listed}", cure="Choose one of them.")
    request = _request(panel, model, method)
    await arriving.begin(services, request, project, holder=of_page(panel.key), wait=wait)


async def under_way(
    services: Services, panel: PanelOut, model: ModelOut | None, method: str, project: str
) -> Coming | None:
    """The measures of a method that are being made, or why they could not be."""
    if not is_model_of(model, panel) or method not in _scored(panel):
        return None
    asked, _ = await service.asked_explanation(services, _request(panel, model, method), project)
    return await arriving.find(services, project, asked.key)


async def known(services: Services, panel: PanelOut, model: ModelOut | None, project: str) -> dict[str, ExplanationOut]:
    """Measured explanations that were made before, by method."""
    if not is_model_of(model, panel):
        return {}
    asked = {name: _request(panel, model, name) for name in _scored(panel)}
    return await service.stored_explanations(services, asked, model, project)


def merged(found: Sequence[ExplanationOut], known: Mapping[str, ExplanationOut]) -> tuple[ExplanationOut, ...]:
    """The explanations of a page with the checks that only the measured ones have."""
    return tuple(
        each.model_copy(update={"checks": {**known[each.method.name].checks, **each.checks}})
        if each.method.name in known
        else each
        for each in found
    )


def _scored(panel: PanelOut) -> tuple[str, ...]:
    return tuple(found.method.name for found in panel.explanations if found.scores is not None)


def _request(panel: PanelOut, model: ModelOut, method: str) -> ExplanationRequest:
    return one_method(panel, model, method, measures=list(explainers.on_demand_of(model.offers)))
