"""Downloads of the explanation page: one file that needs no network."""

from __future__ import annotations

from fastapi.responses import Response

from ..errors import NotFound
from . import export
from .schemas import ExplanationOut, PanelOut

POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
KINDS = {"html": "text/html; charset=utf-8", "json": "application/json", "csv": "text/csv; charset=utf-8"}


def answer(found: PanelOut | ExplanationOut, kind: str) -> Response:
    """Raises NotFound for a kind that does not exist."""
    if kind not in KINDS:
        raise NotFound(f"there is no export {kind[:20]!r}; there are: {', '.join(KINDS)}")
    name = f"whence-{found.key[:12]}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if kind == "html":
        headers["Content-Security-Policy"] = POLICY
    return Response(_content(found, kind), media_type=KINDS[kind], headers=headers)


def _content(found: PanelOut | ExplanationOut, kind: str) -> str:
    if kind == "json":
        return found.model_dump_json(indent=1)
    explanations = found.explanations if isinstance(found, PanelOut) else (found,)
    return export.many_to_html(explanations) if kind == "html" else export.many_to_csv(explanations)
