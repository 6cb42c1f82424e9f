"""A prompt among the models of a server: registered by its file, shown, asked like any classifier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.cli import main
from app.store import models
from explainers import load_model
from tests.app.jobs.inline import execution
from tests.explainers.models.folders.test_language_folders import saved
from tests.explainers.models.prompts.test_prompts import EXAMPLES, TOML, prompt
from tests.served import served
from tests.tiny import CHAT

TEXT = "a gorgeous, witty film"
LABELS = {"bad": "negative", "good": "positive"}  # as the prompts of the server call them
LOAD = {
    "asked": lambda: prompt(examples=EXAMPLES, calibrated=True),
    "other": lambda: prompt(system="never dull", title="another prompt"),
}
WAIT = {"Prefer": "wait=60"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("models")
    saved(place / "base", "qwen2", template=CHAT)
    (place / "asked.toml").write_text(TOML)
    (place / "refused.toml").write_text(TOML.replace("{text}", "it"))
    return place


@pytest.fixture(scope="module")
def client(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    data = tmp_path_factory.mktemp("data")
    app, _ = served(data, load=lambda name: LOAD[name](), names=tuple(LOAD), roots=(folder,))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def test_a_prompt_is_registered_by_its_file(client: TestClient, folder: Path) -> None:
    """Checked, loaded and tried in a job, then remembered; one without {text} is refused with the reason."""
    found = []
    for name in ("asked.toml", "refused.toml"):
        job = client.post("/v1/models", json={"path": str(folder / name)}).json()
        run = execution(client.app.state.services.store, load=None)  # type: ignore[attr-defined]
        run.run(job["id"])
        found.append(client.get(f"/v1/jobs/{job['id']}").json())

    assert [each["state"] for each in found] == ["done", "failed"]
    assert found[0]["result"]["model"] == "asked"
    assert "{text} must stand in it once" in found[1]["error"]["detail"]
    kept = client.portal.call(models.paths, client.app.state.services.store)  # type: ignore[union-attr, attr-defined]
    assert list(kept) == [str(folder / "asked.toml")]


def test_its_page_shows_the_prompt(client: TestClient) -> None:
    page = client.get("/models/asked").text

    assert "the movie: {text}" in page
    assert "<q>good and witty film</q>" in page
    assert "what the same prompt gives without a text is taken off" in page
    assert "a clumsy film" in page
    assert 'href="/?model=asked"' in client.get("/models").text


def test_it_is_asked_like_any_classifier(client: TestClient) -> None:
    """One table of the classes' columns serves every method of a panel; two prompts stand side by side."""
    panels: list[dict[str, Any]] = []
    for model in ("asked", "other"):
        answer = client.post("/v1/panels", json={"model": model, "input": {"text": TEXT}}, headers=WAIT)
        assert answer.status_code == 200, answer.text
        panels.append(answer.json())
    methods = {found["method"]["name"]: found for found in panels[0]["explanations"]}

    assert {"shap", "lime", "integrated-gradients", "leave-one-out"} <= set(methods)
    assert methods["shap"]["residual"] == pytest.approx([0, 0], abs=1e-6)
    assert panels[0]["prediction"]["labels"] == ["negative", "positive"]
    page = client.get(f"/compare?a={panels[0]['key']}&b={panels[1]['key']}")
    assert page.status_code == 200
    assert "gorgeous" in page.text


ROWS = [
    {"text": f"a {word} film {number}", "label": label}
    for number in range(6)
    for word, label in (("gorgeous witty", "good"), ("dull clumsy", "bad"))
]


def test_two_prompts_are_compared_on_one_data_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Decisions, word scores and cost of two files: other words around the text, the same base."""
    data = folder / "rows.jsonl"
    data.write_text("\n".join(map(json.dumps, ROWS)))
    (folder / "other.toml").write_text(TOML.replace("the movie: {text}", "never dull: {text}"))
    names = [str(folder / name) for name in ("asked.toml", "other.toml")]

    with pytest.raises(SystemExit) as ended:
        main(["compare", *names, "--data", str(data), "--texts", "10", "--json"])
    found = json.loads(capsys.readouterr().out)

    assert ended.value.code == 0
    assert found["n"] == len(ROWS)
    right = {row["text"]: row["label"] for row in ROWS}
    for side, name in zip("ab", names, strict=True):
        labels = load_model(name).labels
        said = [labels[row.argmax()] for row in load_model(name).scores(list(right))]
        assert found["accuracy"][side] == np.mean([a == b for a, b in zip(said, right.values(), strict=True)])
    assert -1 <= found["agreement"]["tau"] < 1
    assert found["size"]["before"] == found["size"]["after"] > 0
    assert found["memory"]["before"] == found["memory"]["after"] > 0
    assert found["verdict"]


def test_a_page_says_what_another_prompt_changed(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a job over one data set, with the findings on its page."""
    monkeypatch.setattr("explainers.bytes_of", lambda source: 1000)  # these have no files
    content = "\n".join(["text,label", *(f"{row['text']},{LABELS[row['label']]}" for row in ROWS * 3)]).encode()
    sent = client.post("/v1/datasets", content=content, params={"name": "rows.csv", "text": "text", "label": "label"})
    store = client.app.state.services.store  # type: ignore[attr-defined]
    execution(store).run(client.get(sent.headers["location"]).json()["job"])
    body = {"before": "asked", "after": "other", "dataset": sent.headers["location"].rpartition("/")[2], "texts": 10}
    id = client.post("/v1/changes", json=body).json()["id"]

    execution(store, load=lambda name: LOAD[name](), names=tuple(LOAD)).run(id)
    found = client.get(f"/v1/changes/{id}").json()
    page = client.get(f"/changes/{id}").text

    assert found["job"]["state"] == "done", found
    assert found["change"]["decisions"]["texts"] == len(ROWS * 3)
    assert 0 <= found["change"]["decisions"]["flips"] <= len(ROWS * 3)
    assert -1 <= found["change"]["agreement"]["tau"] < 1
    assert "asked → another prompt" in page
    assert "decisions" in page


def test_the_command_line_names_it_by_its_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = str(folder / "asked.toml")
    found = []
    for command in (
        ["models", "check", asked, "--json"],
        ["explain", TEXT, "--model", asked, "--method", "leave-one-out", "--json"],
        ["models", "check", str(folder / "refused.toml")],
    ):
        with pytest.raises(SystemExit) as ended:
            main(command)
        found.append((ended.value.code or 0, *capsys.readouterr()))

    assert [each[0] == 0 for each in found] == [True, True, False]
    assert '"kind": "prompt"' in found[0][1]
    assert '"gorgeous"' in found[1][1]
    assert "{text} must stand in it once" in found[2][2]
