"""A large folder has a process of its own: it stalls nobody, and what ends it ends nothing else."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import explainers
from app.engine.apart import LARGE, Apart, is_large
from app.engine.config import Config
from app.engine.engine import Engine
from app.engine.messages import Explain, Predict
from app.errors import EngineDied, EngineLoading
from tests.processes import PATIENCE, children, tiny_folder, wait_for

CONFIG = Config(listen=-1, sources=[], embedded=[], seconds=60.0, threads=1, device="cpu")
TEXT = "a good film"
LONG = Explain(
    model="large",
    question=explainers.Question.about(text="good " * 200, budget=65536, players="token"),
    method="shap",
)


def never(done: float, note: str = "") -> None:
    """Progress that stops nothing."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model beside whose tokenizer lies a vocabulary that takes long to parse."""
    folder = tiny_folder(tmp_path_factory.mktemp("models") / "large")
    held = json.loads((folder / "tokenizer.json").read_text())
    held["model"]["vocab"] |= {f"{number:060d}": 0 for number in range(220_000)}
    (folder / "tokenizer.json").write_text(json.dumps(held))
    return folder


@pytest.fixture(scope="module")
def engine(large: Path) -> Iterator[Engine]:
    """An engine as its process has it, with a small model that answers and the large one."""
    started: list[Apart] = []

    def start(source: str, name: str) -> Apart:
        started.append(Apart(CONFIG, source=source, name=name))
        return started[-1]

    engine = Engine(device="cpu", start_apart=start)
    small = tiny_folder(large.parent / "small")
    engine.load(engine.announce(str(small), embedded=False))
    yield engine
    for each in started:
        each.close()


def predict(engine: Engine, name: str, progress: explainers.Progress = never) -> Any:
    asked = Predict(model=name, questions=(explainers.Question.about(text=TEXT),))
    return asked.read(engine.ask(asked, progress))


def test_a_folder_is_large_by_its_json_alone(large: Path, tmp_path: Path) -> None:
    """Weights are mapped and copied in other threads' time; headers of safetensors are JSON too."""
    assert is_large(str(large))
    assert not is_large(str(tiny_folder(tmp_path / "small")))
    (tmp_path / "small" / "model.bin").write_bytes(bytes(2 * LARGE))
    assert not is_large(str(tmp_path / "small"))
    (tmp_path / "small" / "x.safetensors").write_bytes((2 * LARGE).to_bytes(8, "little") + bytes(2 * LARGE))
    assert is_large(str(tmp_path / "small"))
    assert not is_large(str(tmp_path / "gone"))


def test_predictions_go_on_while_a_large_folder_is_loaded(engine: Engine, large: Path) -> None:
    """Parsed in the same process it let no other thread run for seconds; apart it may even stand still."""
    state = engine.announce(str(large), embedded=False)
    loading = threading.Thread(target=engine.load, args=(state,))
    before = set(children(os.getpid()))
    loading.start()
    (apart,) = wait_for(lambda: set(children(os.getpid())) - before)
    os.kill(apart, signal.SIGSTOP)
    try:
        for _ in range(3):
            predict(engine, "small")
        assert {each.id: each.status for each in engine.models()} == {"small": "ready", "large": "loading"}
    finally:
        os.kill(apart, signal.SIGCONT)
    loading.join(PATIENCE)

    assert {each.id: each.status for each in engine.models()} == {"small": "ready", "large": "ready"}
    assert engine.apart("large") is not None


def test_a_model_apart_answers_like_one_beside(engine: Engine) -> None:
    """Predictions, scores and explanations under its own name, errors with their classes."""
    beside, apart = predict(engine, "small"), predict(engine, "large")
    assert apart == beside

    asked = Explain(model="large", question=explainers.Question.about(text=TEXT), method="leave-one-out")
    found = explainers.Attribution.model_validate_json(asked.read(engine.ask(asked, never)).body)
    assert found.model.id == "large"
    assert found.scores is not None
    assert len(found.scores[0]) == 3
    with pytest.raises(explainers.BadInput):
        engine.ask(asked.model_copy(update={"question": asked.question.model_copy(update={"baseline": "text"})}), never)


def test_work_apart_is_stopped_and_lets_others_in(engine: Engine) -> None:
    """A more urgent question about the same model is answered within a long one, which then ends when it is told to."""
    within: list[Any] = []

    def progress(done: float, note: str = "") -> None:
        if within:
            raise explainers.Cancelled("enough")
        within.append(predict(engine, "large"))

    with pytest.raises(explainers.Cancelled):
        engine.ask(LONG, progress)
    assert within == [predict(engine, "large")]


def test_a_process_that_ends_over_a_question_is_started_again(engine: Engine) -> None:
    """The question fails with the reason, the other model goes on, and the next question finds it loading."""
    apart = engine.apart("large")
    assert apart is not None

    def end(done: float, note: str = "") -> None:
        os.kill(apart.process.pid, signal.SIGKILL)

    with pytest.raises(EngineDied, match="SIGKILL"):
        engine.ask(LONG, end)
    assert predict(engine, "small")
    with pytest.raises(EngineLoading):
        predict(engine, "large")
    wait_for(lambda: next(each for each in engine.models() if each.id == "large").status != "loading")
    assert predict(engine, "large")
    engine.forget("large")
    assert [each.id for each in engine.models()] == ["small"]


def test_a_folder_that_ends_its_process_has_the_reason(large: Path) -> None:
    """Not a code, and nothing else fails."""

    def start(source: str, name: str) -> Apart:
        apart = Apart(replace(CONFIG, memory=8 << 30), source=source, name=name)
        apart.process.send_signal(signal.SIGKILL)
        return apart

    engine = Engine(device="cpu", start_apart=start)
    found = engine.load(engine.announce(str(large), embedded=False))

    assert found.status == "failed"
    assert "the process that loaded it ended killed by the system (SIGKILL)" in str(found.reason)
    assert "8,589,934,592 bytes" in str(found.reason)


def test_a_bad_large_folder_is_refused_with_the_reason(large: Path, tmp_path: Path) -> None:
    """As a small one is."""
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "config.json").write_text((large / "config.json").read_text())
    (tmp_path / "bad" / "tokenizer.json").write_text((large / "tokenizer.json").read_text())
    engine = Engine(device="cpu", start_apart=lambda source, name: Apart(CONFIG, source=source, name=name))
    found = engine.load(engine.announce(str(tmp_path / "bad"), embedded=False))

    assert (found.status, found.id) == ("failed", "bad")
    assert "model.safetensors" in str(found.reason)


def test_it_ends_with_its_engine(large: Path) -> None:
    """The kernel closes its standard input, whatever ended the engine."""
    apart = Apart(CONFIG, source=str(large), name="large")
    assert apart.process.stdin is not None
    apart.process.stdin.close()

    assert apart.process.wait(60) == 0
    apart.close()
