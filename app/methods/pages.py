"""What each method means in plain words, and when not to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from .._library import explainers
from ..errors import NotFound
from ..scopes import Scope
from ..web.dependencies import needs
from ..web.rendering import TEMPLATES, language_of, render
from . import service
from .schemas import ExplainerOut

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    methods: Sequence[ExplainerOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodPage:
    method: ExplainerOut
    text: str | None  # the template with its words; none for a method of another package
    others: Sequence[ExplainerOut]


@router.get("/methods")
async def index(request: Request) -> Response:
    page = IndexPage(methods=service.list_methods())
    return render(request, "methods/index.html", page, section="methods", json_twin="/v1/explainers")


@router.get("/methods/{name}")
async def one(request: Request, name: str) -> Response:
    try:
        found = service.find_method(name)
    except explainers.UnknownExplainer as error:
        raise NotFound(str(error), cure="Choose a method of the list.") from error
    text = f"methods/text/{language_of(request)}/{found.name}.html"
    page = MethodPage(
        method=found,
        text=text if (TEMPLATES / text).is_file() else None,
        others=[each for each in service.list_methods() if each.name != found.name],
    )
    return render(request, "methods/method.html", page, section="methods", json_twin="/v1/explainers")
