"""A question to a language model, its answer, and what each word of it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from .._library import explainers
from ..engine.schemas import ModelOut
from ..errors import StillRunning, UnknownValue
from ..explain.ask import service as explanations
from ..explain.ask.schemas import ExplanationRequest
from ..models import service as models
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs, while_connected
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of, text_error
from ..web.rendering import render
from . import service
from .grid import Grid, grid_of
from .schemas import GenerationOut, GenerationRequest
from .view import BYS, By, Chosen, Why, Word, chosen_of, why_of, words_of

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
METHODS = ("shap", "leave-one-out", "lime", "integrated-gradients", "gradient-x-input")
EXAMPLES = (
    "Anna lives in Rome. Boris works in a bakery. Clara has a red bicycle. Where does Anna live?",
    "The train leaves at nine. The ship leaves at noon. When does the ship leave?",
    "Write one sentence about the sea.",
)
GAP = "\n---\n"  # between passages in the form


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPage:
    models: Sequence[ModelOut]
    model: str
    text: str
    system: str
    passages: str
    max_tokens: str
    temperature: str
    seed: str
    error: FormError | None
    examples: Sequence[str]
    wheel: explainers.Wheel | None  # of a model that could be fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPage:
    answer: GenerationOut
    address: str
    question: str
    words: Sequence[Word]
    chosen: Chosen | None
    why: Why | None
    grid: Grid | None  # of all words, where a table can hold them
    by: By
    bys: Sequence[By]
    method: str
    methods: Sequence[str]
    contrast: str
    attention: bool  # can the heads of the model be shown?
    error: FormError | None


@router.get("/generate")
async def ask(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """?again= is the key of an answer whose question the form begins with: a text is never part of an address."""
    key, model = (request.query_params.get(name, "") for name in ("again", "model"))
    if key:
        return _ask(request, services, _again(await service.find(services, key, project)))
    models.refuse_unknown(_offered(services), model)
    return _ask(request, services, Form({"model": model}))


@router.post("/generate", dependencies=[needs(Scope.EXPLAIN)])
async def generate(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """303 to the answer, or the form again with what was typed."""
    form = await form_of(request)
    try:
        if (found := text_error(form.get("text"))) is not None:
            return _ask(request, services, form, found)
        body = await while_connected(request, service.make(services, _asked(form), project))
    except FORESEEN as error:
        return _ask(request, services, form, error_of(error))
    return RedirectResponse(f"/generations/{GenerationOut.model_validate_json(body).key}", 303)


@router.get("/generations")
async def nothing_chosen() -> Response:
    return RedirectResponse("/generate", 303)


@router.get("/generations/{key}")
async def answer(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    found = await service.find(services, key, project)
    return await _page(request, services, project, found, request.query_params)


@router.post("/generations/{key}/why", dependencies=[needs(Scope.EXPLAIN)])
async def explain(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    """303 to the answer with its explanation, or the part of the page that shows it."""
    found = await service.find(services, key, project)
    form = await form_of(request)
    given = {name: form.get(name) for name in ("words", "by", "method", "not")}
    refused = None
    try:
        work = service.explain(services, found.key, _why_asked(found, given), project)
        await while_connected(request, work)
    except StillRunning as error:
        return RedirectResponse(f"/jobs/{error.job}", 303)
    except FORESEEN as error:
        refused = error_of(error)
    if refused is None and not request.headers.get("x-whence-fragment"):
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items() if value)
        return RedirectResponse(f"/generations/{found.key}{'?' if query else ''}{query}#why", 303)
    return await _page(request, services, project, found, given, refused)


@router.post("/generations/{key}/attention", dependencies=[needs(Scope.EXPLAIN)])
async def attention(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    """303 to the heads of the model: of a translator where each token looks in the source."""
    found = await service.find(services, key, project)
    asked = ExplanationRequest.model_validate(
        {"model": found.model.id, "input": _input(found.input), "method": "attention", "outputs": found.output()},
        strict=False,
    )
    try:
        made = await while_connected(request, service.explain(services, found.key, asked, project))
    except StillRunning as error:
        return RedirectResponse(f"/jobs/{error.job}", 303)
    except FORESEEN as error:
        return await _page(request, services, project, found, {}, error_of(error))
    return RedirectResponse(f"/explanations/{made}/attention", 303)


@router.get("/generations/{key}/attention")
@router.get("/generations/{key}/why")
async def why(key: str) -> Response:
    return RedirectResponse(f"/generations/{key}", 303)


async def _page(
    request: Request,
    services: Services,
    project: str,
    found: GenerationOut,
    given: Any,
    refused: FormError | None = None,
) -> Response:
    words = words_of(found.tokens)
    contrast = given.get("not") or ""
    chosen = chosen_of(found, words, f"0-{len(words) - 1}" if contrast else given.get("words") or "")
    by, method = _by(given.get("by") or ""), _method(given.get("method") or "")
    stored = await _stored(services, project, found, {"by": by, "method": method, "not": contrast})
    page = AnswerPage(
        answer=found,
        address=f"/generations/{found.key}",
        question=_question(found),
        words=words,
        chosen=chosen,
        why=None if stored is None or chosen is None or stored.scores is None else why_of(stored, chosen, found),
        grid=None if stored is None or contrast else grid_of(stored, words),
        by=by,
        bys=BYS,
        method=method,
        methods=METHODS,
        contrast=contrast,
        attention=_looks(services, found),
        error=refused,
    )
    template = (
        "generate/_chosen.html" if request.headers.get("x-whence-fragment") == "chosen" else "generate/answer.html"
    )
    status = refused.status if refused else 200
    return render(request, template, page, section="generate", json_twin=f"/v1/generations/{found.key}", status=status)


def _looks(services: Services, found: GenerationOut) -> bool:
    """Whether the model is still served and gives its attention weights."""
    states = models.list_models(services)
    return bool(found.tokens) and any(each.id == found.model.id and "attentions" in each.offers for each in states)


async def _stored(services: Services, project: str, found: GenerationOut, given: dict[str, str]) -> Any:
    """The explanation that was made before; None without one, or where the model is another one by now."""
    state = next((each for each in models.list_models(services) if each.id == found.model.id), None)
    if state is None or state.digest != found.model.digest:
        return None
    try:
        asked = {"it": _why_asked(found, given)}
        return (await explanations.stored_explanations(services, asked, state, project)).get("it")
    except explainers.ExplainersError:
        return None


def _why_asked(found: GenerationOut, given: dict[str, str]) -> ExplanationRequest:
    by = _by(given.get("by") or "")
    return ExplanationRequest.model_validate(
        {
            "model": found.model.id,
            "input": _input(found.input),
            "method": _method(given.get("method") or ""),
            "outputs": found.output(contrast=given.get("not") or None),
            "players": by,
            "accuracy": "draft" if by == "word" else "normal",
        },
        strict=False,
    )


def _input(given: explainers.Input) -> dict[str, Any]:
    """The input as a request gives it."""
    return given.model_dump(exclude={"kind"} if given.kind == "text" else set())


def _question(found: GenerationOut) -> str:
    given = found.input
    return given.messages[-1].text if isinstance(given, explainers.PromptInput) else getattr(given, "text", "")


def _by(given: str) -> By:
    if given and given not in BYS:
        raise UnknownValue("by", given, BYS, cure="Open the answer without it.")
    return next((each for each in BYS if each == given), "word")


def _method(given: str) -> str:
    if given and given not in METHODS:
        raise UnknownValue("method", given, METHODS, cure="Open the answer without it.")
    return given or METHODS[0]


def _again(found: GenerationOut) -> Form:
    """The question of an answer as the form holds it: of a conversation the instruction and the last question."""
    given = found.input
    first = given.messages[0] if isinstance(given, explainers.PromptInput) else None
    passages = given.passages if isinstance(given, explainers.PromptInput) else ()
    return Form(
        {
            "model": found.model.id,
            "text": _question(found),
            "system": first.text if first is not None and first.role == "system" else "",
            "passages": GAP.join(passages),
            **{name: f"{getattr(found.decoding, name):g}" for name in ("max_tokens", "temperature")},
            "seed": str(found.decoding.seed),
        }
    )


def _offered(services: Services) -> list[ModelOut]:
    return [model for model in models.list_models(services) if model.task == "tokens"]


def _ask(request: Request, services: Services, form: Form, error: FormError | None = None) -> Response:
    offered = _offered(services)
    wheel = explainers.WHEELS[explainers.DEFAULT_LANGUAGE_MODEL]
    page = AskPage(
        models=offered,
        model=form.get("model") or (offered[0].id if offered else ""),
        text=form.get("text"),
        system=form.get("system"),
        passages=form.get("passages"),
        max_tokens=form.get("max_tokens", "128"),
        temperature=form.get("temperature", "0"),
        seed=form.get("seed", "0"),
        error=error,
        examples=EXAMPLES,
        wheel=None if any(model.id == wheel.name for model in offered) else wheel,
    )
    return render(request, "generate/ask.html", page, section="generate", status=error.status if error else 200)


def _asked(form: Form) -> GenerationRequest:
    passages = [each.strip() for each in form.get("passages").replace("\r\n", "\n").split(GAP) if each.strip()]
    return GenerationRequest.model_validate(
        {
            "model": form.get("model") or explainers.DEFAULT_LANGUAGE_MODEL,
            "text": form.get("text"),
            "system": form.optional("system"),
            "passages": passages,
            "max_tokens": form.get("max_tokens") or "128",
            "temperature": form.get("temperature") or "0",
            "seed": form.get("seed") or "0",
        },
        strict=False,
    )
