"""What the tests of the application have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.web import paper


@pytest.fixture(autouse=True, scope="module")
def no_pdf() -> Iterator[None]:
    """Audits draw no PDF, which takes longer than all else of a small one; test_audit_served has one that does."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(paper, "has_pdf", lambda: False)
        yield
