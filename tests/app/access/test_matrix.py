"""Every route x every scope x the own and the other project: nobody sees or changes what is not theirs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.jobs.registry import KINDS
from app.main import create_app
from app.scopes import Scope, implied
from app.settings import Settings
from app.store import jobs
from app.store.tables import Job
from tests.app.access.conftest import SECRET, Shared
from tests.app.audit.planted import model, plan
from tests.app.jobs.inline import execution
from tests.routes import Declared, declared

ROUTES = tuple(declared(create_app(Settings(data="unused"))))  # type: ignore[arg-type]
UNSAFE = tuple(route for route in ROUTES if route.method not in ("GET", "HEAD"))
FOREIGN: tuple[Mapping[str, str], ...] = (
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "https://localhost"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
)
ADMIN = ("alpha", Scope.ADMIN)


def planted(name: str) -> Any:
    made = model()
    made.id = name
    return made


@pytest.fixture(scope="module")
def owned(shared: Shared) -> dict[str, str]:
    """What project alpha has: a panel and an explanation of a text, each with a note; a data set, a job, an audit."""
    made: dict[str, str] = {}
    for name, path in (("panel", "/v1/panels"), ("explanation", "/v1/explanations")):
        body = {"model": "sentiment", "input": {"text": SECRET}}
        body |= {"method": "leave-one-out"} if name == "explanation" else {}
        made[name] = shared.ask("POST", path, shared.keys[ADMIN], json=body).json()["key"]
        note = {"note": f"note of {SECRET}"}
        assert shared.ask("PUT", f"/v1/history/{made[name]}/note", shared.keys[ADMIN], json=note).status_code == 204
    rows = f"text,label\n{SECRET},yes\n{SECRET} again,no\n"
    asked = {"content": rows, "params": {"name": f"{SECRET}.csv"}}
    made["dataset"] = shared.ask("POST", "/v1/datasets", shared.keys[ADMIN], **asked).json()["id"]
    batch = {"model": "sentiment", "inputs": [{"text": SECRET}]}
    made["job"] = shared.ask("POST", "/v1/batches", shared.keys[ADMIN], json=batch).json()["id"]
    asked = plan(model="sentiment", title=SECRET).model_dump(mode="json")
    made["audit"] = shared.ask("POST", "/v1/audits", shared.keys[ADMIN], json=asked).json()["id"]
    store = shared.app.state.services.store
    execution(store, load=planted).run(made["audit"])
    ended = update(Job).values(state="done", title=SECRET, note=SECRET)  # there is no runner, and streams end with it
    store.commit(lambda session: session.execute(ended))
    return made


def address(route: Declared, owned: Mapping[str, str]) -> str:
    """With the things of project alpha in it."""
    key = owned["explanation"] if "/explanations/" in route.path else owned["panel"]
    of = next((kind for kind in ("dataset", "audit") if f"/{kind}s" in route.path), "job")
    values = {"key": key, "model": "sentiment", "name": "shap", "kind": "json", "id": owned[of]}
    path = route.path
    for part in [piece.partition("}")[0] for piece in path.split("{")[1:]]:
        path = path.replace(f"{{{part}}}", values.get(part.partition(":")[0], owned.get(part, "0" * 64)))
    return path


def ask(shared: Shared, route: Declared, owned: Mapping[str, str], key: str | None, **headers: str) -> Any:
    """A request whose body is right in form and asks for nothing: what is refused is refused before it is looked at."""
    body: dict[str, Any] = {} if route.method in ("GET", "HEAD", "DELETE") else {"json": {}}
    if body and not route.path.startswith("/v1/"):
        body = {"data": {"word": "0", "replacement": "x", "search": "film"}}
    return shared.ask(route.method, address(route, owned), key, headers=headers, **body)


def test_pages_offer_what_the_caller_may_do(shared: Shared, owned: dict[str, str]) -> None:
    """Readers find comparisons and contracts, not training; a thing is deleted by those who may."""
    models, audit = (
        {scope: shared.ask("GET", path, shared.keys["alpha", scope]).text for scope in Scope}
        for path in ("/models", f"/audits/{owned['audit']}")
    )

    assert all('href="/changes"' in page and 'href="/checks"' in page for page in models.values())
    assert [scope for scope, page in models.items() if 'href="/train"' in page] == [Scope.ADMIN]
    assert {scope for scope, page in audit.items() if f"/audits/{owned['audit']}/delete" in page} == {
        Scope.AUDIT, Scope.ADMIN,
    }  # fmt: skip


def test_a_stranger_gets_nothing(shared: Shared, owned: dict[str, str], subtests: pytest.Subtests) -> None:
    """Without a key, with one that was made up, and with an empty one."""
    assert {route.needed for route in ROUTES} == {None, *Scope}

    for route, key in product(ROUTES, (None, "whence_00000000_" + "A" * 43, "")):
        with subtests.test(route=str(route), key=key):
            answer = ask(shared, route, owned, key)
            assert (answer.status_code == 401) == (route.needed is not None or str(route) == "POST /sign-in")
            assert SECRET not in answer.text
            assert route.needed is None or answer.headers["www-authenticate"] == "Bearer"


def test_a_person_is_sent_to_sign_in(shared: Shared, owned: dict[str, str], subtests: pytest.Subtests) -> None:
    """And from there to the page that was asked for."""

    for route in (route for route in ROUTES if not route.path.startswith("/v1/") and route.needed):
        with subtests.test(route=str(route)):
            answer = ask(shared, route, owned, None, accept="text/html")
            if route.path.startswith(("/livez", "/readyz", "/metrics")):
                assert answer.status_code == 401
            else:
                assert answer.status_code == 303
                assert answer.headers["location"].startswith("/sign-in")


def test_a_scope_opens_what_it_includes_and_no_more(
    shared: Shared, owned: dict[str, str], subtests: pytest.Subtests
) -> None:
    """Too weak a scope gets 403 with the name of the one it takes, in the own project too."""

    weak = [(r, s) for r, s in product(ROUTES, Scope) if r.needed is not None and r.needed not in implied([s])]
    for (route, scope), project in product(weak, ("alpha", "beta")):
        with subtests.test(route=str(route), scope=scope, project=project):
            answer = ask(shared, route, owned, shared.keys[project, scope])
            assert answer.status_code == 403
            assert answer.json()["code"] == "not_allowed"
            assert route.needed is not None
            assert route.needed.value in answer.json()["detail"]


def test_another_project_sees_nothing(shared: Shared, owned: dict[str, str], subtests: pytest.Subtests) -> None:
    """Whatever the scope: an address of project alpha is a 404 in project beta, and no list has anything of it."""

    for route, scope in product(ROUTES, Scope):
        with subtests.test(route=str(route), scope=scope):
            answer = ask(shared, route, owned, shared.keys["beta", scope])
            assert SECRET not in answer.text
            assert "quokka" not in answer.text
            assert "unmistakable" not in answer.text
            if any(part in route.path for part in ("{key}", "{id}")):
                assert answer.status_code in (404, 403, 405, 422, 303), answer.status_code
                assert answer.status_code != 403 or route.needed not in implied([scope])
                if answer.status_code == 303:
                    assert answer.headers["location"] == location_of_nothing(shared, route, owned, scope)


def location_of_nothing(shared: Shared, route: Declared, owned: Mapping[str, str], scope: Scope) -> str:
    """Where a form goes on to when what it is about does not exist, written as if it did."""
    missing = {name: "0" * len(value) for name, value in owned.items()}
    found = str(ask(shared, route, missing, shared.keys["beta", scope]).headers["location"])
    for name, value in owned.items():
        found = found.replace(missing[name], value) if value in address(route, owned) else found
    return found


def test_nothing_of_it_was_changed(shared: Shared, owned: dict[str, str]) -> None:
    """After every request above: what project alpha has is there, with its notes."""
    entries = shared.ask("GET", "/v1/history", shared.keys[ADMIN]).json()["entries"]

    assert {entry["key"] for entry in entries} == {owned["panel"], owned["explanation"]}
    mine = (f"/v1/datasets/{owned['dataset']}", f"/v1/jobs/{owned['job']}", f"/v1/audits/{owned['audit']}")
    for path in mine:
        assert shared.ask("GET", path, shared.keys[ADMIN]).status_code == 200
    assert all(entry["note"] == f"note of {SECRET}" for entry in entries)
    assert len(shared.ask("GET", "/v1/models", shared.keys[ADMIN]).json()["models"]) == 1


@pytest.mark.parametrize("path", ["", "/report?format=html", "/report?format=zip", "/rows"])
def test_a_stored_audit_is_its_projects_own(shared: Shared, owned: dict[str, str], path: str) -> None:
    """Report, files and rows: there for whoever may read in alpha, and not there in beta."""
    address = f"/v1/audits/{owned['audit']}{path}"
    own, other = (shared.ask("GET", address, shared.keys[project, Scope.READ]) for project in ("alpha", "beta"))

    assert own.status_code == 200, own.text
    assert other.status_code == 404
    assert owned["audit"] not in shared.ask("GET", "/v1/audits", shared.keys["beta", Scope.ADMIN]).text
    assert owned["audit"] in shared.ask("GET", "/v1/audits", shared.keys["alpha", Scope.READ]).text


def test_nobody_reaches_the_data_of_another_project_through_a_body(shared: Shared, owned: dict[str, str]) -> None:
    """A batch of beta that names a data set of alpha finds none."""
    key = shared.keys["beta", Scope.ADMIN]
    answer = shared.ask("POST", "/v1/batches", key, json={"model": "sentiment", "dataset": owned["dataset"]})

    assert answer.status_code in (404, 422), answer.text
    assert "quokka" not in answer.text


def test_a_job_is_stopped_and_retried_with_the_scope_of_its_kind(
    shared: Shared, owned: dict[str, str], subtests: pytest.Subtests
) -> None:
    """And with no other; its page shows the buttons to those alone who may press them."""
    store = shared.app.state.services.store
    before = store.query(lambda session: row_of(session, owned["job"]))

    for route, kind, scope in product([route for route in ROUTES if route.of_its_kind], KINDS, Scope):
        with subtests.test(route=str(route), kind=kind, scope=scope):
            state = "running" if "cancel" in route.path or route.method == "DELETE" else "cancelled"
            own, html = shared.keys["alpha", scope], {"accept": "text/html"}
            store.commit(partial(jobs.change, id=owned["job"], kind=kind, state=state))
            try:
                page = shared.ask("GET", f"/jobs/{owned['job']}", own, headers=html)
                answer = ask(shared, route, owned, own)
                foreign = ask(shared, route, owned, shared.keys["beta", scope])
            finally:
                store.commit(lambda session: session.merge(Job(**before)))  # also one that was deleted
            may = KINDS[kind].scope in implied([scope])
            assert (answer.status_code in (200, 202, 303)) == may, answer.text
            assert may or (answer.status_code == 403 and repr(KINDS[kind].scope.value) in answer.json()["detail"])
            assert ('method="post" action="/jobs/' in page.text) == may
            assert foreign.status_code == 404


@pytest.mark.parametrize("headers", FOREIGN, ids=lambda headers: "+".join(headers.values()))
def test_what_another_site_sends_is_refused(
    shared: Shared, owned: dict[str, str], headers: dict[str, str], subtests: pytest.Subtests
) -> None:
    """Every unsafe route, with the strongest key there is."""

    for route in UNSAFE:
        with subtests.test(route=str(route)):
            answer = ask(shared, route, owned, shared.keys[ADMIN], **headers)
            assert answer.status_code == 403
            assert answer.json()["code"] == "forbidden"


def test_a_cookie_alone_does_nothing(shared: Shared, owned: dict[str, str], subtests: pytest.Subtests) -> None:
    """A browser says which site its request comes from: a cookie without that is no browser's."""
    session = sign_in(shared, shared.keys[ADMIN])

    for route in UNSAFE:
        with subtests.test(route=str(route)):
            answer = ask(shared, route, owned, None, cookie=f"__Host-whence={session}")
            assert answer.status_code == 403
            assert answer.json()["code"] == "forbidden"


def test_whoever_may_is_let_in(shared: Shared, owned: dict[str, str], subtests: pytest.Subtests) -> None:
    """The other half of the matrix: the tests above could pass on a server that refuses everything."""

    for route, scope in product(ROUTES, Scope):
        if route.needed not in implied([scope]) or route.of_its_kind:
            continue
        with subtests.test(route=str(route), scope=scope):
            answer = ask(shared, route, owned, shared.keys["alpha", scope])
            assert answer.status_code not in (401, 403)
            assert answer.status_code < 500 or answer.status_code == 503


def row_of(session: Session, id: str) -> dict[str, Any]:
    found = session.get_one(Job, id)
    return {column.name: getattr(found, column.name) for column in Job.__table__.columns}


def sign_in(shared: Shared, key: str) -> str:
    answer = shared.ask("POST", "/sign-in", data={"key": key}, headers={"origin": "https://localhost"})
    assert answer.status_code == 303, answer.text
    shared.client.cookies.clear()
    return str(answer.headers["set-cookie"].partition("=")[2].partition(";")[0])
