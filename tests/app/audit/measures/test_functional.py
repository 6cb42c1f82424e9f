"""Functional tests in HateCheck's form."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from app.audit.measures import functional

GERMAN = Path(__file__).parents[5] / "shared/data/multilingual_hatecheck/hatecheck_cases_final_german.csv"
HEADER = "functionality,test_case,label_gold,target_ident,templ_id"


def read(lines: Iterable[str]) -> tuple[functional.Case, ...]:
    reader = csv.DictReader(lines)
    return functional.cases_of(reader.fieldnames or (), enumerate(reader, start=2))


def test_cases_are_read_and_counted() -> None:
    """Two harmless sentences name women: one is called hateful."""
    lines = [HEADER, *[f"ident_neutral_nh,text {n},non-hateful,women,{n % 5}" for n in range(20)], "slur_h,x,hateful,,"]
    cases = read(lines)
    rows = functional.rows(cases, np.array([0.9, 0.1] * 10 + [0.8]))
    whole, slurs, women = functional.accuracies(cases, rows)
    headline = functional.headline(cases, rows)["women"]

    assert (whole.figure.value, women.target, women.figure.n) == (0.5, "women", 20)
    assert (slurs.figure.value, slurs.figure.n) == (None, 1)
    assert headline.value == 0.5
    assert rows.clusters is not None
    assert rows.clusters.max() == 5


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["functionality,label_gold"], "'test_case' is missing"),
        ([HEADER], "no case"),
        ([HEADER, "a,b,maybe,,"], "line 2.*'maybe'"),
        ([HEADER, "a,,hateful,,"], "line 2"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(lines: list[str], words: str) -> None:
    """The column or the line, and what is allowed."""
    with pytest.raises(ValueError, match=words):
        read(lines)


@pytest.mark.skipif(not GERMAN.exists(), reason="needs ../shared/data")
def test_the_german_tests_are_read_as_published() -> None:
    """3,645 cases."""
    with GERMAN.open(encoding="utf-8", newline="") as file:
        cases = read(file)

    assert len(cases) == 3_645
    assert {case.functionality for case in cases} >= set(functional.HARMLESS)
