"""The attention of every head: an overview, and one head as a matrix and as arcs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import Response

from .._library import explainers
from ..errors import NotFound, UnknownValue
from ..scopes import Scope
from ..store.arrays import unpack
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.rendering import render
from .ask import service
from .ask.schemas import ExplanationOut
from .draw import heads
from .draw.heads import HeadFacts, Link, NotableHead

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
ARRAY = "relations"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionPage:
    key: str  # of the explanation that holds the array
    back: str
    text: str
    model: str
    tokens: Sequence[str]
    special: Sequence[bool]
    looking: Sequence[str]  # the rows, where they are those of the answer
    looking_special: Sequence[bool]
    special_names: Sequence[str]
    facts: HeadFacts
    notable: Sequence[NotableHead]
    layer: int
    head: int
    links: Sequence[Link]
    overview: str  # address of the small pictures
    array: str


@router.get("/panels/{key}/attention")
async def of_panel(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    panel = await service.find_panel(services, key, project)
    found = next((each for each in panel.explanations if ARRAY in each.arrays), None)
    if found is None:
        raise NotFound("this explanation has no attention", cure="Its model returns none; look at the other methods.")
    return await _page(request, services, project, found, back=f"/panels/{key}")


@router.get("/explanations/{key}/attention")
async def of_explanation(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    found = await service.find_explanation(services, key, project)
    if ARRAY not in found.arrays:
        raise NotFound("this explanation has no attention", cure="Explain the text with the method attention.")
    return await _page(request, services, project, found, back=f"/explanations/{key}")


@router.get("/explanations/{key}/attention/overview")
async def overview(key: str, services: ServicesDep, project: ProjectDep) -> Response:
    packed = await service.find_array(services, key, ARRAY, project)
    sides, body = await anyio.to_thread.run_sync(lambda: heads.thumbnails(unpack(packed)))
    return Response(body, media_type="application/octet-stream", headers={"X-Sides": "x".join(map(str, sides))})


async def _page(request: Request, services: Services, project: str, found: ExplanationOut, *, back: str) -> Response:
    packed = await service.find_array(services, found.key, ARRAY, project)
    relations = await anyio.to_thread.run_sync(unpack, packed)
    special = [token.special for token in found.tokens]
    own = [token.special for token in found.looking] or None
    facts = await anyio.to_thread.run_sync(lambda: heads.facts_of(relations, special, looking=own))
    worth = heads.notable(relations, facts)
    layer, head = _chosen(request.query_params, facts, worth[-1])
    page = AttentionPage(
        key=found.key,
        back=back,
        text=found.text,
        model=found.model.id,
        tokens=_named(found.tokens),
        special=special,
        looking=_named(found.looking),
        looking_special=own or [],
        special_names=list(dict.fromkeys(token.text for token in found.tokens if token.special)),
        facts=facts,
        notable=worth,
        layer=layer,
        head=head,
        links=heads.strongest(
            np.asarray(relations[layer, head]),
            _named(found.tokens),
            looking=_named(found.looking),
        ),
        overview=f"/explanations/{found.key}/attention/overview",
        array=f"/v1/explanations/{found.key}/arrays/{ARRAY}",
    )
    twin = f"{page.array}?layer={layer}&head={head}"
    return render(request, "explain/attention.html", page, section="explain", json_twin=twin)


def _named(tokens: Sequence[explainers.Token]) -> list[str]:
    """The tokens as they are shown; white space alone by its signs."""
    return [token.text.strip() or token.text.replace("\n", "⏎").replace(" ", "␣") or "…" for token in tokens]


def _chosen(query: Any, facts: HeadFacts, first: NotableHead) -> tuple[int, int]:
    """The head in the address, counted from 1; without one the last layer's that looks most at words."""
    most = {"layer": facts.layers, "head": facts.heads}
    given = {name: query.get(name, "") for name in most}
    if not any(given.values()):
        return first.layer, first.head
    for name, value in given.items():
        if value not in map(str, range(1, most[name] + 1)):
            raise UnknownValue(name, value, [f"1 to {most[name]}"], cure="Open the attention without it.")
    return int(given["layer"]) - 1, int(given["head"]) - 1
