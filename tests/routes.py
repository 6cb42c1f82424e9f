"""Every route of the application with the scope it declares, so that a test covers routes that are yet to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.jobs.api import may_change
from app.scopes import Scope
from app.web.dependencies import Needs

STRENGTH = (None, Scope.READ, Scope.EXPLAIN, Scope.AUDIT, Scope.ADMIN)
FRAMEWORK = ("/openapi.json",)  # the description of the interface; it holds nothing of anybody


@dataclass(frozen=True, slots=True)
class Declared:
    method: str
    path: str
    scopes: tuple[Scope | None, ...]
    of_its_kind: bool = False  # beside them the one of the job's kind

    @property
    def needed(self) -> Scope | None:
        """The strongest of them."""
        return max(self.scopes, key=STRENGTH.index)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def declared(app: FastAPI) -> Iterator[Declared]:
    """Without static files, which everybody may read."""
    for found in iter_route_contexts(app.routes):
        if not found.methods or found.path in FRAMEWORK:
            continue
        needs = tuple(d.dependency.scope for d in found.dependencies if isinstance(d.dependency, Needs))
        of_its_kind = any(d.dependency is may_change for d in found.dependencies)
        yield from (Declared(method, str(found.path), needs, of_its_kind) for method in sorted(found.methods))
