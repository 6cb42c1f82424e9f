"""The installed command as another process: pipes, signals and what it prints where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-c", "from app.cli import main; main()")
ROOT = Path(__file__).parent.parent.parent.parent
SENTENCE = "a gorgeous, witty film that never recovers from its clumsy opening"


def whence(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_a_reader_that_has_enough_ends_the_command_quietly() -> None:
    """`whence methods | head -1` must not end in a traceback."""
    line = f"{sys.executable} -c 'from app.cli import main; main()' methods --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    found = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert found.stdout == "["
    assert found.stderr == ""


@pytest.mark.parametrize("method", ["shap", "lime", "integrated-gradients"])
def test_the_default_model_explains_a_sentence(method: str) -> None:
    """The embedded sentiment model, in a fresh process, with a complete Attribution on stdout and nothing else."""
    found = whence("explain", SENTENCE, "--method", method, "--json")
    answer = json.loads(found.stdout)

    assert (found.returncode, found.stderr) == (0, "")
    assert answer["model"]["id"] == "sentiment"
    assert len(answer["scores"]) == len(answer["targets"]) == 2
    assert [SENTENCE[f["start"] : f["end"]] for f in answer["features"]] == [f["text"] for f in answer["features"]]
    bound = {"shap": 1e-4, "integrated-gradients": 0.1}.get(method)  # LIME has no sum to keep
    assert (answer["residual"] is None) == (bound is None)
    assert bound is None or max(map(abs, answer["residual"])) < bound


def test_many_texts_of_the_default_model(tmp_path: Path) -> None:
    """JSON Lines in and out through real pipes."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in ("wonderful", "这部电影很好看 😀👍🏽", "awful"))
    command = [*COMMAND, "predict", "-", "--from", "jsonl", "--json"]
    found = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, timeout=300)
    rows = [json.loads(line) for line in found.stdout.splitlines()]

    assert found.stderr == ""
    assert [row["predicted"]["label"] for row in rows if row["row"] != 1] == ["positive", "negative"]
