"""The benchmark of language models: one game for all who take part, and a ratio that is theirs to ours."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli import main
from explainers import BadInput, write_generation_docs
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


def test_docs_quote_the_record_and_keep_what_others_wrote(tmp_path: Path) -> None:
    """Its part comes last and is written anew; the full benchmark leaves it where it is."""
    row = {
        "ratio": {"captum": 6.25},
        "difference": {"captum": 2e-6},
        "seconds": {"whence": [2.0, 1.0, 4.0], "captum": [12.5]},
        "answer_tokens": 20,
    }
    record = {"generation": {"40": row}, "model": "m", "processor": "p", "threads": 1, "versions": {"captum": "0.9"}}
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\n## Measured elsewhere\n\nMemory.\n")

    write_generation_docs(record, tmp_path)
    first = page.read_text()
    write_generation_docs({**record, "threads": 2}, tmp_path)
    second = page.read_text()

    assert first.startswith("# Benchmarks\n\n## Measured elsewhere\n\nMemory.\n\n## Language models\n")
    assert "| 40 | captum | 2.00 | 12.50 | 6.2 | 2.0e-06 |" in first
    assert "each of\nthe 20 tokens" in first
    assert second == first.replace("1 thread;", "2 threads;")


def test_lengths_are_measured_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second run adds its length to the file; that of another model is begun anew."""
    asked: list[tuple[int, ...]] = []
    row = {"ratio": {}, "difference": {}, "seconds": {"whence": [1.0]}, "answer_tokens": 20}
    given = {"model": tiny_chat("gpt2")}

    def measured(model: Any, *, lengths: tuple[int, ...], **_: Any) -> dict[str, Any]:
        asked.append(lengths)
        return {str(length): row for length in lengths}

    monkeypatch.setattr("explainers.generation_bench", measured)
    monkeypatch.setattr("app.cli.bench.find_model", lambda *_: given["model"])
    file = tmp_path / "found.json"

    def run(tokens: str) -> list[str]:
        with pytest.raises(SystemExit) as ended:
            main(["bench", "--only", "generation", "--tokens", tokens, "--json", str(file)])
        assert ended.value.code == 0
        return list(json.loads(file.read_text())["generation"])

    assert [run("120"), run("40")] == [["120"], ["40", "120"]]
    given["model"] = tiny_chat("llama")
    assert run("400") == ["400"]
    assert asked == [(120,), (40,), (400,)]


def test_a_classifier_cannot_take_part() -> None:
    with pytest.raises(BadInput, match="is no language model"):
        generation_bench(LinearModel({"good": (0.0, 1.0)}))
