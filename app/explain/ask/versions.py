"""Versions of a text: a chain of explanations, each made from the one before it by editing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy.orm import Session

from ...store import history, holders
from ...store.tables import Asked as Entry
from ...web.dependencies import Services

MOST = 12  # versions of a chain that are shown


async def note(services: Services, project: str, *, key: str, original: str) -> None:
    """Notes that one explanation is of a changed text of another; nothing where they are the same."""
    if key != original:
        await services.store.write(
            partial(holders.hold, project=project, keys=[key], holder=holders.version_of(original))
        )


async def chain(services: Services, project: str, key: str) -> Sequence[Entry]:
    """The versions before this one, itself, and those made from it, in their order; none where it is the only one."""
    found = await services.store.read(partial(_chain, project=project, key=key))
    return found if len(found) > 1 else ()


def _chain(session: Session, project: str, key: str) -> list[Entry]:
    keys = [key]
    while len(keys) < MOST and (earlier := holders.original_of(session, project, keys[0])) not in (None, *keys):
        assert earlier is not None
        keys.insert(0, earlier)
    for later in holders.versions_of(session, project, key):
        if later not in keys and len(keys) < MOST:
            keys.append(later)
    entries = {entry.key: entry for entry in history.named(session, project, keys)}
    return [entries[each] for each in keys if each in entries]
