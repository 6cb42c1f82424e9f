"""SIGKILL of the job runner while an audit explains: it goes on there, and finds what an undisturbed one finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.audit.run.run import EXPLAINING
from tests.processes import Server, tiny_folder, wait_for

PLAN: dict[str, Any] = {
    "model": "tiny",
    "data": {"kind": "templates", "identities": ["muslim", "buddhist", "old", "young", "canadian"]},
    "explain": {"method": "shap", "second": "integrated-gradients", "gaps": 1, "texts": 40, "each": 8},
    "resamples": 200,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    running = Server(folder / "data", models=(tiny_folder(folder / "tiny"),)).start().ready()
    yield running
    running.close()


def explaining(server: Server, id: str) -> dict[str, Any]:
    def is_it() -> dict[str, Any] | None:
        job = server.job(id)
        assert job["state"] in ("queued", "running"), job
        return job if job["note"] == EXPLAINING else None

    return dict(wait_for(is_it, pause=0.01))


def test_a_killed_audit_goes_on_in_the_middle_of_its_explanations(server: Server) -> None:
    """No shard is begun twice but the one in hand, and the report has the hash of one that nobody disturbed."""
    undisturbed = server.submit(PLAN, "undisturbed", "/v1/audits")
    server.finished(undisturbed)
    killed = server.submit(PLAN, "killed", "/v1/audits")
    before = explaining(server, killed)
    server.kill("runner")
    server.finished(killed)
    begun = {shard: count for (job, shard), count in server.shards_begun().items() if job == killed}
    whole, again = (server.http.get(f"/v1/audits/{id}").json() for id in (undisturbed, killed))

    assert 0 < before["done"] < before["shards"]
    assert set(begun) == set(range(before["shards"]))
    assert sum(begun.values()) - len(begun) <= 1
    assert again["sha256"] == whole["sha256"]
    assert again["content"]["words"]
