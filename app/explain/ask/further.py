"""Questions that a page does not answer: each asked when somebody wants it, kept, and found again.

They are the methods that the page does not show, and how stable its own answer is: what it would be with other seeds
and other baselines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from ..._library import explainers
from ...engine.schemas import ModelOut
from ...errors import BadRequest, Conflict
from ...store.holders import of_page
from ...web.dependencies import Services
from . import arriving, records, service
from .alike import again, is_model_of, one_method, rules_of
from .arriving import Coming
from .questions import question_of
from .schemas import Asked, ExplanationOut, ExplanationRequest, PanelOut, PanelRequest

PLAYERS = ("token", "word", "phrase", "sentence")
STABILITY = "stability"  # in the place of a method's name
OTHER_SEEDS = 4
OTHER_BASELINES = 2
CHEAP = 3.0  # seconds of one answer, up to which other baselines are asked for too
MOST_SEED = 2**32  # one more than the largest


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


def asked_model(panel: PanelOut, model: ModelOut | None, question: str) -> ModelOut:
    """The model of the page, where the page has this question: a method, or STABILITY.

    Raises Conflict for another model under the old name, and BadRequest with the questions that there are.
    """
    if not is_model_of(model, panel):
        raise Conflict("the model is another one than when this was asked", cure="Explain the text again.")
    there = [*offered(panel, model), *([STABILITY] if can_be_varied(model, panel) else [])]
    if question not in there:
        listed = ", ".join(there) or "none"
        raise BadRequest(f"{question[:40]!r} is no further question here; there are: {listed}", cure="Choose one.")
    return model


async def ask(
    services: Services,
    panel: PanelOut,
    model: ModelOut,
    project: str,
    *,
    method: str,
    players: str | None,
    wait: float | None = None,
) -> Asked:
    """Begins the explanation by one more method. Raises what an explanation raises."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Answers to the question of the page with other seeds and other baselines.

    answers: those that are there, without the page itself, by the rule that differs: a seed, or the name of a baseline.
    coming: those that are being made. wanted: how many belong to it. seconds: what they take together, about.
    """

    answers: Mapping[int | str, tuple[ExplanationOut, ...]]
    coming: tuple[Coming, ...]
    wanted: int
    seconds: float
    opened: bool

    @property
    def seeds(self) -> int:
        return sum(isinstance(rule, int) for rule in self.answers)


def can_be_varied(model: ModelOut | None, panel: PanelOut) -> TypeGuard[ModelOut]:
    """Whether the page has scores of a text, and its model is still served."""
    scored = any(found.scores is not None for found in panel.explanations)
    return is_model_of(model, panel) and scored and isinstance(panel.input, explainers.TextInput)


async def ask_stability(
    services: Services, panel: PanelOut, model: ModelOut, project: str, *, kind: str, wait: float | None
) -> None:
    """Begins every answer that is not there. kind: panels or explanations. Raises what the first that fails raises."""
    wanted = _wanted(services, _varied(panel, model, kind), model)
    holder = of_page(panel.key)
    await asyncio.gather(*(arriving.begin(services, each, project, holder=holder, wait=wait) for each in wanted))


async def stability(
    services: Services, panel: PanelOut, model: ModelOut | None, project: str, *, kind: str, opened: bool
) -> Stability | None:
    """Answers that are there and those that are coming, where the question is open; None where it cannot be asked."""
    if not can_be_varied(model, panel):
        return None
    asked = _varied(panel, model, kind)
    wanted = _wanted(services, asked, model)
    answers: dict[int | str, tuple[ExplanationOut, ...]] = {}
    coming: list[Coming] = []
    for rule in asked if opened else ():
        question, _ = await service.asked_for(services, asked[rule], project)
        body = await service.stored(services, project, question)
        if body is not None:
            answers[rule] = _explanations(question, body)
        elif (found := await arriving.find(services, project, question.key)) is not None:
            coming.append(found)
    return Stability(
        answers=answers,
        coming=tuple(coming),
        wanted=max(len(wanted), len(answers) + len(coming)),
        seconds=sum(_seconds(services, each, model) for each in wanted),
        opened=opened,
    )


def _varied(panel: PanelOut, model: ModelOut, kind: str) -> dict[int | str, PanelRequest | ExplanationRequest]:
    """The question of the page by the rule that differs: the seeds that follow its own, then the other baselines."""
    first = next(found for found in panel.explanations if found.scores is not None)
    seeds = [(first.method.seed + k) % MOST_SEED for k in range(1, OTHER_SEEDS + 1)]
    own = rules_of(panel).get("baseline")
    baselines = [each for each in model.baselines if each not in (own, "text")] if own else []
    return {seed: again(panel, model, kind, seed=seed) for seed in seeds} | {
        each: again(panel, model, kind, baseline=each, baseline_text=None) for each in baselines[:OTHER_BASELINES]
    }


def _wanted(
    services: Services, asked: Mapping[int | str, PanelRequest | ExplanationRequest], model: ModelOut
) -> list[PanelRequest | ExplanationRequest]:
    """Questions that are begun together: all other seeds, and other baselines where an answer is soon made."""
    return [each for rule, each in asked.items() if isinstance(rule, int) or _seconds(services, each, model) <= CHEAP]


def _seconds(services: Services, request: PanelRequest | ExplanationRequest, model: ModelOut) -> float:
    what = request.method if isinstance(request, ExplanationRequest) else "panel"
    return services.pace.seconds(model.id, what, question_of(request, model))


def _explanations(asked: Asked, body: bytes) -> tuple[ExplanationOut, ...]:
    found = records.read(asked, body)
    return found.explanations if isinstance(found, PanelOut) else (found,)
