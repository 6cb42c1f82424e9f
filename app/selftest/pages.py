"""Planted truth: how well each method finds words that are known to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ..scopes import Scope
from ..web.dependencies import needs
from ..web.rendering import render
from . import service

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestPage:
    rows: Sequence[service.Row]
    answers: Sequence[service.AnswerRow]
    floor: float
    models: int  # trained for each task
    texts: int  # judged for each model
    players: int


@router.get("/selftest")
async def selftest(request: Request) -> Response:
    found = service.stored()
    page = SelftestPage(
        rows=found.rows,
        answers=found.answers,
        floor=found.floor,
        models=found.models,
        texts=found.texts,
        players=found.players,
    )
    return render(request, "selftest/page.html", page, section="methods")
