"""Who did what: everything that was asked or changed, and what was refused to somebody. Never a text, never a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import BadRequest
from ..scopes import Caller
from ..store import log as stored
from ..store.database import Store
from ..store.results import now
from ..store.tables import Logged
from .schemas import LogLine, LogPage

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 50
PLAIN = ("model", "name", "kind")  # parts of an address that tell nothing of a text


async def note(store: Store, caller: Caller, *, action: str, target: str, status: int) -> None:
    line = Logged(
        at=now(), project=caller.project, who=caller.name, via=caller.via, action=action[:200], target=target[:200],
        status=status,
    )  # fmt: skip
    await stored.append(store, line)


def target(parameters: Mapping[str, Any], fingerprint: Callable[[str], str]) -> str:
    """The parts of the address; of keys, which are plain hashes of texts, the fingerprint."""
    shown = (f"{name}={value if name in PLAIN else fingerprint(str(value))[:12]}" for name, value in parameters.items())
    return " ".join(shown)


async def lines(store: Store, project: str | None, *, cursor: str | None = None, limit: int = PAGE) -> LogPage:
    """Newest first; `cursor` is the `next` of the previous page. Raises BadRequest."""
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise BadRequest(f"{cursor[:80]!r} is not a cursor", cure="Use the `next` of the previous page.")
    found = await stored.page(store, project, before=None if cursor is None else int(cursor), limit=limit + 1)
    more = len(found) > limit
    return LogPage(lines=tuple(map(_line, found[:limit])), next=str(found[limit - 1].id) if more else None)


def _line(row: Logged) -> LogLine:
    at = EPOCH + timedelta(microseconds=row.at)
    fields = ("project", "who", "via", "action", "target", "status")
    return LogLine(at=at, **{name: getattr(row, name) for name in fields})
