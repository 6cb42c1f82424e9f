"""How texts are read from arguments, files and pipes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import explainers
from app.cli.terminal import work
from app.cli.terminal.inputs import Row, Texts, read_texts
from app.cli.terminal.trouble import SOME_FAILED, Mistake
from app.explain.ask import answers
from tests.samples import attribution


def texts(given: str, **options: Any) -> Texts:
    return read_texts(given, **{"form": None, "column": "text", "pair": None, "pair_column": "text_pair", **options})


def test_an_argument_is_taken_as_it_is() -> None:
    """Spaces, line breaks and emoji are part of the text; offsets count them."""
    assert texts("  two\nlines 👍🏽 ") == Texts((Row("  two\nlines 👍🏽 "),), single=True)


def test_lines_are_texts_of_their_own(tmp_path: Path) -> None:
    """Empty lines separate, they are not texts."""
    (tmp_path / "a.txt").write_text("one\n\n two \n", encoding="utf-8")
    found = texts(str(tmp_path / "a.txt"), form="lines")

    assert found == Texts((Row("one"), Row(" two ")), single=False)


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    """Spreadsheets write one in front of a CSV file."""
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbftext\r\ngood\r\n")

    assert texts(str(tmp_path / "a.csv")).rows == (Row("good"),)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "text\ttext_pair\none\ttwo\nthree\t\n"),
        ("a.csv", "text,text_pair\none,two\nthree,\n"),
        ("a.jsonl", '{"text": "one", "text_pair": "two"}\n{"text": "three"}\n'),
    ],
)
def test_pairs_come_from_a_second_column(tmp_path: Path, name: str, content: str) -> None:
    """A row without a second text is a single one."""
    (tmp_path / name).write_text(content, encoding="utf-8")

    assert texts(str(tmp_path / name)).rows == (Row("one", "two"), Row("three"))


def test_one_second_text_may_be_given_for_all_rows(tmp_path: Path) -> None:
    """One hypothesis, many premises."""
    (tmp_path / "a.jsonl").write_text('"one"\n"two"\n', encoding="utf-8")

    assert texts(str(tmp_path / "a.jsonl"), pair="it is good").rows == (
        Row("one", "it is good"),
        Row("two", "it is good"),
    )


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            "text,label\nit was good, but long,bad\nfine,good\n",
            [("", "line 2: The row and the header have different numbers of fields: 3 ≠ 2"), ("fine", None)],
        ),
        ('text,label\n"open,bad\nfine,good\n', [("", "line 2: A double quote is opened"), ("fine", None)]),
        ("text\n" + "x" * 200_000 + "\nfine\n", [("", "line 2: A cell has over 100,000"), ("fine", None)]),
        ("sep=;\ntext;label\ngood, really;pos\n", [("good, really", None)]),
        ('text,label\n"a\r\nb\u2028c",pos\n', [("a\r\nb\u2028c", None)]),
    ],
)
def test_a_row_that_cannot_be_read_keeps_its_place(
    tmp_path: Path, content: str, found: list[tuple[str, str | None]]
) -> None:
    """It is told with its line, and the rows behind it keep their numbers."""
    (tmp_path / "a.csv").write_text(content, encoding="utf-8", newline="")
    rows = texts(str(tmp_path / "a.csv")).rows

    assert [row.text for row in rows] == [text for text, _ in found]
    for row, (_, fault) in zip(rows, found, strict=True):
        assert (row.fault is None) == (fault is None)
        assert (row.fault or "").startswith(fault or "")


def test_a_row_that_cannot_be_read_is_an_error_among_the_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counted with the texts that a model cannot answer; the command ends with 1."""
    (tmp_path / "a.csv").write_text("text,label\na, b, c\ngood,1\n", encoding="utf-8")
    forms = work.Forms(
        asked="", record=lambda text: {"text": text}, header=tuple, cells=iter, show=print, line=lambda *_: None
    )  # type: ignore[arg-type]
    code = work.run(texts(str(tmp_path / "a.csv")), lambda row, _: row.text, style="json", out=None, forms=forms)
    out, err = capsys.readouterr()
    first, second = map(json.loads, out.splitlines())

    assert code == SOME_FAILED
    assert (first["row"], first["error"]["detail"][:7]) == (0, "line 2:")
    assert second == {"row": 1, "text": "good"}
    assert "1 of 2 texts could not be answered" in err


def test_what_the_file_leaves_open_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A first line that names no columns is a row; the columns are called by their place."""
    (tmp_path / "a.csv").write_text("good film,positive\nbad film,negative\nok,positive\n", encoding="utf-8")

    assert [row.text for row in texts(str(tmp_path / "a.csv"), column="column 1").rows] == [
        "good film",
        "bad film",
        "ok",
    ]
    assert "The first line names no columns" in capsys.readouterr().err
    with pytest.raises(Mistake, match="no column 'text'; it has: column 1, column 2"):
        texts(str(tmp_path / "a.csv"))


def test_unicode_line_separators_do_not_end_a_json_line(tmp_path: Path) -> None:
    """U+2028 may stand unescaped inside a JSON string."""
    (tmp_path / "a.jsonl").write_text('"one\u2028two"\n', encoding="utf-8")

    assert texts(str(tmp_path / "a.jsonl")).rows == (Row("one\u2028two"),)


def test_deeply_nested_json_is_a_bad_row(tmp_path: Path) -> None:
    """With a line number rather than a traceback."""
    (tmp_path / "a.jsonl").write_text('"fine"\n' + "[" * 100_000 + "\n", encoding="utf-8")
    fine, nested = texts(str(tmp_path / "a.jsonl")).rows

    assert fine == Row("fine")
    assert (nested.fault or "").startswith("line 2: It is not JSON")


def test_parquet_goes_in_and_out(tmp_path: Path) -> None:
    """One row a text, in order; a text that cannot be answered is a row with its error."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    given, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table({"review": ["good", "bad", "good"], "other": [1, 2, 3]}), given)
    asked = texts(str(given), column="review")

    def answer(row: Row, progress: object) -> explainers.Attribution:
        if row.text == "bad":
            raise explainers.BadInput("not this one")
        return attribution(row.text)

    line = lambda number, row, found: answers.explained(number, found)  # noqa: E731
    forms = work.Forms(asked="", record=dict, header=tuple, cells=iter, show=print, line=line)
    code = work.run(asked, answer, style=work.style_of(json=False, csv=False, out=out), out=out, forms=forms)
    found = pq.read_table(out).to_pylist()

    assert code == SOME_FAILED
    assert [row["text"] for row in found] == ["good", "bad", "good"]
    assert [row["error"] and row["error"]["code"] for row in found] == [None, "bad_input", None]
    assert found[0]["features"] == ["good"]
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
