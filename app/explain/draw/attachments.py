"""Downloads of the explanation page: one file that needs no network."""

from __future__ import annotations

from ...errors import NotFound
from ..ask.schemas import ExplanationOut, PanelOut
from . import export
from .representations import PAGE_POLICY, Export

KINDS = {"html": "text/html; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}


def file_of(found: PanelOut | ExplanationOut, kind: str) -> Export:
    """Raises NotFound for a kind that does not exist."""
    if kind not in KINDS:
        raise NotFound(f"there is no export {kind[:20]!r}; there are: {', '.join(KINDS)}")
    policy = PAGE_POLICY if kind == "html" else None
    return Export(_content(found, kind).encode(), KINDS[kind], f"whence-{found.key[:12]}.{kind}", policy)


def _content(found: PanelOut | ExplanationOut, kind: str) -> str:
    if kind == "json":
        return found.model_dump_json(indent=1)
    explanations = found.explanations if isinstance(found, PanelOut) else (found,)
    return export.many_to_html(explanations) if kind == "html" else export.many_to_csv(explanations)
