"""Libraries of the web process, loaded without what they would only use on a terminal.

structlog loads rich, and alembic's templates load pygments, to colour what a person reads; a server writes JSON, and
both cost it memory for as long as it runs. Whoever needs them later imports them as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

COLOURS = ("rich", "pygments")
NOTHING: Any = None


@contextmanager
def _without_colours() -> Iterator[None]:
    absent = [name for name in COLOURS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent, NOTHING))  # importing it fails
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _without_colours():
    import alembic.command
    import structlog

__all__ = ["alembic", "structlog"]
