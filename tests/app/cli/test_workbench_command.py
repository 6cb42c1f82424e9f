"""whence datasets slices and issues: on a file, without a server, with a model whose answers are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from explainers.testing import LinearModel

MODEL = LinearModel({"good": (0.0, 3.0), "bad": (3.0, 0.0)})
KINDS = [("good", "yes"), ("bad", "no"), ("not good", "no"), ("so bad", "no")]
COLOURS, NAMES = ("red", "blue", "grey", "old", "new"), ("hat", "shoe", "coat", "belt", "sock")
THINGS = [f"{colour} {name} of {colour}{name}" for colour in COLOURS for name in NAMES]
ROWS = [(f"{kind} {thing} indeed", label) for thing in THINGS for kind, label in KINDS]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("app.cli.terminal.judged.find_model", lambda name: MODEL)
    path = tmp_path / "rows.csv"
    lines = [f"{text},{label}" for text, label in [*ROWS, *ROWS[1:2], ("good thing unlike the others", "no")]]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["datasets", *arguments])
    found = capsys.readouterr()
    return int(ended.value.code or 0), found.out, found.err


def test_slices_of_a_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Negations are found and confirmed on the other half; a slice that is named has its own figures."""
    code, out, _ = printed(capsys, "slices", str(file), "--model", "m", "--slice", 'contains "so"', "--json")
    found: dict[str, Any] = json.loads(out)
    best = found["slices"][0]

    assert code == 0
    assert (found["n"], found["accuracy"]) == (102, pytest.approx(76 / 102))
    assert best["predicate"] == 'contains "not"'
    assert best["name"] == "contains “not”"
    assert best["confirmed"] is True
    assert best["rows"] == 25
    assert best["n"] + best["sought"]["n"] == 25
    assert best["accuracy"] == 0
    assert best["gap"] < -0.9
    assert all(ROWS[row][0].startswith("not") for row in best["examples"])
    assert found["given"][0]["n"] == 25
    assert found["given"][0]["accuracy"] == 1
    assert "confirmed" in printed(capsys, "slices", str(file), "--model", "m")[1]


def test_issues_of_a_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels that look wrong come first, then copies; what is suggested stands beside them."""
    code, out, _ = printed(capsys, "issues", str(file), "--model", "m", "--json")
    rows = {row["row"]: row for row in json.loads(out)["rows"]}

    assert code == 0
    assert "label-looks-wrong" in rows[2]["tags"]
    assert (rows[2]["suggested"], rows[2]["better"], rows[2]["label"]) == ("relabel", "yes", "no")
    assert rows[100]["tags"] == ["near-duplicate"]
    assert (rows[100]["suggested"], rows[100]["same_as"], rows[100]["line"]) == ("drop", 1, 102)
    assert "near-duplicate" in printed(capsys, "issues", str(file), "--model", "m")[1]


def test_a_condition_that_is_not_understood_is_a_mistake(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, before any model is asked."""
    code, _, err = printed(capsys, "slices", str(file), "--slice", "words <")

    assert (code, "not understood at the end" in err) == (2, True)
