"""The benchmark of language models: one game for all who take part, and a ratio that is theirs to ours."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from explainers import BadInput
from explainers.bench import generation
from explainers.bench.generation import generation_bench, generation_rows
from explainers.testing import LinearModel
from tests.tiny import tiny_chat

LENGTH = 12


@pytest.fixture(autouse=True)
def words_of_the_tiny_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "STORY", "the movie is good and the movie is not bad and the movie is witty ")


def test_captum_gives_the_values_of_the_same_game() -> None:
    """Every token of the prompt for every token of the answer, to 1e-4; the chat template takes no part."""
    found = generation_bench(tiny_chat("gpt2"), lengths=(LENGTH,))[str(LENGTH)]

    assert found["evaluations"] == LENGTH + 1
    assert set(found["ratio"]) >= {"captum", "captum, one pass"}
    assert all(difference < 1e-4 for difference in found["difference"].values())
    assert all(ratio > 0 for ratio in found["ratio"].values())


def test_a_peer_is_measured_by_its_time_and_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as long is a ratio of two; a value that is a half off is said to be."""
    ours = np.zeros((2, 3))

    def slow(seconds: float, values: Any) -> Any:
        time.sleep(seconds)
        return values

    monkeypatch.setattr(generation, "_ours", lambda model, prompt: slow(0.05, ours))
    found = generation_bench(
        tiny_chat("gpt2"), lengths=(LENGTH,), peers={"other": lambda prompt: lambda: slow(0.1, ours + 0.5)}
    )

    assert found[str(LENGTH)]["ratio"]["other"] == pytest.approx(2, rel=0.3)
    assert found[str(LENGTH)]["difference"]["other"] == 0.5
    assert generation_rows({"generation": found})[0][:2] == (str(LENGTH), "other")


def test_a_classifier_cannot_take_part() -> None:
    with pytest.raises(BadInput, match="is no language model"):
        generation_bench(LinearModel({"good": (0.0, 1.0)}))
