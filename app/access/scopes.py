"""What a caller may do, and who the caller is. A route names the scope it needs: see `needs` in dependencies.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

DEFAULT_PROJECT = "default"


class Scope(StrEnum):
    READ = "read"  # see what is there
    EXPLAIN = "explain"  # ask models, and change or delete the project's own results
    AUDIT = "audit"  # data sets and audits
    ADMIN = "admin"  # models, the log, metrics; and everything above


IMPLIED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.EXPLAIN: frozenset({Scope.READ, Scope.EXPLAIN}),
    Scope.AUDIT: frozenset({Scope.READ, Scope.AUDIT}),
    Scope.ADMIN: frozenset(Scope),
}
Via = Literal["local", "key", "session", "proxy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`name` is what the log says: a key's id, or the user of a trusted proxy."""

    name: str
    project: str
    scopes: frozenset[Scope]
    via: Via

    def may(self, scope: Scope) -> bool:
        return scope in implied(self.scopes)


def implied(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes with those they include."""
    return frozenset().union(*(IMPLIED[scope] for scope in scopes))


LOCAL = Caller(name="local", project=DEFAULT_PROJECT, scopes=frozenset({Scope.ADMIN}), via="local")
