from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ..errors import BadRequest, NotFound
from ..jobs import forgetting
from ..store import history
from ..store.tables import Asked
from ..web.dependencies import Services
from .schemas import HistoryEntry, HistoryPage

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_ENTRIES = 100


async def entries(
    services: Services,
    project: str = "default",
    search: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
    *,
    model: str | None = None,
    label: str | None = None,
) -> HistoryPage:
    """Last asked first; `cursor` is the `next` of the previous page. model, label: only those of one of them."""
    limit = max(1, min(limit, MOST_ENTRIES))
    found = await history.page(
        services.store, project, search=_searchable(search), before=_position(cursor), limit=limit + 1,
        model=model, label=label,
    )  # fmt: skip
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return HistoryPage(
        entries=tuple(_entry(row) for row in found[:limit]),
        next=None if last is None else f"{last.created}-{last.id}",
    )


async def known(services: Services, project: str) -> tuple[Sequence[str], Sequence[str]]:
    """The models and the classes that occur in the history."""
    return await history.known(services.store, project)


async def set_note(services: Services, key: str, note: str, project: str = "default") -> None:
    """Raises NotFound."""
    if not await history.set_note(services.store, project, key, note.replace("\x00", "")):
        raise NotFound(f"the history has no entry {key[:80]!r}")


async def delete(services: Services, key: str, project: str = "default") -> None:
    """The entry with its result: a panel with its explanations. Raises NotFound."""
    if not await forgetting.results(services, project, key):
        raise NotFound(f"the history has no entry {key[:80]!r}")


def _entry(row: Asked) -> HistoryEntry:
    created = EPOCH + timedelta(microseconds=row.created)
    fields = ("key", "kind", "text", "text_pair", "model", "method", "label", "probability", "note")
    return HistoryEntry(created=created, **{name: getattr(row, name) for name in fields})


def _searchable(search: str | None) -> str | None:
    return None if search is None else search.replace("\x00", "").strip() or None


def _position(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    created, _, number = cursor.partition("-")
    if not (created.isascii() and created.isdecimal() and number.isascii() and number.isdecimal()):
        raise BadRequest(f"{cursor[:80]!r} is not a cursor", cure="Use the `next` of the previous page.")
    if len(created) > 18 or len(number) > 18:
        raise BadRequest(f"{cursor[:80]!r} is not a cursor", cure="Use the `next` of the previous page.")
    return int(created), int(number)
