"""Rows that are learned from and rows that are judged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.datasets.duplicates import fingerprint
from app.errors import BadRequest
from app.train.schemas import TrainingRequest
from app.train.splits import PARTS, Row, split


def asked(**fields: Any) -> TrainingRequest:
    return TrainingRequest(name="try", dataset="d", **fields)


def rows(count: int = 200, **groups: str) -> list[Row]:
    return [Row(f"text number {n}", ("no", "yes")[n % 2], groups) for n in range(count)]


@given(st.integers(0, 1000))
def test_a_drawn_split_has_every_row_once_and_no_text_on_both_sides(seed: int) -> None:
    """Also one that is written in other letters."""
    given = rows() + [Row(row.text.upper() + "!", row.label) for row in rows()]
    found = split(asked(seed=seed), {"train": given})
    texts = {part: {fingerprint(text) for text, _ in found[part]} for part in PARTS}

    assert sum(map(len, found.values())) == len(given)
    assert not texts["train"] & (texts["dev"] | texts["test"])
    assert not texts["dev"] & texts["test"]
    assert found == split(asked(seed=seed), {"train": given})


def test_the_shares_are_about_those_asked_for() -> None:
    """30 % and 10 % of 4,000 texts, within four standard deviations."""
    found = split(asked(dev_share=0.3, test_share=0.1), {"train": rows(4000)})

    assert abs(len(found["dev"]) - 1200) < 4 * (4000 * 0.3 * 0.7) ** 0.5
    assert abs(len(found["test"]) - 400) < 4 * (4000 * 0.1 * 0.9) ** 0.5


def test_a_column_or_data_sets_decide_where_they_are_given() -> None:
    """Names of the parts in any case, `validation` for dev; with a data set for dev only the test rows are drawn."""
    named = rows(10, part="Train") + rows(4, part="validation") + rows(6, part=" TEST ")
    by_column = split(asked(split="part"), {"train": named})
    by_sets = split(asked(dev="other"), {"train": rows(100), "dev": rows(7)})

    assert {part: len(found) for part, found in by_column.items()} == {"train": 10, "dev": 4, "test": 6}
    assert len(by_sets["dev"]) == 7
    assert len(by_sets["train"]) + len(by_sets["test"]) == 100


@pytest.mark.parametrize(
    ("given", "fields", "named"),
    [
        ([Row("a", None)] * 9, {}, "no row with a label"),
        ([Row(f"text {n}", "same") for n in range(99)], {}, "1 different labels"),
        (rows(8, part="later"), {"split": "part"}, "'later'"),
        (rows(8, part="train"), {"split": "part"}, "for dev and test"),
        (
            [*rows(8, part="train"), *rows(2, part="dev"), Row("x", "third", {"part": "test"})],
            {"split": "part"},
            "'third'",
        ),
    ],
)
def test_what_cannot_be_learned_from_is_refused(given: list[Row], fields: dict[str, Any], named: str) -> None:
    """With the value and what is missing."""
    with pytest.raises(BadRequest, match=named):
        split(asked(**fields), {"train": given})


@pytest.mark.parametrize(
    "fields",
    [
        {"recipe": {"epochs": 0}},
        {"recipe": {"epochs": 21}},
        {"recipe": {"learning_rate": 1.0}},
        {"recipe": {"rank": 65}},
        {"recipe": {"maximum_length": 513}},
        {"recipe": {"colour": 1}},
        {"name": "../up"},
        {"split": "part", "dev": "other"},
        {"dev_share": 0.5},
    ],
)
def test_a_recipe_has_limits(fields: dict[str, Any]) -> None:
    """Before anything is stored."""
    with pytest.raises(ValidationError):
        TrainingRequest.model_validate({"name": "try", "dataset": "d", **fields})
