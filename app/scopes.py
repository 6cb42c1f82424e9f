"""Scopes of callers, callers themselves, and the scopes of a proxy's groups of users (`audit read@research`).

A route names the scope it needs: see `needs` in web/dependencies.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Grant:
    project: str
    scopes: frozenset[Scope]


def parse(written: str) -> Grant:
    """Raises ValueError that names what is allowed."""
    names, _, project = written.partition("@")
    known = {scope.value for scope in Scope}
    if not names.split() or set(names.split()) - known:
        raise ValueError(f"{written!r} names no scopes: write {', '.join(sorted(known))}, with spaces between them")
    return Grant(project.strip() or DEFAULT_PROJECT, frozenset(Scope(name) for name in names.split()))


def granted(table: Mapping[str, str], groups: Iterable[str]) -> Grant | None:
    """The project of the first group of the table that the user is in, with the scopes of all that lead there."""
    member = {*groups, EVERYBODY}
    mine = [parse(written) for group, written in table.items() if group in member]
    if not mine:
        return None
    project = mine[0].project
    return Grant(project, frozenset().union(*(grant.scopes for grant in mine if grant.project == project)))
