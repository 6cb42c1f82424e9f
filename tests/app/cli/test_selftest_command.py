"""whence selftest and whence bench from the command line, with the work done by stand-ins."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import explainers
from app.cli import bench, main, selftest
from explainers.testing import LinearModel

TABLE = {
    "methods": {
        "shap": {"word": 1.0, "both": 1.0, "pair": 0.99},
        "attention": {"word": None, "both": 0.2, "pair": 0.1},
    },
    "answers": {"copy": {"shap": 1.0, "leave-one-out": 0.97}},
    "texts": 2,
    "seeds": 1,
    "players": 8,
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def ran(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        code = ended.value.code
        out, err = capsys.readouterr()
        return (code if isinstance(code, int) else 0), out, err

    return ran


class Library:
    """The library's public names with some replaced."""

    def __init__(self, **replaced: Any) -> None:
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(explainers, name)


def test_the_table_is_printed_and_written(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """--json holds what was computed; a method that ranks nothing has a dash; progress goes to stderr."""

    def table(*, seeds: int, progress: explainers.Progress) -> dict[str, Any]:
        progress(0.5, "training on the word task")
        return {**TABLE, "seeds": seeds}

    monkeypatch.setattr(selftest, "explainers", Library(run_selftest=table, missed=lambda _: []))
    code, out, err = run("selftest", "--json", str(tmp_path / "t.json"), "--seeds", "2")

    assert code == 0
    assert re.search(r"shap\s+1\.000\s+1\.000\s+0\.990", out)
    assert re.search(r"leave-one-out\s+0\.970", out)
    assert re.search(r"attention\s+–\s+0\.200\s+0\.100", out)
    assert "training on the word task" in err
    assert json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))["seeds"] == 2


def test_a_method_below_its_floor_fails_the_command(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a build that uses the command stops."""
    library = Library(run_selftest=lambda **_: TABLE, missed=lambda _: ["shap reaches 0.5 on the word task"])
    monkeypatch.setattr(selftest, "explainers", library)
    code, out, _ = run("selftest")

    assert code == 1
    assert "shap reaches 0.5" in out


def test_lengths_that_are_no_numbers_are_a_mistake(run: Callable[..., tuple[int, str, str]]) -> None:
    """One line that says how to write them."""
    code, _, err = run("bench", "--words", "8,many")

    assert code == 2
    assert "8,16,31" in err


def test_quick_and_full_exclude_each_other(run: Callable[..., tuple[int, str, str]]) -> None:
    """Neither is guessed."""
    assert run("bench", "--quick", "--full")[0] == 2


def test_parts_of_the_benchmark_make_no_page(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    """The page has all figures of one run, or is left alone."""
    code, _, err = run("bench", "--only", "errors", "--docs", str(tmp_path))

    assert code == 2
    assert "--only" in err


def test_all_commands_but_the_benchmark_let_threads_sleep_soon(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It compares programs as torch comes."""
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    assert run("methods", "--json")[0] == 0
    assert os.environ["GOMP_SPINCOUNT"] == "7"
    monkeypatch.delenv("GOMP_SPINCOUNT")
    assert run("methods", "--json")[0] == 0
    assert os.environ["GOMP_SPINCOUNT"] == "1000"

    run("bench", "--quick", "--full")

    assert "GOMP_SPINCOUNT" not in os.environ


def test_sentences_for_the_overlap_are_read_from_trees(tmp_path: Path) -> None:
    """The leaves in order, brackets as the reader of the training data writes them; short ones are left out."""
    leaves = [f"(2 w{number})" for number in range(11)]
    long, short = f"(3 {' '.join(leaves)})", "(2 (2 too) (2 short))"
    (tmp_path / "dev.txt").write_text(f"{short}\n{long}\n{long}\n", encoding="utf-8")

    assert bench._sentences(LinearModel({}), tmp_path / "dev.txt", 1) == (" ".join(f"w{n}" for n in range(11)),)
    assert bench._sentences(LinearModel({}), tmp_path / "none.txt", 1) == ()
    assert bench._cut(LinearModel({}), tmp_path / "dev.txt", 5, words=3) == ("w0 w1 w2",) * 2
