"""whence train is taken up where it was cut short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main

PLAN = """
name = "mine"
title = "Mine"
description = "d"
intended_use = "u"
limits = []
labels = ["no", "yes"]
[[train]]
reader = "table"
path = "a.csv"
"""


def code_of(arguments: list[str]) -> Any:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


def test_a_run_that_was_cut_short_is_taken_up_and_another_is_not_mixed_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is finished is not fitted again; other seeds are refused until then; nothing is left beside the models."""
    from app.train import service

    fitted: list[tuple[str, bool]] = []

    def train(plan: Any, *, out: Path, checkpoints: Path, **rest: Any) -> dict[str, Any]:
        fitted.append((plan.method, (checkpoints / "epoch").is_file()))
        (checkpoints / "epoch").write_text("1")
        if fitted.count(("full", False)) and fitted[-1] == ("full", False):
            raise OSError("no space left")
        out.mkdir(parents=True)
        (out / "card.json").write_text("{}")
        return {"method": plan.method, "figures": [], "trained_parameters": 1, "parameters": 2}

    monkeypatch.setattr(service, "train", train)
    (tmp_path / "plan.toml").write_text(PLAN)
    (tmp_path / "a.csv").write_text("text,label\na,yes\nb,no\n")
    out = tmp_path / "out"
    given = ["train", str(tmp_path / "plan.toml"), "--data", str(tmp_path), "--out", str(out)]
    ways = ["--method", "lora", "--method", "full"]

    codes = [code_of([*given, *ways]), code_of([*given, *ways, "--seed", "1"]), code_of([*given, *ways])]
    said = capsys.readouterr()

    assert [code == 0 for code in codes] == [False, False, True]
    assert fitted == [("lora", False), ("full", False), ("full", True)]
    assert "checkpoints of another plan, seed or data" in said.err
    assert sorted(path.name for path in out.iterdir()) == ["full", "lora"]
    assert json.loads((out / "full" / "card.json").read_text()) == {}
    assert not (tmp_path / "out.part").exists()
    assert code_of([*given, *ways]) == 2  # what is there is somebody's model
