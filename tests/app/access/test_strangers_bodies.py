"""Where there are log-ins a large body is read of callers alone."""

from __future__ import annotations

import json

from app.scopes import Scope

from .conftest import Shared

LARGE = json.dumps({"model": "sentiment", "inputs": [{"text": "x" * 15_000}] * 8}).encode()
JSON = {"content-type": "application/json"}


def test_a_large_body_of_a_stranger_is_not_read(shared: Shared) -> None:
    """401 before the first byte; with a key the same request is answered."""
    read = []

    def pieces():  # type: ignore[no-untyped-def]
        for start in range(0, len(LARGE), 10_000):
            read.append(start)
            yield LARGE[start : start + 10_000]

    stranger = shared.ask("POST", "/v1/predictions", content=LARGE, headers=JSON)
    chunked = shared.ask("POST", "/v1/predictions", content=pieces(), headers=JSON)
    caller = shared.ask("POST", "/v1/predictions", shared.keys["alpha", Scope.EXPLAIN], content=LARGE, headers=JSON)

    assert (stranger.status_code, chunked.status_code, caller.status_code) == (401, 401, 200)
    assert "of this size" in stranger.json()["detail"]
