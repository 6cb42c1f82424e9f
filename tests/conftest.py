"""What every test may count on: no network, no telemetry, a terminal of known width."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import settings
from sqlalchemy import Engine, make_url
from starlette.routing import BaseRoute

from app.settings import Settings
from app.store import database as tables
from app.store.database import Store
from tests import databases

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["COLUMNS"] = "100"

# A busy machine is no failure; examples that hang are ended by the suite's own limit.
settings.register_profile("whence", deadline=None)
settings.load_profile("whence")


@pytest.fixture(scope="session", autouse=True)
def _tables_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new SQLite database is a copy of one whose tables were made once: nearly every test of app starts with one."""
    migrate = tables.migrate
    made = tmp_path_factory.mktemp("tables") / "whence.sqlite3"
    tables.open_store(Settings(data=made.parent)).close()

    def copied(engine: Engine) -> None:
        file = Path(str(engine.url.database))
        if engine.dialect.name == "sqlite" and not file.exists() and os.access(file.parent, os.W_OK):
            shutil.copyfile(made, file)
        migrate(engine)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tables, "migrate", copied)
        yield


@pytest.fixture(scope="session", autouse=True)
def _routes_made_once() -> Iterator[None]:
    """The applications of a process share what FastAPI makes of each router, which takes longer than most tests of a
    page; nothing of an application is in it."""
    include = FastAPI.include_router
    made: dict[tuple[Any, ...], BaseRoute] = {}

    def once(app: FastAPI, router: APIRouter, **named: Any) -> None:
        key = (id(router), *sorted(named.items()))
        if key in made:
            app.router.routes.append(made[key])
        else:
            include(app, router, **named)
            made[key] = app.router.routes[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FastAPI, "include_router", once)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[databases.Server]:
    """One server for the whole run; it starts with the first test that needs it."""
    with databases.running() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgresql: databases.Server) -> str:
    """The name of a database that has the newest tables and nothing in them: what every test's own is copied from."""
    url = postgresql.fresh()
    with tempfile.TemporaryDirectory() as data:
        tables.open_store(Settings(data=Path(data), database=url)).close()
    return str(make_url(url).database)


@pytest.fixture(params=databases.KINDS)
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """What WHENCE_DATABASE is in this test: nothing, for SQLite, and the URL of a PostgreSQL database of its own."""
    if request.param == "sqlite":
        yield None
        return
    server: databases.Server = request.getfixturevalue("postgresql")
    url = server.fresh(like=request.getfixturevalue("migrated"))
    yield url
    server.drop(url)


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[Store]:
    """An empty store, on each database: arrays above 1,000 bytes lie in files."""
    found = tables.open_store(Settings(data=tmp_path, database=database, arrays=tmp_path / "arrays", inline_array=1000))
    yield found
    found.close()
