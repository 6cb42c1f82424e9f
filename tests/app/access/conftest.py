"""A server with log-ins, two projects, and a key of every scope in each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.access import keys
from app.scopes import Scope
from app.settings import Settings
from app.store.database import Store, open_store
from tests.served import served

SECRET = "an unmistakable quokka film"  # a text of project alpha
HTTPS = "https://localhost"  # a browser keeps the session's cookie over HTTPS only


@dataclass(frozen=True)
class Shared:
    """The running server; `keys[project, scope]` opens it."""

    app: FastAPI
    client: TestClient
    keys: Mapping[tuple[str, Scope], str]
    data: Path

    def ask(self, method: str, path: str, key: str | None = None, **more: Any) -> Any:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        headers |= more.pop("headers", {})
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)


def made(data: Path, **asked: Any) -> keys.NewKey:
    async def work(store: Store) -> keys.NewKey:
        return await keys.create(store, **{"name": "test", "project": "alpha", "scopes": [Scope.ADMIN], **asked})

    return with_store(data, work)


def with_store(data: Path, work: Any) -> Any:
    store = open_store(Settings(data=data))
    try:
        return asyncio.run(work(store))
    finally:
        store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    data = tmp_path_factory.mktemp("shared")
    found = {
        (project, scope): made(data, project=project, scopes=[scope]).secret
        for project in ("alpha", "beta")
        for scope in Scope
    }
    app, _ = served(data, auth="apikey", roots=(data,))
    with TestClient(app, base_url=HTTPS) as client:
        yield Shared(app, client, found, data)
