"""Training plans: the embedded ones are sound, and a wrong one says where."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.train.plan import PLANS, BadPlan, Plan, embedded_plans, find_plan

GOOD = """
name = "mine"
title = "Mine"
description = "d"
intended_use = "u"
limits = ["l"]
labels = ["no", "yes"]
[[train]]
reader = "table"
path = "a.csv"
"""


@pytest.mark.parametrize("name", embedded_plans())
def test_the_embedded_plans_can_be_read(name: str) -> None:
    """A plan is found by its name, and what judges it is not what it trains on."""
    path = find_plan(name)
    assert path == PLANS / f"{name}.toml"
    plan = Plan.read(path)

    assert plan.name == name
    assert {s.path for s in plan.train}.isdisjoint({s.path for s in plan.judge if s.share == 1})


def test_a_plan_of_ones_own_is_a_file(tmp_path: Path) -> None:
    """Only labels, a file and a reader are needed; the fit has defaults."""
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert find_plan(str(path)) == path

    assert Plan.read(path).fit.rank == 16
    assert find_plan(str(tmp_path / "absent.toml")) is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "mine"', 'name = "My Model!"', "name"),
        ('["no", "yes"]', '["yes"]', "labels"),
        ('reader = "table"', 'reader = "pickle"', "reader"),
        ("[[train]]", "[fit]\nepochs = 0\n[[train]]", "epochs"),
        ("[[train]]", "colour = 1\n[[train]]", "colour"),
        ("[[train]]", "[[train", "is not TOML"),
    ],
)
def test_a_wrong_plan_says_where(tmp_path: Path, old: str, new: str, says: str) -> None:
    """File, field and what it may be, before any data is read."""
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(BadPlan, match=says) as caught:
        Plan.read(path)

    assert str(path) in str(caught.value)
