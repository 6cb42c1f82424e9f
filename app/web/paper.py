"""Pages as PDF, set by WeasyPrint (extra `pdf`), and the style sheet that reports share."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ..errors import NotFound

CURE = "Install the extra pdf (pip install 'whence[pdf]') and Pango, or print the page from the browser."
# Drawings carry style attributes of their own, so styles are allowed; nothing can be loaded.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def report_style() -> str:
    """The style sheet of reports, which stands within each of them."""
    return (Path(__file__).parents[1] / "audit" / "report" / "report.css").read_text(encoding="utf-8")


def may_have_pdf() -> bool:
    """Whether the extra is there; nothing heavy is imported."""
    return find_spec("weasyprint") is not None


def has_pdf() -> bool:
    """Whether the extra is there, and the system's Pango that it draws with."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def to_pdf(html: str) -> bytes:
    """The page as PDF; nothing is loaded but the pictures that lie in it. Raises NotFound where none can be made."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError) as error:
        raise NotFound("this server cannot make PDF", cure=CURE) from error
    body: bytes = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=("data",))).write_pdf()
    return body
