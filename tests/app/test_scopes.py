"""Scopes, and that every route declares one."""

from __future__ import annotations

from pathlib import Path

from app.jobs.registry import KINDS
from app.main import create_app
from app.scopes import LOCAL, Caller, Scope, implied
from app.settings import Settings
from tests.routes import declared

ROUTES = tuple(declared(create_app(Settings(data=Path("unused")))))
ANYBODY = {"GET /livez", "GET /readyz", "GET /sign-in", "POST /sign-in", "POST /sign-out"}
# Forms, because a text does not belong into an address.
READING = {"POST /history/search", "POST /datasets/{id}/search"}


def test_every_route_declares_who_may_use_it() -> None:
    """`dependencies=[needs(Scope.…)]` of its router or of itself; strangers may see what is listed here and no more."""
    assert [str(route) for route in ROUTES if not route.scopes] == []
    assert {str(route) for route in ROUTES if route.needed is None} == ANYBODY


def test_whoever_may_only_read_changes_nothing() -> None:
    """And asks no model: that costs."""
    changing = [r for r in ROUTES if r.method not in ("GET", "HEAD") and r.needed is Scope.READ and not r.of_its_kind]

    assert {str(route) for route in changing} == READING


def test_audits_belong_to_their_scope() -> None:
    """A key for audits runs them; one for explanations does not."""
    running = {str(route): route.needed for route in ROUTES if route.method == "POST" and "/audits" in route.path}

    assert set(running.values()) == {Scope.AUDIT}


def test_every_kind_of_job_has_its_scope() -> None:
    """The one that asks for it."""
    assert [KINDS[kind].scope for kind in ("batch", "audit", "training")] == [Scope.EXPLAIN, Scope.AUDIT, Scope.ADMIN]
    assert Scope.READ not in {line.scope for line in KINDS.values()}


def test_scopes_include_others() -> None:
    """Reading belongs to every scope; explaining and auditing do not include each other."""
    assert implied([Scope.EXPLAIN]) == {Scope.READ, Scope.EXPLAIN}
    assert implied([Scope.AUDIT]) == {Scope.READ, Scope.AUDIT}
    assert implied([Scope.ADMIN]) == set(Scope)
    assert implied([]) == set()


def test_a_caller_may_what_the_scopes_include() -> None:
    """In local mode everything."""
    reader = Caller(name="k", project="p", scopes=frozenset({Scope.READ}), via="key")

    assert reader.may(Scope.READ)
    assert not reader.may(Scope.EXPLAIN)
    assert all(LOCAL.may(scope) for scope in Scope)
