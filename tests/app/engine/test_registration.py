"""A folder registered while the server runs: checked, loaded, served, and there again after a restart."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store import models
from tests.app.jobs.inline import execution
from tests.served import served
from tests.tiny import network_for, tokenizer_for


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Below it a good folder, and five that must be refused, one of them only when its weights are read."""
    root = tmp_path_factory.mktemp("models")
    tokenizer = tokenizer_for("bert")
    network_for("bert", tokenizer, labels=3).save_pretrained(root / "reviews")
    tokenizer.save_pretrained(root / "reviews")
    for name in ("pickle", "code", "missing", "labels", "spoilt"):
        shutil.copytree(root / "reviews", root / name)
    (root / "pickle" / "model.safetensors").rename(root / "pickle" / "pytorch_model.bin")
    (root / "missing" / "tokenizer.json").unlink()
    weights = load_file(root / "spoilt" / "model.safetensors")
    weights["classifier.bias"][0] = float("nan")
    save_file(weights, root / "spoilt" / "model.safetensors", metadata={"format": "pt"})
    change(root / "code", auto_map={"AutoModel": "evil.Model"})
    change(root / "labels", id2label={"0": "a", "1": "b"}, label2id={"a": 0, "b": 1})
    return root


def change(folder: Path, **fields: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_registered_folder_is_served_and_remembered(root: Path, tmp_path: Path) -> None:
    """With the real engine and job runner, by a caller who waits; DELETE forgets it for good."""
    settings = Settings(data=tmp_path, roots=(root,), embedded=False, threads=1, wait_seconds=600)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        refused = client.post("/v1/models", json={"path": str(root / "spoilt")}, headers={"Prefer": "wait=600"})
        answer = client.post("/v1/models", json={"path": str(root / "reviews")}, headers={"Prefer": "wait=600"})
        again = client.post("/v1/models", json={"path": str(root / "reviews")})
        before = predicted(client)

    assert (refused.status_code, refused.json()["code"]) == (422, "bad_model"), refused.text
    assert "NaN" in refused.json()["detail"]
    assert answer.status_code == 201, answer.text
    assert (answer.json()["id"], answer.json()["status"]) == ("reviews", "ready")
    assert answer.headers["location"] == "/v1/models/reviews"
    assert again.json() == answer.json()
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert predicted(client) == before
        assert client.delete("/v1/models/reviews").status_code == 204
        assert client.get("/v1/models/reviews").status_code == 404

    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert client.get("/v1/models").json() == {"models": []}


def predicted(client: TestClient) -> Any:
    for _ in range(1200):
        state = client.get("/v1/models/reviews").json()
        assert state.get("status") != "failed", state
        if state.get("ready"):
            break
        time.sleep(0.1)
    answer = client.post("/v1/predictions", json={"model": "reviews", "inputs": [{"text": "a good film"}]})
    return answer.json()["predictions"]


def registered_by_job(client: TestClient, path: Path) -> dict[str, Any]:
    """What the form leads to, once the runner has done it."""
    sent = client.post("/models", data={"path": str(path)}, headers={"origin": "http://localhost"})
    assert sent.status_code == 303, sent.text
    id = sent.headers["location"].removeprefix("/jobs/")
    run = execution(client.app.state.services.store, load=None)  # type: ignore[attr-defined]
    run.run(id)
    return {"page": client.get(f"/jobs/{id}").text, "models": run.executor.models.models()} | dict(
        client.get(f"/v1/jobs/{id}").json()
    )


@pytest.fixture
def client(root: Path, tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path, roots=(root,))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("pickle", "safetensors"),
        ("code", "auto_map"),
        ("missing", "tokenizer"),
        ("labels", "label"),
        ("spoilt", "NaN"),
    ],
)
def test_a_hostile_or_broken_folder_is_refused_with_the_reason(
    client: TestClient, root: Path, name: str, named: str
) -> None:
    """On the job's page too; nothing of it is served, now or after the next start."""
    found = registered_by_job(client, root / name)

    assert (found["state"], found["error"]["code"]) == ("failed", "bad_model")
    assert named in found["error"]["detail"]
    assert "This model folder was refused." in found["page"]
    assert "Save the model again as safetensors" in found["page"]
    assert [state.id for state in found["models"]] == ["sentiment"]
    assert registered(client) == []


def test_a_good_folder_is_loaded_tried_and_written_down(client: TestClient, root: Path) -> None:
    """The job's page leads to the model's; asked twice before it is done, it is one job."""
    body = {"path": str(root / "reviews")}
    first, second = (client.post("/v1/models", json=body) for _ in range(2))
    found = registered_by_job(client, root / "reviews")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"] == found["id"]
    assert first.headers["location"] == f"/v1/jobs/{found['id']}"
    assert (found["state"], found["result"]["model"]) == ("done", "reviews")
    assert 'href="/models/reviews"' in found["page"]
    assert registered(client) == [str(root / "reviews")]


def registered(client: TestClient) -> list[str]:
    return list(client.portal.call(models.paths, client.app.state.services.store))  # type: ignore[union-attr, attr-defined]


@pytest.mark.parametrize("path", ["{root}/../elsewhere", "/etc", "reviews", "{root}/nothing", "{root}/link"])
def test_a_folder_outside_the_roots_is_refused(root: Path, tmp_path: Path, path: str) -> None:
    """Also through a link or a step up."""
    (tmp_path / "outside").mkdir()
    if not (root / "link").exists():
        (root / "link").symlink_to(tmp_path / "outside")
    app, _ = served(tmp_path / "data", roots=(root,))
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/v1/models", json={"path": path.format(root=root)})

    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_model"
