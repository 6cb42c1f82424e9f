"""What every test may count on: no network, no telemetry, a terminal of known width."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import make_url

from app.settings import Settings
from app.store.database import Store, open_store
from tests import databases

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["COLUMNS"] = "100"

# A busy machine is no failure; examples that hang are ended by the suite's own limit.
settings.register_profile("whence", deadline=None)
settings.load_profile("whence")


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
        open_store(Settings(data=Path(data), database=url)).close()
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
    found = open_store(Settings(data=tmp_path, database=database, arrays=tmp_path / "arrays", inline_array=1000))
    yield found
    found.close()
