"""Downloads of the explanation page: one file that needs no network."""

from __future__ import annotations

from ...errors import NotFound
from ...web.words import N_
from ..ask.schemas import ExplanationOut, PanelOut
from . import export, notes
from .representations import PAGE_POLICY, Export

KINDS = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}


OFFERED = (  # in the menu of the page: the last part of the address, what it is, its form
    ("html", N_("Page"), N_("HTML, no network")),
    ("json", N_("Numbers"), "JSON"),
    ("csv", N_("Table"), "CSV"),
    ("md", N_("Notes"), "Markdown"),
)


def offered_exports(*, whole: bool) -> tuple[tuple[str, str, str], ...]:
    """whole: of a panel, not of one method."""
    return OFFERED


def file_of(found: PanelOut | ExplanationOut, kind: str, *, answer: str = "", language: str = "en") -> Export:
    """answer: what a panel says, as a sentence in that language. Raises NotFound for a kind that does not exist."""
    if kind not in KINDS:
        raise NotFound(f"there is no export {kind[:20]!r}; there are: {', '.join(KINDS)}")
    policy = PAGE_POLICY if kind == "html" else None
    return Export(
        _content(found, kind, answer, language).encode(), KINDS[kind], f"whence-{found.key[:12]}.{kind}", policy
    )


def _content(found: PanelOut | ExplanationOut, kind: str, answer: str, language: str) -> str:
    if kind == "json":
        return found.model_dump_json(indent=1)
    explanations = found.explanations if isinstance(found, PanelOut) else (found,)
    if kind == "md":
        return notes.to_markdown(explanations, answer=answer)
    if kind == "html":
        return export.many_to_html(explanations, answer=answer, language=language)
    return export.many_to_csv(explanations)
