"""Where a model computes, how much at once, and what happens where there is no memory for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explainers import build, runner
from explainers.contract import Question
from explainers.errors import Incompatible
from explainers.game.batches import ACCELERATOR, PROCESSOR, batch_for
from explainers.models.networks.device import device_named, has_bf16
from explainers.models.networks.network import Rows, in_chunks
from tests.tiny import tiny

LONG = "the film is not bad and the movie was never dull but funny and witty"


def test_models_compute_on_another_device_as_on_the_processor() -> None:
    """In a process of its own: autograd takes up devices before its first backward pass and none later."""
    checks = Path(__file__).with_name("another_device.py")
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(checks)],
        capture_output=True,
        text=True,
        timeout=900,
    )

    assert found.returncode == 0, found.stdout[-4000:]


def test_a_batch_without_memory_is_run_in_halves() -> None:
    """The rows come in their order, and a row alone that does not fit says what to do."""
    asked: list[int] = []

    def run(rows: Rows) -> list[int]:
        assert rows.ids is not None
        asked.append(rows.shape[0])
        if rows.shape[0] > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return rows.ids[:, 0].tolist()

    def full(rows: Rows) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    rows = Rows(ids=torch.arange(20).reshape(10, 2), pooled=0)

    assert [n for part in in_chunks([rows], run) for n in part] == list(range(0, 20, 2))
    assert asked == [10, 5, 3, 2, 5, 3, 2]
    with pytest.raises(Incompatible, match="shorten the text or compute on the cpu"):
        in_chunks([rows], full)


def test_masked_evaluations_go_on_with_less_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same logits and slopes, also of windows whose value is that of the mean."""
    model = tiny("bert", labels=3)
    question = Question.about(text=". ".join([LONG] * 12), precision="fp32", budget=16)
    wanted = runner.explain(model, question, build("integrated-gradients"))
    whole = model._fast.forward
    failed: list[int] = []

    def forward(rows: Rows, **also: Any) -> Any:
        if rows.shape[0] > 2:
            failed.append(rows.shape[0])
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(rows, **also)

    monkeypatch.setattr(model._fast, "forward", forward)

    found = runner.explain(model, question, build("integrated-gradients"))

    assert failed
    np.testing.assert_allclose(found.scores, wanted.scores, atol=1e-5)


def test_more_goes_through_a_device_at_once() -> None:
    """The processor's batches are cache-sized."""
    assert batch_for(10) == PROCESSOR.rows == 128
    assert batch_for(20, device="cuda") == ACCELERATOR.rows == 1024
    assert batch_for(512, device="cuda") == 64


@pytest.mark.parametrize(
    ("name", "count", "wanted"),
    [("auto", 0, "cpu"), ("auto", 2, "cuda:0"), ("cpu", 2, "cpu"), ("cuda", 1, "cuda:0"), ("cuda:1", 2, "cuda:1")],
)
def test_a_device_is_chosen_by_name(name: str, count: int, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """auto takes a CUDA device where torch sees one."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: count > 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)

    assert str(device_named(name)) == wanted


@pytest.mark.parametrize("name", ["cuda", "cuda:2", "cuda:x", "tpu"])
def test_a_device_that_is_not_there_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what there is and what to choose."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: name == "cuda:2")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)

    with pytest.raises(Incompatible, match="choose auto"):
        device_named(name)


def test_bf16_is_asked_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU's answer says nothing of the processor."""
    monkeypatch.setattr("torch.cpu.get_capabilities", dict)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **_: True)

    assert not has_bf16(torch.device("cpu"))
    assert has_bf16(torch.device("cuda"))
