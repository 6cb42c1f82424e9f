"""A file that somebody names: rows, rows that cannot be read and notes in one answer, and errors that name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datasets.reading.files import read_file
from app.datasets.reading.schemas import Mapping
from app.errors import BadRequest

ROWS = "text,label,said,topic\na film,yes,no,a\n,no,yes,b\nanother one,no,yes,b\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_rows_keep_their_places_beside_those_that_cannot_be_read(file: Path) -> None:
    read = read_file(file)

    assert [row.text for row in read.rows] == ["a film", "another one"]
    assert [read.entries.index(row) for row in read.rows] == [0, 2]
    assert read.bad.count == 1
    assert next(read.bad.told(1)).startswith("line 3: The text is empty.")


def test_another_label_and_further_groups_are_read_by_a_mapping_given_or_guessed(file: Path) -> None:
    for mapping in (None, Mapping(text="text", label="label")):
        first = read_file(file, mapping=mapping, label="said", groups=("topic", "topic")).rows[0]

        assert (first.label, first.groups) == ("no", {"topic": "a"})
    assert read_file(file, mapping=Mapping(text="text", label="label")).rows[0].label == "yes"


def test_columns_of_lists_are_no_note_and_renamed_ones_are(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a film", "tokens": ["a", "film"]}\n', encoding="utf-8")
    assert read_file(path).notes == ()
    twice = tmp_path / "twice.csv"
    twice.write_text("text,label,label\na film,yes,no\nanother,no,no\n", encoding="utf-8")
    assert "Two columns had the same name" in read_file(twice).notes[0]


def test_every_error_names_the_file(file: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("text,label\n", encoding="utf-8")
    for path, mapping, reason in (
        (file, Mapping(text="words"), "has no column 'words'"),
        (empty, None, "has no rows"),
        (tmp_path / "none.csv", None, "cannot be read: No such file or directory"),
    ):
        with pytest.raises(BadRequest, match=reason) as refused:
            read_file(path, mapping=mapping)
        assert str(refused.value).startswith(str(path))
