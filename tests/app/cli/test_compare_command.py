"""whence compare: two models whose answers are known, on one file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import main
from explainers.testing import LinearModel

FIRST = LinearModel({"good": (0.0, 2.0), "bad": (1.0, 0.0)})
SECOND = LinearModel({"good": (0.0, 2.0), "bad": (1.0, 0.0), "not": (9.0, 0.0)})
ROWS = "text,label,source\n" + "good,yes,a\n" * 6 + "not good,no,b\n" * 7 + "bad,yes,a\nnot bad,YES,b\nwhat,maybe,a\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("app.cli.terminal.judged.find_model", lambda name: {"first": FIRST, "second": SECOND}[name])
    path = tmp_path / "rows.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["compare", *arguments])
    found = capsys.readouterr()
    return int(ended.value.code or 0), found.out, found.err


def test_what_one_model_gains(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Seven rows flip for the better, all of them in one group and under one condition."""
    columns = ("--text", "text", "--label", "label", "--group", "source", "--slice", 'contains "not"')
    code, out, _ = printed(capsys, "first", "second", "--data", str(file), *columns, "--json")
    found = json.loads(out)
    slices = {each["name"]: each for each in found["slices"]}

    assert code == 0
    assert (found["n"], found["left_out"]) == (15, 1)
    assert found["flips"] == {"better": 7, "worse": 0, "p": pytest.approx(2 * 0.5**7)}
    assert found["accuracy"] == {"a": pytest.approx(6 / 15), "b": pytest.approx(13 / 15)}
    assert slices['source = "b"']["flips"]["better"] == slices['contains "not"']["flips"]["better"] == 7
    assert slices['source = "a"']["flips"]["p"] == 1
    assert found["churn"] == [{"from": "yes", "to": "no", "rows": 7, "better": 7, "worse": 0}]
    assert "+46.7" in printed(capsys, "first", "second", "--data", str(file), *columns)[1]


def test_mistakes_are_one_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A condition that is not understood, and a file without labels."""
    code, _, err = printed(capsys, "first", "second", "--data", str(file), "--slice", "colour = red")
    assert (code, "no column 'colour'" in err) == (2, True)
    code, _, err = printed(capsys, "first", "second", "--data", str(file), "--text", "text")
    assert (code, "no column holds labels" in err) == (2, True)
