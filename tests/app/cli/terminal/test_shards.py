"""A command that was killed goes on where it stood; its file is there whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from app.cli.terminal.shards import Shard, Shards, key_of
from explainers import BadInput
from explainers.testing import LinearModel
from tests.app.cli.test_cli import WEIGHTS, Run, run
from tests.processes import ROOT

__all__ = ["run"]
ROWS, KILLED_AT = 12, 7
METHOD = ("--model", "linear", "--method", "leave-one-out")
# As the fixture `run` has it, but the process kills itself over one of the texts.
KILLED = f"""
import os, signal, sys
import app.cli, app.cli.terminal.shards
from explainers import BadInput
from explainers.testing import LinearModel

class Deadly(LinearModel):
    def encode(self, question):
        if question.text == "rotten":
            raise BadInput("rotten is no word")
        if question.text.endswith(" {KILLED_AT}"):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(question)

app.cli.terminal.shards.KEPT_EVERY = 0.0
from app.cli import explain
explain.find_model = lambda name: Deadly({WEIGHTS!r})
app.cli.main(sys.argv[1:])
"""


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "texts.jsonl"
    rows = [{"text": "rotten" if number == 3 else f"a good film number {number}"} for number in range(ROWS)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture
def _refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the texts cannot be answered."""

    def encode(self: LinearModel, question: Any) -> Any:
        if question.text == "rotten":
            raise BadInput("rotten is no word")
        return original(self, question)

    original = LinearModel.encode
    monkeypatch.setattr(LinearModel, "encode", encode)


@pytest.mark.usefixtures("_refuses")
@pytest.mark.parametrize("ending", ["parquet", "jsonl", "csv"])
def test_a_killed_command_goes_on_behind_what_it_kept(run: Run, texts: Path, tmp_path: Path, ending: str) -> None:
    """The rows are those of a run that nobody killed, each once; nothing is left beside the file."""
    whole, out = tmp_path / f"whole.{ending}", tmp_path / f"out.{ending}"
    arguments = [sys.executable, "-c", KILLED, "explain", str(texts), *METHOD, "--out", str(out)]
    environment = {**os.environ, "WHENCE_DATA": str(tmp_path / "data")}
    ended = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True)
    there = out.exists()
    resumed = run("explain", str(texts), *METHOD, "--out", str(out))
    unbroken = run("explain", str(texts), *METHOD, "--out", str(whole))

    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert not there
    assert f"{KILLED_AT} of {ROWS} texts were answered before" in resumed.err
    assert "before" not in unbroken.err
    assert f"1 of {ROWS} texts could not be answered" in resumed.err
    assert resumed.code == unbroken.code == 1
    assert rows_of(out) == rows_of(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([texts.name, out.name, whole.name])


def rows_of(file: Path) -> object:
    if file.suffix == ".parquet":
        return pq.read_table(file).to_pylist()
    if file.suffix == ".csv":
        return file.read_text(encoding="utf-8")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [row["row"] for row in rows] == list(range(ROWS))
    return [{name: value for name, value in row.items() if name != "timings"} for row in rows]


def test_another_question_begins_anew(tmp_path: Path) -> None:
    """What is kept belongs to the key of its question; a shard behind a gap is not taken."""
    out = tmp_path / "out.jsonl"
    shards = Shards(out, key_of("one"))
    for start in (0, 5, 20):
        shards.keep(Shard(start, start + 5, 0, b"%d\n" % start))

    assert [shard.start for shard in Shards(out, key_of("one")).stored()] == [0, 5]
    assert list(Shards(out, key_of("other")).stored()) == []
    assert not out.exists()
    shards.finish(lambda path, bodies: path.write_bytes(b"".join(bodies)))
    assert out.read_bytes() == b"0\n5\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_file_that_cannot_be_made_leaves_the_old_one(tmp_path: Path) -> None:
    """What was kept stays for the next run."""
    out = tmp_path / "out.jsonl"
    out.write_text("old", encoding="utf-8")
    shards = Shards(out, "a" * 64)
    shards.keep(Shard(0, 1, 0, b"new"))

    def fail(path: Path, bodies: object) -> None:
        path.write_text("half", encoding="utf-8")
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        shards.finish(fail)
    assert out.read_text(encoding="utf-8") == "old"
    assert [shard.body for shard in shards.stored()] == [b"new"]
