"""How texts are read from arguments, files and pipes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import explainers
from app.batches import answers
from app.cli.terminal import work
from app.cli.terminal.inputs import Row, Texts, read_texts
from app.cli.terminal.trouble import SOME_FAILED, Mistake
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


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    """Longer than the 131,072 characters at which the csv module gives up by default."""
    (tmp_path / "a.csv").write_text("text\n" + "x" * 200_000 + "\n", encoding="utf-8")

    assert len(texts(str(tmp_path / "a.csv")).rows[0].text) == 200_000


def test_unicode_line_separators_do_not_end_a_json_line(tmp_path: Path) -> None:
    """U+2028 may stand unescaped inside a JSON string."""
    (tmp_path / "a.jsonl").write_text('"one\u2028two"\n', encoding="utf-8")

    assert texts(str(tmp_path / "a.jsonl")).rows == (Row("one\u2028two"),)


def test_deeply_nested_json_is_refused(tmp_path: Path) -> None:
    """With a line number rather than a traceback."""
    (tmp_path / "a.jsonl").write_text("[" * 100_000 + "\n", encoding="utf-8")

    with pytest.raises(Mistake, match="line 1 is not JSON"):
        texts(str(tmp_path / "a.jsonl"))


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
