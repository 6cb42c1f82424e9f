"""The executor ray: what the engine process would have answered, from a cluster that loses a machine meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import explainers
from app.engine.messages import Explain, Score
from app.errors import UnknownModel
from app.jobs.executors.actor import EngineActor
from app.jobs.executors.ray import Size
from tests.served import linear
from tests.tiny import network_for, tokenizer_for

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """See cluster_scenario.py: about half a minute, because two machines are started and torch is loaded thrice."""
    folder = tmp_path_factory.mktemp("cluster")
    tokenizer = tokenizer_for("bert")
    tokenizer.save_pretrained(folder / "small")
    network_for("bert", tokenizer).save_pretrained(folder / "small")
    told = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a" * 64, "RAY_USAGE_STATS_ENABLED": "0"}
    command = [sys.executable, "-m", "tests.app.jobs.cluster_scenario", str(folder), str(folder / "small")]
    with (folder / "log").open("w") as log:  # not a pipe: Ray's processes would hold it open
        ended = subprocess.run(
            command, cwd=ROOT, env=os.environ | told | {"OMP_NUM_THREADS": "1"}, stdout=log, stderr=log, timeout=150
        )
    assert ended.returncode == 0, (folder / "log").read_text(encoding="utf-8")[-4000:]
    found: dict[str, Any] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return found


def test_one_engine_for_each_processor_of_the_cluster(happened: dict[str, Any]) -> None:
    """Two machines with one processor each; a job keeps both busy."""
    assert happened["slots"] == 2


@pytest.mark.parametrize("what", ["predictions", "explanations"])
def test_the_cluster_stores_what_the_local_executor_stores(happened: dict[str, Any], what: str) -> None:
    """Byte for byte with one thread; the machine that was killed while explanations ran is nowhere to be seen."""
    here, there = happened[f"local {what}"], happened[what]

    assert (there["state"], there["attempt"]) == ("done", 1)
    assert len(there["rows"]) == 8
    assert [row["error"] for row in there["rows"]] == [None] * 8
    assert there["bytes"] == here["bytes"]


def test_a_model_that_is_nowhere_is_told_with_those_there_are(happened: dict[str, Any]) -> None:
    """As the engine process does."""
    assert happened["unknown"] == "no model is called 'large'; there are: small"


def test_work_stops_when_the_job_is_to(happened: dict[str, Any]) -> None:
    """And the engine that did it takes the next question: the explanations came after it."""
    assert happened["stopped"] == "the job was asked to stop"


def test_who_has_no_token_is_not_let_in(happened: dict[str, Any]) -> None:
    """A cluster runs what it is sent, so a stranger must not reach it."""
    assert happened["stranger"] == [1, True]


@pytest.mark.parametrize(
    ("resources", "asked", "size"),
    [
        ({"CPU": 8.0}, {"threads": 1}, Size(8, 1)),
        ({"CPU": 8.0}, {"threads": 3}, Size(2, 3)),
        ({"CPU": 1.0}, {"threads": 2}, Size(1, 2)),
        ({"CPU": 8.0}, {"threads": 1, "actors": 3}, Size(3, 1)),
        ({"CPU": 8.0, "GPU": 2.0}, {"threads": 1}, Size(8, 1)),
        ({"CPU": 8.0, "GPU": 2.0}, {"threads": 1, "device": "auto"}, Size(2, 1, gpus=1.0)),
        ({"CPU": 8.0, "GPU": 2.0}, {"threads": 1, "device": "cuda", "actors": 4}, Size(4, 1, gpus=0.5)),
    ],
)
def test_the_size_of_the_pool_is_that_of_the_cluster(
    resources: dict[str, float], asked: dict[str, Any], size: Size
) -> None:
    """As many engines as have processors for their threads; at least one."""
    assert Size.of(resources, **asked) == size


def test_an_error_keeps_its_code_on_the_way() -> None:
    """It travels as the socket's errors do, not as a pickled exception."""
    actor = EngineActor(["sentiment"], 1, load=linear)
    question = explainers.Question.about(text="a")
    asked = Explain(model="sentiment", question=question, method="no such method")

    assert actor.ask(1, asked.to_wire(), ())["error"]["code"] == "unknown_explainer"
    assert actor.ask(2, Score(model="none", texts=("a",)).to_wire(), ())["error"]["code"] == UnknownModel.code


def test_a_question_that_is_stopped_before_it_begins_is_not_begun() -> None:
    """The message that stops may come first."""
    actor = EngineActor(["sentiment"], 1, load=linear)
    actor.stop(1)

    asked = Score(model="sentiment", texts=("a",)).to_wire()

    assert actor.ask(1, asked, ())["error"]["code"] == "cancelled"
    assert "result" in actor.ask(2, asked, ())


def test_the_default_path_never_imports_ray() -> None:
    """It takes seconds and is an extra that most installations lack."""
    script = "import sys, app.main, app.jobs.runner.main, app.jobs.executors.ray, app.cli; print('ray' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "False"
