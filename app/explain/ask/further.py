"""Questions of methods that a page does not show: each asked when somebody wants it, kept, and found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..._library import explainers
from ...engine.schemas import ModelOut
from ...errors import BadRequest, Conflict
from ...store.holders import of_page
from ...web.dependencies import Services
from . import arriving, service
from .alike import is_model_of, one_method
from .arriving import Coming
from .questions import question_of
from .schemas import Asked, ExplanationOut, ExplanationRequest, PanelOut

PLAYERS = ("token", "word", "phrase", "sentence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """A question beyond the page, and what is there of its answer."""

    method: str
    players: str | None  # that were named; None for those of the page
    seconds: float  # that it takes, about
    opened: bool
    answer: ExplanationOut | None
    coming: Coming | None


def offered(panel: PanelOut, model: ModelOut | None) -> tuple[str, ...]:
    """Methods that the model can be asked for and that the page does not show; none where the model is another now."""
    if not is_model_of(model, panel):
        return ()
    shown = {found.method.name for found in panel.explanations}
    return tuple(name for name in model.methods if name not in shown)


def opened_by(given: str) -> dict[str, str | None]:
    """From `method,method:players`, as it stands in an address; what is not of this form is left out."""
    found: dict[str, str | None] = {}
    for part in given.split(","):
        method, _, players = part.partition(":")
        if method and (not players or players in PLAYERS):
            found[method] = players or None
    return found


async def ask(
    services: Services,
    panel: PanelOut,
    model: ModelOut | None,
    project: str,
    *,
    method: str,
    players: str | None,
    wait: float | None = None,
) -> Asked:
    """Raises BadRequest for a method that is not offered here, and what an explanation raises."""
    if not is_model_of(model, panel):
        raise Conflict("the model is another one than when this was asked", cure="Explain the text again.")
    if method not in offered(panel, model):
        listed = ", ".join(offered(panel, model)) or "none"
        raise BadRequest(f"{method[:40]!r} is no further question here; there are: {listed}", cure="Choose one.")
    request = _request(panel, model, method, players)
    return await arriving.begin(services, request, project, holder=of_page(panel.key), wait=wait)


async def listed(
    services: Services,
    panel: PanelOut,
    model: ModelOut | None,
    project: str,
    opened: Mapping[str, str | None],
) -> tuple[Further, ...]:
    """Every further question of a page, with the answers that are there."""
    names = offered(panel, model)
    if model is None or not names:
        return ()
    requests = {name: _request(panel, model, name, opened.get(name)) for name in names}
    known = await service.stored_explanations(services, requests, model, project)
    return tuple(
        [
            Further(
                method=name,
                players=opened.get(name),
                seconds=services.pace.seconds(model.id, name, question_of(request, model)),
                opened=name in opened,
                answer=known.get(name),
                coming=await _coming(services, request, project) if name in opened and name not in known else None,
            )
            for name, request in requests.items()
        ]
    )


async def _coming(services: Services, request: ExplanationRequest, project: str) -> Coming | None:
    try:
        asked, _ = await service.asked_explanation(services, request, project)
    except explainers.ExplainersError:  # which asking tells
        return None
    return await arriving.find(services, project, asked.key)


def _request(panel: PanelOut, model: ModelOut, method: str, players: str | None) -> ExplanationRequest:
    return one_method(panel, model, method, **({"players": players} if players else {}))
