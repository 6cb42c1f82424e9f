"""Labels of a column as labels of the audited class, or as nothing that can be told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.audit.data.labelling import Labelling, labelling
from app.errors import BadRequest

SENTIMENT = ("negative", "positive")


def read(
    cells: list[object],
    *,
    positive: tuple[str, ...] = (),
    audited: str = "positive",
    classes: tuple[str, ...] = SENTIMENT,
    column: str = "label",
) -> Labelling:
    return labelling(cells, column, positive=positive, audited=audited, classes=classes)


def told(found: Labelling) -> list[bool | None]:
    return [bool(label) if known else None for label, known in zip(found.labels, found.known, strict=True)]


@pytest.mark.parametrize("blank", ["", "  ", None, float("nan"), "NaN", "null", "n/a"])
def test_a_row_without_a_label_is_of_neither_class(blank: object) -> None:
    """However an export writes it, and counted."""
    found = read(["positive", blank, "negative", blank])

    assert told(found) == [True, None, False, None]
    assert sum(each["n"] for each in found.listed if each["means"] == "none") == 2


def test_labels_are_found_by_the_names_of_the_classes() -> None:
    """Whatever the case; a label that is no class of the model is of neither, and listed."""
    found = read(["Positive", "NEGATIVE", "neutral", "1"])

    assert told(found) == [True, False, None, None]
    assert {each["label"]: each["means"] for each in found.listed} == {
        "Positive": "class", "NEGATIVE": "other", "neutral": "none", "1": "none",
    }  # fmt: skip


@pytest.mark.parametrize(
    "cells", [[1, 0, 1], ["1", "0", "1"], [1.0, 0.0, 1.0], ["1.0", "0.0", "1.0"], [Decimal("1.0"), Decimal(0), 1],
              [True, False, True], ["TRUE", "false", "True"], ["yes", "no", "yes"]],
)  # fmt: skip
def test_numbers_and_words_for_yes_mean_the_second_of_two_classes(cells: list[object]) -> None:
    """In every type that a file may have them in."""
    assert told(read(cells)) == [True, False, True]


@pytest.mark.parametrize(
    ("audited", "classes"), [("negative", SENTIMENT), ("joy", ("anger", "joy", "fear")), ("anger", ("anger", "joy"))]
)
def test_numbers_that_may_mean_two_things_are_refused(audited: str, classes: tuple[str, ...]) -> None:
    """1 may be the second class or a yes; that is asked, with the labels there are. Declared, they are read."""
    with pytest.raises(BadRequest, match=r"as the numbers of the model's classes \(0 is '") as refused:
        read(["0", "1"], audited=audited, classes=classes)

    assert "data.positive" in refused.value.cure
    assert told(read(["0", "1"], audited=audited, classes=classes, positive=("0",))) == [True, False]


def test_a_column_of_the_name_of_the_class_says_yes_and_no() -> None:
    """As the columns of a table with one column a class do."""
    assert told(read(["0", "1"], audited="insult", classes=("toxic", "insult", "threat"), column="insult")) == [
        False, True,
    ]  # fmt: skip


def test_a_declared_label_leaves_the_others_to_mean_another_class() -> None:
    """A blank stays a blank, and a label that was declared and is not there is listed with 0."""
    found = read(["hate", "ok", "", "5.0"], positive=("Hate", "spam", "5"))

    assert told(found) == [True, False, None, True]
    assert {"label": "spam", "n": 0, "means": "class"} in found.listed


@pytest.mark.parametrize(
    ("cells", "positive", "said"),
    [
        (["", None], (), "no row has a label in the column 'label'"),
        (["good", "bad"], (), "no label of the column 'label' is a class of the model"),
        (["good", "bad"], ("god",), "makes every row not of the class"),
        (["positive", ""], (), "makes every row of the class"),
        ([0, 1, 2], (), "no label of the column 'label' is a class of the model"),
    ],
)
def test_labels_that_cannot_be_told_apart_are_refused(
    cells: list[object], positive: tuple[str, ...], said: str
) -> None:
    """With what is there, and where to say what it means."""
    with pytest.raises(BadRequest, match=said):
        read(cells, positive=positive)


def test_many_labels_are_listed_in_part_and_counted_in_full() -> None:
    """A column that is no column of labels does not fill the report."""
    found = read([f"label {k}" for k in range(100)], positive=("label 7",))

    assert len(found.listed) == 22
    assert sum(each["n"] for each in found.listed) == 100
