"""Who a request comes from: by its key, by the cookie of a signed-in browser, or by what a trusted proxy says."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from ..scopes import LOCAL, Caller, Scope, Via, granted
from ..settings import Settings
from ..store import keys as stored
from ..store.database import Store
from ..store.results import now
from ..store.tables import ApiKey
from .keys import digest_of

HOUR = 3600 * 1_000_000  # microseconds
USER = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The credentials that a request brought along."""

    key: str | None = None
    session: str | None = None
    peer: str | None = None  # the address of the other end of the connection
    users: tuple[str, ...] = ()  # every value of the user header
    groups: tuple[str, ...] = ()

    @property
    def ways(self) -> tuple[Via, ...]:
        """By what the request claims to come from somebody, the strongest first."""
        claims: tuple[tuple[Via, object], ...] = (("key", self.key), ("proxy", self.users), ("session", self.session))
        return tuple(via for via, claim in claims if claim)


async def identify(settings: Settings, store: Store, brought: Credentials) -> Caller | None:
    """None for a stranger. A key that is wrong is not made good by a cookie."""
    if settings.auth == "local":
        return LOCAL
    if brought.key is not None:
        return _caller(await stored.find(store, digest_of(brought.key)), "key")
    if settings.auth == "proxy" and (found := _proxied(settings, brought)) is not None:
        return found
    if brought.session is not None:
        return _caller(await stored.signed_in(store, digest_of(brought.session)), "session")
    return None


async def sign_in(settings: Settings, store: Store, key: str) -> tuple[str, str] | None:
    """The value of the cookie and the key's id; None for a key that opens nothing."""
    found = await stored.find(store, digest_of(key))
    if found is None:
        return None
    session = secrets.token_urlsafe(32)
    await stored.sign_in(store, digest_of(session), found.id, now() + round(settings.session_hours * HOUR))
    return session, found.id


async def sign_out(store: Store, session: str) -> None:
    await stored.sign_out(store, digest_of(session))


def _caller(key: ApiKey | None, via: Via) -> Caller | None:
    if key is None:
        return None
    scopes = frozenset(Scope(name) for name in key.scopes.split())
    return Caller(name=key.id, project=key.project, scopes=scopes, via=via)


def _proxied(settings: Settings, brought: Credentials) -> Caller | None:
    """Only from a configured peer, and only with exactly one user: a client may have sent a header of its own."""
    if len(brought.users) != 1 or not USER.fullmatch(brought.users[0]):
        return None
    if not settings.trusts(brought.peer):
        return None
    groups = [group.strip() for value in brought.groups for group in value.split(",")]
    grant = granted(settings.proxy_groups, groups)
    if grant is None:
        return None
    return Caller(name=brought.users[0], project=grant.project, scopes=grant.scopes, via="proxy")
