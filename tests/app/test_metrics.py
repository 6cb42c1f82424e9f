"""What a monitoring system is told, and what it is not."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from tests.served import served

BODY = {"model": "sentiment", "input": {"text": "a quokka film"}, "method": "leave-one-out"}


def test_figures_are_counted_and_name_no_text(tmp_path: Path) -> None:
    """Latency by route and status, hits and misses, the state of models and engine; neither a text nor a key."""
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        keys = {client.post("/v1/explanations", json=BODY).json()["key"] for _ in range(3)}
        client.get(f"/v1/explanations/{keys.copy().pop()}")
        client.get("/v1/nothing/quokka")
        client.post("/v1/predictions", json={"model": "sentiment", "inputs": [{"text": "a"}, {"text": "b"}]})
        found = client.get("/metrics")
    lines = found.text.splitlines()

    assert found.headers["content-type"].startswith("text/plain")
    assert 'whence_lookups_total{kind="explanation",outcome="hit"} 2.0' in lines
    assert 'whence_lookups_total{kind="explanation",outcome="miss"} 1.0' in lines
    route = 'method="POST",route="/v1/explanations",status="200"'
    assert f"whence_request_seconds_count{{{route}}} 3.0" in lines
    assert 'whence_models{status="ready"} 1.0' in lines
    assert "whence_engine_waiting 0.0" in lines
    assert "whence_engine_starts 1.0" in lines
    assert 'whence_engine_stretch_seconds_count{priority="prediction"}' in found.text
    assert "whence_batch_rows_count 0.0" in lines  # the engine's own: a model of words has no passes
    assert "quokka" not in found.text
    assert not any(key in found.text for key in keys)
