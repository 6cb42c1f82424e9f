"""Keys: making, listing, revoking. A key is shown once, when it is made."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import BadRequest, NotFound
from ..scopes import Scope
from ..store import keys, log
from ..store.database import Store
from ..store.results import now
from ..store.tables import ApiKey, Logged

PREFIX = "whence"
DAY = 24 * 3600 * 1_000_000  # microseconds
PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class NewKey:
    id: str
    secret: str  # what its owner sends: it is nowhere else


def digest_of(secret: str) -> str:
    """SHA-256: a secret of 256 random bits cannot be guessed from it, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


async def create(
    store: Store, *, name: str, scopes: Iterable[Scope], project: str, days: float | None = None
) -> NewKey:
    """Raises BadRequest for a project name that cannot be one."""
    if not PROJECT.fullmatch(project):
        raise BadRequest(
            f"{project[:80]!r} is not the name of a project: lower-case letters, digits, - and _, 64 at most",
            cure="Choose another name.",
        )
    if not name.strip() or len(name) > LONGEST_NAME:
        raise BadRequest(f"a key has a name of 1 to {LONGEST_NAME} characters", cure="Say whose key it is.")
    made = NewKey(key_id := secrets.token_hex(4), f"{PREFIX}_{key_id}_{secrets.token_urlsafe(32)}")
    created = now()
    key = ApiKey(
        id=made.id,
        project=project,
        name=name.strip(),
        hash=digest_of(made.secret),
        scopes=" ".join(sorted(set(scopes))),
        created=created,
        expires=None if days is None else created + round(days * DAY),
        revoked=None,
    )
    await keys.add(store, key)
    await _note(store, project, "keys create", made.id)
    return made


async def revoke(store: Store, key_id: str) -> None:
    """From now on it opens nothing. Raises NotFound."""
    project = await keys.revoke(store, key_id)
    if project is None:
        raise NotFound(f"no valid key has the id {key_id[:80]!r}", cure="`whence keys list` shows the ids.")
    await _note(store, project, "keys revoke", key_id)


async def _note(store: Store, project: str, action: str, target: str) -> None:
    line = Logged(at=now(), project=project, who="command line", via="local", action=action, target=target, status=0)
    await log.append(store, line)
