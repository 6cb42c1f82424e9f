"""Pages: one environment a language, static addresses that carry a content hash, and the answer itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import cache
from gettext import NullTranslations
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..scopes import Caller
from ..store.job_condition import Halt
from . import addresses, formatting, markdown, sentences, words
from .words import N_

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"
LOCALES = Path(__file__).parent.parent / "locale"
FEATURES = (
    "..audit.data.terms",
    "..audit.evidence.painting",
    "..changes.terms",
    "..contracts.terms",
    "..explain.pictures.terms",
    "..explain.recordings.terms",
    "..jobs.registry",
    "..models.terms",
    "..variants.terms",
    "..workbench.contexts",
)  # each hands the pages filters
LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT_LANGUAGE = "en"
COOKIE = "lang"
TRAIL = "whence.trail"  # of a request's scope: see Frame
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Values that every page has beside its own context."""

    lang: str
    languages: Mapping[str, str]
    language_links: Mapping[str, str]  # language → this page in it
    section: str  # the part of the navigation that is open
    json_twin: str | None
    version: str
    now: datetime
    caller: Caller | None  # of whom there is nothing to say in local mode
    halt: Halt | None  # why jobs are not being run
    trail: Any  # the row of a data set that an explanation was reached from, with its neighbours; None elsewhere


def language_of(request: Request) -> str:
    """?lang=, else the cookie, else what the browser prefers."""
    for wanted in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    for preferred in request.headers.get("accept-language", "").split(","):
        if (code := preferred.split(";")[0].strip().lower()[:2]) in LANGUAGES:
            return code
    return DEFAULT_LANGUAGE


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language; English is what the templates say themselves."""
    source = LOCALES / language / "LC_MESSAGES" / "messages.po"
    if not source.is_file():
        return NullTranslations()
    with source.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


@cache
def environment(language: str) -> Environment:
    """One a language: an overlay would share the gettext functions, and plurals would come out in the wrong one."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    made.policies["ext.i18n.trimmed"] = True
    found = translations(language)
    made.install_gettext_callables(found.gettext, found.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(static=static_address, lang=language)
    made.filters.update(formatting.filters(language) | words.filters(language, found.gettext))
    made.filters.update(sentences.filters(language, found.gettext))
    made.filters["markdown"] = markdown.renderer(found.gettext(N_("Formula")))
    for name in FEATURES:
        made.filters.update(import_module(name, __package__).filters(found.gettext))
    return made


@cache
def static_version() -> str:
    """A hash over every static file: it is part of their address, so that they may be kept for ever."""
    digest = hashlib.sha256()
    for path in sorted(p for p in STATIC.rglob("*") if p.is_file()):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def static_address(path: str) -> str:
    """The address of a static file. Style sheets and modules name each other relatively, so they carry the hash too."""
    return f"/static/{static_version()}/{path}"


def render(
    request: Request,
    template: str,
    context: Any,
    *,
    section: str = "",
    json_twin: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page from its context class. What the address asks of the language is kept in a cookie."""
    language = language_of(request)
    frame = Frame(
        lang=language,
        languages=LANGUAGES,
        language_links={code: _in_language(request, code) for code in LANGUAGES},
        section=section,
        json_twin=json_twin,
        version=_version(),
        now=datetime.now(UTC),
        caller=_shown(request.scope.get("whence.caller")),
        halt=_halt_of(request),
        trail=request.scope.get(TRAIL),
    )
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    html = environment(language).get_template(template).render(**values, frame=frame)
    answer = HTMLResponse(addresses.in_page(html), status, dict(headers or {}))
    answer.headers["Content-Language"] = language
    if request.method == "GET" and _may_be_kept(request):
        answer.headers["Cache-Control"] = "private, no-cache"
    if (wait := getattr(getattr(context, "error", None), "retry_after", None)) is not None:  # a FormError's
        answer.headers["Retry-After"] = str(wait)
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie(COOKIE, language, max_age=A_YEAR, path=addresses.root() or "/", samesite="lax", httponly=True)
    return answer


def _may_be_kept(request: Request) -> bool:
    """Whether a browser may keep the page for "back": on somebody's own machine, where texts are kept for good anyway.
    With log-ins, or where texts are to go after some days, nothing is written into a browser's cache."""
    services = getattr(request.app.state, "services", None)
    caller = request.scope.get("whence.caller")
    return (
        services is not None
        and caller is not None
        and caller.via == "local"
        and services.settings.retention_days is None
    )


def _halt_of(request: Request) -> Halt | None:
    services = getattr(request.app.state, "services", None)  # none before the start is complete
    return None if services is None else services.runner.halt


def _shown(caller: Caller | None) -> Caller | None:
    return None if caller is None or caller.via == "local" else caller


def _in_language(request: Request, language: str) -> str:
    path = request.url.path if request.method in ("GET", "HEAD") else request.url.path.rpartition("/")[0] or "/"
    query = request.url.include_query_params(lang=language).query
    return f"{path}?{query}"


@cache
def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("whence")
    except PackageNotFoundError:
        return "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """A problem document for a person."""

    status: int
    code: str
    title: str
    detail: str
    cure: str
    instance: str
    known: tuple[str, str] | None  # what happened and what to do, in words of the catalogue


def error_page(request: Request, problem: Any) -> HTMLResponse:
    """The page of an error that a route or the server raised; `problem` is what /v1 would have answered."""
    from .forms import FORM_ERRORS

    page = ErrorPage(
        status=problem.status,
        code=problem.code,
        title=problem.title,
        detail=problem.detail,
        cure=problem.cure,
        instance=problem.instance,
        known=FORM_ERRORS.get(problem.code),
    )
    return render(request, "errors/error.html", page, status=problem.status)
