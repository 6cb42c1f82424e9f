"""A folder registered while the server runs: checked, loaded, served, and there again after a restart."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.served import served
from tests.tiny import network_for, tokenizer_for


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Below it a good folder, and four that must be refused."""
    root = tmp_path_factory.mktemp("models")
    tokenizer = tokenizer_for("bert")
    network_for("bert", tokenizer, labels=3).save_pretrained(root / "reviews")
    tokenizer.save_pretrained(root / "reviews")
    for name in ("pickle", "code", "missing", "labels"):
        shutil.copytree(root / "reviews", root / name)
    (root / "pickle" / "model.safetensors").rename(root / "pickle" / "pytorch_model.bin")
    (root / "missing" / "tokenizer.json").unlink()
    change(root / "code", auto_map={"AutoModel": "evil.Model"})
    change(root / "labels", id2label={"0": "a", "1": "b"}, label2id={"a": 0, "b": 1})
    return root


def change(folder: Path, **fields: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_registered_folder_is_served_and_remembered(root: Path, tmp_path: Path) -> None:
    """With the real engine; DELETE forgets it for good."""
    settings = Settings(data=tmp_path, roots=(root,), embedded=False, threads=1)
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        answer = post_until(client, {"path": str(root / "reviews")})
        assert answer.status_code == 201
        assert answer.headers["location"] == "/v1/models/reviews"
        before = predicted(client)

    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert predicted(client) == before
        assert client.delete("/v1/models/reviews").status_code == 204
        assert client.get("/v1/models/reviews").status_code == 404

    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert client.get("/v1/models").json() == {"models": []}


def post_until(client: TestClient, body: dict[str, Any]) -> Any:
    """While the engine starts the answer is 503, as it should be."""
    for _ in range(600):
        answer = client.post("/v1/models", json=body)
        if answer.status_code != 503:
            break
        time.sleep(0.1)
    return answer


def predicted(client: TestClient) -> Any:
    for _ in range(1200):
        state = client.get("/v1/models/reviews").json()
        assert state.get("status") != "failed", state
        if state.get("ready"):
            break
        time.sleep(0.1)
    answer = client.post("/v1/predictions", json={"model": "reviews", "inputs": [{"text": "a good film"}]})
    return answer.json()["predictions"]


@pytest.mark.parametrize(
    ("name", "named"), [("pickle", "safetensors"), ("code", "auto_map"), ("missing", "tokenizer"), ("labels", "label")]
)
def test_a_hostile_or_broken_folder_is_refused_with_the_reason(
    root: Path, tmp_path: Path, name: str, named: str
) -> None:
    """Before anything of it is loaded."""
    app, engines = served(tmp_path, roots=(root,))
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/v1/models", json={"path": str(root / name)})

    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    assert answer.json()["cure"]
    assert [state.id for state in engines[-1].models()] == ["sentiment"]


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
