"""The installed command as another process: pipes, signals and what it prints where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-c", "from app.cli import main; main()")
ROOT = Path(__file__).parent.parent.parent.parent
SENTENCE = "a gorgeous, witty film that never recovers from its clumsy opening"


METHODS = ("shap", "lime", "integrated-gradients")
ONE_AFTER_THE_OTHER = """
import json, sys
from app.cli import main
for arguments in json.loads(sys.argv[1]):
    try:
        main(arguments)
    except SystemExit as ended:
        assert not ended.code, ended.code
    print(flush=True)
"""


def whence(*commands: list[str]) -> subprocess.CompletedProcess[str]:
    """The commands one after the other in one fresh process."""
    line = [sys.executable, "-c", ONE_AFTER_THE_OTHER, json.dumps(commands)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_a_reader_that_has_enough_ends_the_command_quietly() -> None:
    """`whence methods | head -1` must not end in a traceback."""
    line = f"{sys.executable} -c 'from app.cli import main; main()' methods --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    found = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert found.stdout == "["
    assert found.stderr == ""


def test_the_default_model_explains_a_sentence() -> None:
    """The embedded sentiment model, with a complete Attribution of each method on stdout and nothing else."""
    found = whence(*(["explain", SENTENCE, "--method", method, "--json"] for method in METHODS))
    assert (found.returncode, found.stderr) == (0, "")
    answers, rest = {}, found.stdout
    for method in METHODS:
        answers[method], end = json.JSONDecoder().raw_decode(rest)
        rest = rest[end:].lstrip()

    assert rest == ""
    for method, answer in answers.items():
        assert (answer["method"]["name"], answer["model"]["id"]) == (method, "sentiment")
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
