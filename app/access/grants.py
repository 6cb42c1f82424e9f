"""What the groups of a proxy's users may do: `explain`, or `audit read@research` for another project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .scopes import DEFAULT_PROJECT, Scope

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
