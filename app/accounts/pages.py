"""Signing in with a key, signing out, and the log."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..access import identify
from ..scopes import Scope
from ..web import addresses
from ..web.dependencies import (
    OPEN_TO_ALL,
    ProjectDep,
    Services,
    ServicesDep,
    VisitorDep,
    needs,
    note_entry,
    session_cookie,
)
from ..web.forms import FormError, form_of
from ..web.rendering import render
from . import log
from .schemas import LogPage

router = APIRouter(include_in_schema=False)
ADDRESS = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")  # a path of this server and nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage:
    next: str
    error: FormError | None
    insecure: bool  # a browser does not keep the cookie of a plain connection


@dataclass(frozen=True, slots=True, kw_only=True)
class LogListPage:
    found: LogPage
    project: str
    paged: bool


@router.get("/sign-in", dependencies=[OPEN_TO_ALL])
async def sign_in_form(request: Request, services: ServicesDep, visitor: VisitorDep) -> Response:
    address = _address(request.query_params.get("next", ""))
    return RedirectResponse(address, 303) if visitor is not None else _form(request, address)


@router.post("/sign-in", dependencies=[OPEN_TO_ALL])
async def sign_in(request: Request, services: ServicesDep) -> Response:
    form = await form_of(request)
    address = _address(form.get("next"))
    opened = await identify.sign_in(services.settings, services.store, form.get("key").strip())
    if opened is None:
        note_entry(request, "sign-in", refused=True)
        return _form(request, address, FormError("bad_key", "", 401, "key"))
    session, caller = opened
    note_entry(request, "sign-in", refused=False, caller=caller)
    answer = RedirectResponse(address, 303)
    _keep(answer, services, session)
    return answer


@router.post("/sign-out", dependencies=[OPEN_TO_ALL])
async def sign_out(request: Request, services: ServicesDep) -> Response:
    if session := request.cookies.get(session_cookie()):
        await identify.sign_out(services.store, session)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(session_cookie(), path=addresses.root() or "/", secure=True, httponly=True, samesite="lax")
    return answer


@router.get("/log", dependencies=[needs(Scope.ADMIN)])
async def log_page(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    cursor = request.query_params.get("cursor")
    found = await log.lines(services.store, project, cursor=cursor)
    page = LogListPage(found=found, project=project, paged=cursor is not None)
    return render(request, "access/log.html", page, section="log", json_twin="/v1/log")


def _address(wanted: str) -> str:
    return wanted if ADDRESS.fullmatch(wanted) else "/"


def _form(request: Request, address: str, error: FormError | None = None) -> Response:
    page = SignInPage(next=address, error=error, insecure=_insecure(request))
    return render(request, "access/sign_in.html", page, status=error.status if error else 200)


def _insecure(request: Request) -> bool:
    secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
    return not secure and request.url.hostname not in ("localhost", "127.0.0.1", "::1")


def _keep(answer: Response, services: Services, session: str) -> None:
    seconds = round(services.settings.session_hours * 3600)
    where = addresses.root() or "/"
    answer.set_cookie(
        session_cookie(), session, max_age=seconds, path=where, secure=True, httponly=True, samesite="lax"
    )
