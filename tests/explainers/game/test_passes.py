"""Every pass through a network is told before it begins: whoever asked can end the work there, or do other work."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from dataclasses import replace

import pytest
import torch

from explainers import runner
from explainers.contract import Question
from explainers.errors import Cancelled
from explainers.game import passes
from explainers.game.batches import PROCESSOR
from explainers.metrics.on_demand import ON_DEMAND
from explainers.registry import build, names
from tests.tiny import tiny

TEXT = "a gorgeous, witty film"
METHODS = tuple(
    name for name in names() if name not in ("shap-partition", "grad-cam")
)  # one asks the same table as all others, one is of pictures


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of the passes that were run, whether they were told or not."""
    rows: list[int] = []
    forward: Callable[..., object] = torch.nn.Module._call_impl  # of every module that is called

    def counted(module: torch.nn.Module, *args: object, **named: object) -> object:
        if type(module).__name__ == "BertEmbeddings":
            found = next(each for each in (*args, *named.values()) if isinstance(each, torch.Tensor))
            rows.append(found.shape[0])
        return forward(module, *args, **named)

    monkeypatch.setattr(torch.nn.Module, "__call__", counted)
    return rows


@pytest.mark.parametrize("method", METHODS)
def test_every_pass_of_a_method_is_told(method: str, run: list[int]) -> None:
    """At least as many are told as are run, outside of every gradient mode, in which no other model could work."""
    told: list[int] = []

    def listen(rows: int) -> None:
        assert not torch.is_inference_mode_enabled()
        told.append(rows)

    model = tiny("bert", seed=7)
    model.half_check  # noqa: B018 - the comparison is made once and is no part of an explanation
    run.clear()
    with passes.heard_by(listen):
        runner.explain(model, Question.about(text=TEXT), build(method))

    assert len(told) >= len(run) > 0
    assert sum(told) >= sum(run)


@pytest.mark.parametrize("measure", sorted(ON_DEMAND))
def test_every_pass_of_a_measure_is_told(measure: str, run: list[int]) -> None:
    told: list[int] = []
    with passes.heard_by(told.append):
        runner.explain(tiny("bert", seed=7), Question.about(text=TEXT), build("leave-one-out"), measures=[measure])

    assert len(told) >= len(run) > 0


@pytest.mark.parametrize("method", METHODS)
def test_whoever_asked_can_end_the_work_at_its_last_pass(method: str) -> None:
    """The progress callback hears of every pass, with what it was told last."""
    model, passed = tiny("bert", seed=7), 0

    def count(rows: int) -> None:
        nonlocal passed
        passed += 1

    def stop(rows: int) -> None:
        nonlocal passed
        passed -= 1
        if passed == 0:
            stopping.append(True)

    def progress(done: float, note: str = "") -> None:
        if stopping:
            raise Cancelled("stop")

    stopping: list[bool] = []
    with passes.heard_by(count):
        runner.explain(model, Question.about(text=TEXT), build(method))
    with passes.heard_by(stop), pytest.raises(Cancelled):
        runner.explain(model, Question.about(text=TEXT), build(method), progress=progress)


def test_a_long_question_is_asked_in_passes_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows a method asks at once."""
    monkeypatch.setattr("explainers.game.batches.PROCESSOR", replace(PROCESSOR, tokens=30, gradients=30))
    model, told = tiny("bert"), []
    tokens = len(model.encode(Question.about(text=TEXT)).tokens)
    with passes.heard_by(told.append):
        runner.explain(model, Question.about(text=TEXT), build("shap"))

    assert max(told) * tokens <= 30


def test_what_is_let_in_is_not_heard_by_the_work_that_waits() -> None:
    """Each runs in a context of its own."""
    outer: list[int] = []
    with passes.heard_by(outer.append):
        Context().run(passes.begins, 3)
        passes.begins(2)
    passes.begins(1)

    assert outer == [2]
