"""Keys, signed-in browsers and trusted proxies: who is let in, as whom, and until when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from app.access import keys
from app.errors import BadRequest, NotFound
from app.scopes import Grant, Scope, granted, parse
from app.settings import Settings
from app.store import keys as stored
from app.store.database import Store
from app.store.results import now
from app.store.tables import Logged
from tests.app.access.conftest import HTTPS, SECRET, Shared, made, with_store
from tests.served import served

READ = ("alpha", Scope.READ)
BROWSER = {"sec-fetch-site": "same-origin"}


def test_a_key_is_taken_in_both_headers(shared: Shared) -> None:
    """`Authorization: Bearer` as most clients send it, `X-API-Key` as some do."""
    key = shared.keys[READ]

    assert shared.ask("GET", "/v1/models", key).status_code == 200
    assert shared.ask("GET", "/v1/models", headers={"x-api-key": key}).status_code == 200
    assert shared.ask("GET", "/v1/models", headers={"authorization": f"Basic {key}"}).status_code == 401


def test_a_revoked_or_expired_key_opens_nothing(shared: Shared) -> None:
    """At once, and its browsers are signed out too."""
    expiring, revoked = made(shared.data, days=1e-9), made(shared.data)
    session = signed_in(shared, revoked.secret)
    assert shared.ask("GET", "/v1/models", revoked.secret).status_code == 200
    assert shared.ask("GET", "/v1/models", headers=session).status_code == 200
    with_store(shared.data, lambda store: keys.revoke(store, revoked.id))

    assert shared.ask("GET", "/v1/models", revoked.secret).status_code == 401
    assert shared.ask("GET", "/v1/models", headers=session).status_code == 401
    assert shared.ask("GET", "/v1/models", expiring.secret).status_code == 401
    with pytest.raises(NotFound):
        with_store(shared.data, lambda store: keys.revoke(store, revoked.id))


def test_a_key_is_nowhere_on_the_disk(shared: Shared) -> None:
    """Neither it nor the cookie of a session: only their hashes."""
    key = made(shared.data, name="hidden").secret
    session = signed_in(shared, key)["cookie"].partition("=")[2]
    held = b"".join(path.read_bytes() for path in shared.data.rglob("*") if path.is_file())

    assert b"hidden" in held
    assert key.split("_", 2)[2].encode() not in held
    assert session.encode() not in held


@pytest.mark.parametrize("project", ["", "a b", "../x", "A", "x" * 65, "ä"])
def test_a_project_has_a_plain_name(shared: Shared, project: str) -> None:
    """It stands in addresses and logs."""
    with pytest.raises(BadRequest, match="lower-case"):
        made(shared.data, project=project)


def signed_in(shared: Shared, key: str, **form: str) -> dict[str, str]:
    answer = shared.ask("POST", "/sign-in", data={"key": key, **form}, headers=BROWSER)
    assert answer.status_code == 303, answer.text
    shared.client.cookies.clear()
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_signing_in_and_out(shared: Shared) -> None:
    """The cookie is for this host, encrypted connections and no script; signing out ends it on the server too."""
    answer = shared.ask("POST", "/sign-in", data={"key": shared.keys[READ], "next": "/history"}, headers=BROWSER)
    cookie = answer.headers["set-cookie"]
    session = {"cookie": cookie.partition(";")[0]}
    shared.client.cookies.clear()

    assert cookie.startswith("__Host-whence=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert answer.headers["location"] == "/history"
    page = shared.ask("GET", "/history", headers=session)
    assert page.status_code == 200
    assert 'action="/sign-out"' in page.text
    assert shared.ask("POST", "/sign-out", headers=session | BROWSER).status_code == 303
    assert shared.ask("GET", "/v1/history", headers=session).status_code == 401


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "history"])
def test_signing_in_leads_nowhere_else(shared: Shared, wanted: str) -> None:
    """An address that is not a path of this server is the first page."""
    answer = shared.ask("POST", "/sign-in", data={"key": shared.keys[READ], "next": wanted}, headers=BROWSER)
    shared.client.cookies.clear()

    assert answer.headers["location"] == "/"


def test_a_wrong_key_gets_the_form_again(shared: Shared) -> None:
    """Without the key in it, and without a cookie."""
    answer = shared.ask("POST", "/sign-in", data={"key": "whence_nope"}, headers=BROWSER)

    assert answer.status_code == 401
    assert "opens nothing" in answer.text
    assert "whence_nope" not in answer.text
    assert "set-cookie" not in answer.headers


def test_a_session_ends(tmp_path: Path) -> None:
    """After WHENCE_SESSION_HOURS, whatever the browser still sends."""
    key = made(tmp_path, scopes=[Scope.READ]).secret
    app, _ = served(tmp_path, auth="apikey", session_hours=1e-9)
    with TestClient(app, base_url=HTTPS, headers=BROWSER) as client:
        cookie = client.post("/sign-in", data={"key": key}, follow_redirects=False).headers["set-cookie"]
        answer = client.get("/v1/models", headers={"cookie": cookie.partition(";")[0]})

    assert answer.status_code == 401


def test_the_log_says_who_did_what_without_texts(shared: Shared) -> None:
    """What was asked and what was refused, with the route; the text and the key of the result are not in it."""
    key = shared.ask("POST", "/v1/panels", shared.keys["alpha", Scope.EXPLAIN], json=BODY).json()["key"]
    shared.ask("DELETE", f"/v1/panels/{key}", shared.keys["alpha", Scope.READ])
    found = shared.ask("GET", "/v1/log", shared.keys["alpha", Scope.ADMIN])
    did = [(line["action"], line["status"], line["via"]) for line in found.json()["lines"]]

    assert did[:2] == [("DELETE /v1/panels/{key}", 403, "key"), ("POST /v1/panels", 200, "key")]
    assert "quokka" not in found.text
    assert key not in found.text
    assert "quokka" not in shared.ask("GET", "/log", shared.keys["alpha", Scope.ADMIN]).text
    assert all(line["project"] == "alpha" for line in found.json()["lines"])


BODY = {"model": "sentiment", "input": {"text": SECRET}}


@pytest.mark.parametrize("change", ["UPDATE log SET who = 'nobody'", "DELETE FROM log", "TRUNCATE log"])
def test_the_log_only_grows(store: Store, change: str) -> None:
    """The database itself refuses, on SQLite and on PostgreSQL."""
    if change.startswith("TRUNCATE") and store.engine.dialect.name == "sqlite":
        return  # it has no such command
    line = Logged(at=1, project="alpha", who="me", via="local", action="test", target="", status=0)
    store.commit(lambda session: session.add(line))
    with pytest.raises(DBAPIError, match="append-only"):
        store.commit(lambda session: session.execute(text(change)))

    assert len(store.query(lambda session: session.scalars(select(Logged)).all())) == 1


def test_keys_and_sessions_on_each_database(store: Store) -> None:
    """Made, found, listed, signed in with, revoked."""
    made = asyncio.run(keys.create(store, name="k", scopes=[Scope.READ, Scope.AUDIT], project="p", days=1))
    found = asyncio.run(stored.find(store, keys.digest_of(made.secret)))
    asyncio.run(stored.sign_in(store, "session", made.id, now() + 10**9))

    assert found is not None
    assert (found.id, found.scopes, found.project) == (made.id, "audit read", "p")
    assert asyncio.run(stored.signed_in(store, "session")) is not None
    asyncio.run(keys.revoke(store, made.id))
    assert asyncio.run(stored.signed_in(store, "session")) is None
    assert [key.revoked is None for key in asyncio.run(stored.listing(store, "p"))] == [False]
    assert asyncio.run(stored.listing(store, "q")) == []


def test_the_log_is_read_page_by_page(shared: Shared) -> None:
    """Every line once, newest first."""
    admin = shared.keys["alpha", Scope.ADMIN]
    whole = shared.ask("GET", "/v1/log?limit=500", admin).json()["lines"]
    first = shared.ask("GET", "/v1/log?limit=2", admin).json()
    second = shared.ask("GET", f"/v1/log?limit=500&cursor={first['next']}", admin).json()

    assert first["lines"] + second["lines"] == whole
    assert shared.ask("GET", "/v1/log?cursor=x", admin).status_code == 422


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server behind a proxy: its address as a function of who connects."""
    data = tmp_path_factory.mktemp("proxied")
    groups = {"readers": "read", "heads": "admin", "lab": "explain@lab"}
    app, _ = served(data, auth="proxy", proxy_peers=("10.0.0.0/24",), proxy_groups=groups)
    with TestClient(app, base_url=HTTPS) as client:

        def ask(method: str, path: str, *, peer: str = "10.0.0.5", **headers: str) -> Any:
            named = TestClient(app, base_url=HTTPS, client=(peer, 1))
            named.portal = client.portal
            return named.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})

        yield ask


def test_a_trusted_proxy_names_the_user(proxied: Any) -> None:
    """With the scopes of the groups that it names."""
    reader = {"x_forwarded_user": "ann", "x_forwarded_groups": "guests, readers"}

    assert proxied("GET", "/v1/history", **reader).status_code == 200
    assert proxied("GET", "/v1/log", **reader).status_code == 403
    assert proxied("GET", "/v1/log", x_forwarded_user="bob", x_forwarded_groups="heads").status_code == 200


def test_nobody_else_names_a_user(proxied: Any) -> None:
    """Not another peer, not a user of no group, not a header without its user."""
    admin = {"x_forwarded_user": "eve", "x_forwarded_groups": "heads"}

    assert proxied("GET", "/v1/history", peer="10.0.1.5", **admin).status_code == 401
    assert proxied("GET", "/v1/history", peer="::1", **admin).status_code == 401
    assert proxied("GET", "/v1/history", peer="testclient", **admin).status_code == 401
    assert proxied("GET", "/v1/history", x_forwarded_user="eve").status_code == 401
    assert proxied("GET", "/v1/history", x_forwarded_groups="heads").status_code == 401
    assert proxied("GET", "/v1/history", x_forwarded_user="", x_forwarded_groups="heads").status_code == 401


def test_a_user_of_a_proxy_says_where_a_change_comes_from(proxied: Any) -> None:
    """The proxy vouches for a browser whatever page made it ask."""
    admin = {"x_forwarded_user": "bob", "x_forwarded_groups": "heads"}

    assert proxied("DELETE", "/v1/models/nope", **admin).status_code == 403
    assert proxied("DELETE", "/v1/models/nope", origin="https://evil.example", **admin).status_code == 403
    assert proxied("DELETE", "/v1/models/nope", origin="https://localhost", **admin).status_code == 404


def test_groups_lead_to_one_project() -> None:
    """The first in the table decides which, and all groups that lead there add up."""
    table = {"lab": "explain@lab", "heads": "admin", "auditors": "audit read@lab", "*": "read"}

    assert granted(table, ["lab", "heads", "auditors"]) == Grant(
        "lab", frozenset({Scope.EXPLAIN, Scope.AUDIT, Scope.READ})
    )
    assert granted(table, ["others"]) == Grant("default", frozenset({Scope.READ}))
    assert granted({"heads": "admin"}, ["others"]) is None
    with pytest.raises(ValueError, match="admin, audit, explain, read"):
        parse("root")


def test_a_proxy_without_peers_is_refused() -> None:
    """Or anybody who reaches the port could name a user."""
    with pytest.raises(ValidationError, match="WHENCE_PROXY_PEERS"):
        Settings(auth="proxy")


@pytest.mark.parametrize("auth", ["apikey", "proxy"])
def test_with_log_ins_every_address_may_be_listened_on(auth: Any) -> None:
    """Without them the start is refused, with the cure."""
    assert Settings(host="0.0.0.0", auth=auth, proxy_peers=("10.0.0.5",)).host == "0.0.0.0"  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="whence keys create"):
        Settings(host="0.0.0.0")
