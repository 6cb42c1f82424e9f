"""Downloads of the explanation page: one file that needs no network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from ..._library import explainers
from ...errors import NotFound
from ...web.formatting import gain
from ...web.paper import may_have_pdf, to_pdf
from ...web.rendering import STATIC, environment
from ...web.words import N_
from ..ask.schemas import ExplanationOut, PanelOut
from . import export, notes, picture
from .contexts import PanelPage
from .representations import PAGE_POLICY, Export
from .view import MethodView

KINDS = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "slide.svg": "image/svg+xml",
    "svg": "image/svg+xml",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}
OFFERED = (  # in the menu of the page: the last part of the address, what it is, its form
    ("html", N_("Page"), N_("HTML, no network")),
    ("pdf", N_("Page"), N_("PDF, A4")),
    ("slide.svg", N_("Slide"), "SVG, 1600 × 900"),
    ("svg", N_("Heat map"), "SVG"),
    ("json", N_("Numbers"), "JSON"),
    ("csv", N_("Table"), "CSV"),
    ("md", N_("Notes"), "Markdown"),
)
AGAINST = N_("against random parts")


def offered_exports() -> tuple[tuple[str, str, str], ...]:
    """Exports that this server can make."""
    return tuple(each for each in OFFERED if each[0] != "pdf" or may_have_pdf())


def file_of(
    found: PanelOut | ExplanationOut, page: PanelPage, kind: str, *, language: str = "en", method: str = ""
) -> Export:
    """found: as it is stored; page: as it is shown. method: whose map, of an SVG; by default the first one painted.

    Raises NotFound for a kind that does not exist, and for a PDF on a server that cannot make one.
    """
    if kind not in KINDS:
        raise NotFound(f"there is no export {kind[:20]!r}; there are: {', '.join(KINDS)}")
    policy = PAGE_POLICY if kind in ("html", "svg", "slide.svg") else None
    body = _made(found, page, kind, language, method)
    return Export(body, KINDS[kind], f"whence-{found.key[:12]}.{kind}", policy)


def _made(found: PanelOut | ExplanationOut, page: PanelPage, kind: str, language: str, method: str) -> bytes:
    answer = str(environment(language).filters["answer_text"](page.panel))
    explanations = page.panel.explanations
    made: dict[str, Callable[[], str]] = {
        "html": lambda: to_page(page, language),
        "json": lambda: found.model_dump_json(indent=1),
        "csv": lambda: export.many_to_csv(explanations),
        "md": lambda: notes.to_markdown(explanations, answer=answer),
        "svg": lambda: _map(page, language, method),
        "slide.svg": lambda: _slide(page, language),
    }
    return to_pdf(to_page(page, language)) if kind == "pdf" else made[kind]().encode()


def to_page(page: PanelPage, language: str) -> str:
    """The page itself: its policy allows its own style sheet, by hash, and nothing else."""
    style = (STATIC / "css" / "paper.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    values: dict[str, Any] = {field.name: getattr(page, field.name) for field in fields(page)}
    return (
        environment(language)
        .get_template("explain/export.html")
        .render(
            **values,
            style=Markup(style),  # noqa: S704 - our own file, which a hash names
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
            made=datetime.now(UTC),
        )
    )


def _map(page: PanelPage, language: str, method: str) -> str:
    painted = [row for row in page.maps.methods if row.texts]
    row = next((each for each in painted if each.name == method), None) or next(iter(painted), None)
    if row is None or (method and row.name != method):
        names = ", ".join(each.name for each in painted) or "none"
        raise NotFound(f"there is no map of {method[:40]!r}; there are: {names}", cure="Name one of them as ?method=.")
    filters = environment(language).filters
    title = f"{filters['method'](row.name)} · {page.maps.label} · {filters['model_name'](page.model_title)}"
    says = "" if row.strongest is None else f"{row.strongest.text} {explainers.shown.signed(row.strongest.score)}"
    known = " · ".join([f"{says} {filters['unit'](row.unit)}", *_evidence(row, filters), "Whence"])
    return picture.map_svg(row, title=title, says=known.strip())


def _evidence(row: MethodView, filters: Mapping[str, Any]) -> list[str]:
    """How faithful the map is to this text, against random parts; nothing where that is not known."""
    if row.faithfulness is None:
        return []
    names = ("comprehensiveness", "sufficiency")
    known = [f"{filters['measure'](name)} {gain(getattr(row.faithfulness, name))}" for name in names]
    return [f"{', '.join(known)} ({filters['tr'](AGAINST)})"]


def _slide(page: PanelPage, language: str) -> str:
    filters = environment(language).filters
    row = next((each for each in page.maps.methods if each.texts), None)
    sentences = [str(each.striptags()) for each in filters["answer_sentences"](page.panel)] or [page.prediction.label]
    title = "" if row is None else " · ".join([filters["method"](row.name), page.maps.label, *_evidence(row, filters)])
    foot = f"Whence · {filters['model_name'](page.model_title)} · {page.address}"
    return picture.slide_svg(row, page.prediction, answer=sentences, title=title, foot=foot)
