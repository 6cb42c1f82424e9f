"""Files of every kind, right and wrong: what is read, what is reported with its line, what is refused and why."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.datasets.reading.faults import FAULTS, said
from app.datasets.reading.limits import Limits
from app.datasets.reading.parsing import NoText, Row, form_of, parse
from app.datasets.reading.schemas import Fault, Form, Mapping
from app.errors import BadFile
from app.settings import Settings


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", "text\ngood\n")
    return out.getvalue()


def parquet(table: dict[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(table), out, **options)
    return out.getvalue()


def read(content: bytes, form: Form, tmp_path: Path, **asked: Any) -> tuple[list[Row], list[Fault], Any]:
    path = tmp_path / "file"
    path.write_bytes(content)
    parsed = parse(path, form, **asked)
    found = list(parsed.rows)
    return [row for row in found if isinstance(row, Row)], [row for row in found if isinstance(row, Fault)], parsed


TEXTS = [
    ("csv", b"text,label\ngood,1\nbad,0\n", ["good", "bad"]),
    ("csv", b"\xef\xbb\xbftext,label\r\ngood,1\r\nbad,0\r\n", ["good", "bad"]),
    ("csv", "text;label\ngut;1\nübel;0\n".encode("utf-16"), ["gut", "übel"]),
    ("csv", b"\xfe\xff" + "text\tlabel\n好\t1\n坏\t0\n".encode("utf-16-be"), ["好", "坏"]),
    ("csv", b'text,label\n"a ""fine"", long\nfilm",1\nbad,0', ['a "fine", long\nfilm', "bad"]),
    ("csv", b'text\tlabel\n"Fine" it is\t1\nsay "no" to it\t0\n', ['"Fine" it is', 'say "no" to it']),
    ("csv", b"text|label\n\n\ngood|1\n\nbad|0\n", ["good", "bad"]),
    ("csv", b"text\ngood\nbad\n", ["good", "bad"]),
    ("jsonl", b'{"text": "good", "label": 1}\n\n{"label": 0, "text": "bad"}', ["good", "bad"]),
    ("jsonl", b'{"text": "a\\u2028b"}\r\n{"text": "\xe2\x80\xa8c"}\n', ["a\u2028b", "\u2028c"]),
    ("parquet", parquet({"text": ["good", "bad"], "label": [1, 0]}), ["good", "bad"]),
]


@pytest.mark.parametrize(("form", "content", "texts"), TEXTS)
def test_a_right_file_gives_its_texts(form: Form, content: bytes, texts: list[str], tmp_path: Path) -> None:
    """Whatever separates its cells, ends its lines or encodes its characters."""
    rows, faults, _ = read(content, form, tmp_path)

    assert [row.text for row in rows] == texts
    assert faults == []


FAULTY = [
    ("csv", b"text,label\ngood,1,2\nbad,0\n", 2, "width"),
    ("csv", b"text,label\ngood\nbad,0\n", 2, "width"),
    ("csv", b'text,label\n"good"film,1\nbad,0\n', 2, "quote"),
    ("csv", b'text,label\nbad,0\n"never closed,1\n', 3, "open_quote"),
    ("csv", b'text,label\nbad,0\n"' + b"bad,0\n" * 20_000, 3, "open_quote"),
    ("csv", b"text,label\n" + b"x" * 20_001 + b",1\nbad,0\n", 2, "long_text"),
    ("csv", b"text,label\n  ,1\nbad,0\n", 2, "no_text"),
    ("csv", b"text,label\na\x00b,1\nbad,0\n", 2, "nul"),
    ("csv", b"text,label\ngood," + b"x" * 201 + b"\nbad,0\n", 2, "long_label"),
    ("jsonl", b'{"text": "bad"}\nnot json\n', 2, "json"),
    ("jsonl", b'{"text": "bad"}\n[1, 2]\n', 2, "object"),
    ("jsonl", b'{"text": "bad"}\n{"text": "a", "text": "b"}\n', 2, "twice"),
    ("jsonl", b'{"text": "bad"}\n{"other": "a"}\n', 2, "missing"),
    ("jsonl", b'{"text": "bad"}\n{"text": {"inner": 1}}\n', 2, "kind"),
    ("jsonl", b'{"text": "bad"}\n{"text": NaN}\n', 2, "no_text"),
    ("jsonl", b'{"text": "bad"}\n{"text": "\\ud800"}\n', 2, "nul"),
    ("jsonl", b'{"text": "bad"}\n' + b"[" * 100_000 + b"\n", 2, "json"),
    ("jsonl", b'{"text": "bad"}\n{"text": ' + b"1" * 5000 + b"}\n", 2, "json"),
    ("jsonl", b'{"text": "bad"}\n{"text": "' + b"x" * (1 << 20) + b'"}\n{"text": "bad"}', 2, "long_line"),
    ("parquet", parquet({"text": ["bad", None]}), 2, "no_text"),
    ("parquet", parquet({"text": ["bad", "x" * 300_000]}), 2, "long_cell"),
    ("parquet", parquet({"text": ["bad", "a\x00b"]}), 2, "nul"),
]


@pytest.mark.parametrize(("form", "content", "line", "code"), FAULTY)
def test_a_bad_row_is_reported_and_the_rest_is_read(
    form: Form, content: bytes, line: int, code: str, tmp_path: Path
) -> None:
    """With its line, the reason and the cure; no row is lost silently."""
    rows, faults, _ = read(content, form, tmp_path, mapping=Mapping(text="text", label=_label(content)))

    assert [(fault.line, fault.code) for fault in faults] == [(line, code)]
    assert {row.text for row in rows} == {"bad"}
    assert said(faults[0]).cure


def _label(content: bytes) -> str | None:
    return "label" if content.startswith(b"text,label") else None


REFUSED = [
    ("csv", b"", "empty"),
    ("csv", b"\n \r\n", "empty"),
    ("csv", zipped(), "ZIP"),
    ("csv", gzip.compress(b"text\n" + b"x" * 10_000_000), "gzip"),
    ("csv", b"%PDF-1.7 text", "PDF"),
    ("csv", "text\nGrüße\n".encode("latin-1"), r"byte 7 \(line 2\) is 0xfc"),
    ("csv", b"text\n" + b"good\n" * 300_000 + b"\xff\n", r"byte 1,500,005 \(line 300,002\)"),
    ("csv", b"text\ngood\xe2\x82", "not UTF-8"),
    ("csv", "text\ngood\n".encode("utf-16-le"), "without a byte order mark"),
    ("csv", "text\ngood\n".encode("utf-32"), "UTF-32"),
    ("csv", b"\xff\xfet\x00e", "not UTF-16|holds|no rows|first"),
    ("csv", b",".join(b"c%d" % k for k in range(201)) + b"\n", "201 columns"),
    ("csv", b"x" * 2_000_000, "over 1,048,576 characters"),
    ("csv", b'"text,label\ngood,1\n', "the first line, which names the columns"),
    ("jsonl", b'[{"text": "a"}]', "one JSON array"),
    ("jsonl", b"hello\n", "no line"),
    ("parquet", b"PAR1 and nothing", "not Parquet"),
    ("parquet", parquet({"text": ["a"] * 50})[:-30] + b"PAR1", "not Parquet"),
    ("parquet", parquet({f"c{k}": [1] for k in range(201)}), "201 columns"),
]


@pytest.mark.parametrize(("form", "content", "says"), REFUSED)
def test_a_file_that_cannot_be_read_says_why(form: Form, content: bytes, says: str, tmp_path: Path) -> None:
    """One error for the whole file, with the place and the cure."""
    with pytest.raises(BadFile, match=says) as raised:
        read(content, form, tmp_path)

    assert raised.value.cure


def test_a_small_file_that_unpacks_to_gigabytes_is_bounded(tmp_path: Path) -> None:
    """One value of 50 MB said a thousand times is 50 KB of Parquet; no cell is held longer than it may be."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["x" * 50_000_000]))
    content = parquet({"text": column, "label": ["a"] * 1000}, compression="zstd")

    assert len(content) < 100_000
    with pytest.raises(BadFile, match="over 100,000 characters"):
        read(content, "parquet", tmp_path)


def test_what_a_parquet_file_says_of_its_size_is_checked_first(tmp_path: Path) -> None:
    """Before a byte is unpacked."""
    content = parquet({"text": [f"{k} " * 1000 for k in range(500)]}, compression="zstd")

    with pytest.raises(BadFile, match="unpacked"):
        read(content, "parquet", tmp_path, limits=Limits(unpacked=1 << 20))


def test_a_large_file_that_was_let_in_is_read(tmp_path: Path) -> None:
    """The setting alone says how many bytes a file may have: the reader has no limit beside it."""
    path = tmp_path / "given"
    path.write_bytes(b"text\n" + b"good\n" * 5000)
    with path.open("r+b") as file:
        file.truncate(2 * Settings().upload_limit)  # a hole, which takes no place

    assert next(parse(path, "csv").rows) == Row(2, "good")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (b"text,text,label", ["text", "text (2)", "label"]),
        (b"text,,label", ["text", "column 2", "label"]),
        (b"text,a\xe2\x80\xaeb,label", ["text", "ab", "label"]),
        (b"text,<script>alert(1)</script>,label", ["text", "<script>alert(1)</script>", "label"]),
        (b'text,"a\nb",label', ["text", "ab", "label"]),
    ],
)
def test_names_of_columns_can_be_told_apart_and_shown(header: bytes, names: list[str], tmp_path: Path) -> None:
    """Twice the same, empty, or with characters that turn the line round."""
    _, _, parsed = read(header + b"\ngood,x,1\n", "csv", tmp_path)

    assert [column.name for column in parsed.columns] == names


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("text,label", "good film,1", Mapping(text="text", label="label")),
        ("id,Review,Sentiment,gender", "7,good film,pos,f",
         Mapping(text="Review", label="Sentiment", groups=("gender",), id="id")),
        ("sentence1,sentence2,gold", "a b,c d,1", Mapping(text="sentence1", text_pair="sentence2", label="gold")),
        ("a,b", "12,a longer text", Mapping(text="b")),
    ],
)  # fmt: skip
def test_columns_are_guessed_from_names_and_values(header: str, row: str, expected: Mapping, tmp_path: Path) -> None:
    """So that most files need no setting."""
    _, _, parsed = read(f"{header}\n{row}\n".encode(), "csv", tmp_path)

    assert parsed.mapping == expected


def test_without_a_text_the_columns_are_there_to_choose_from(tmp_path: Path) -> None:
    """Numbers only: the guess is not forced."""
    with pytest.raises(NoText) as raised:
        read(b"a,b\n1,2\n", "csv", tmp_path)

    assert [column.name for column in raised.value.columns] == ["a", "b"]


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With those that are."""
    with pytest.raises(BadFile, match=r"no column 'review'; it has: text, label"):
        read(b"text,label\ngood,1\n", "csv", tmp_path, mapping=Mapping(text="review"))


@pytest.mark.parametrize(
    ("name", "head", "form"),
    [("a.csv", b"text", "csv"), ("a", b'{"text"', "jsonl"), ("a.csv", b"PAR1", "parquet"), ("a.ndjson", b"x", "jsonl")],
)
def test_the_form_is_seen_in_the_first_bytes_or_the_name(name: str, head: bytes, form: str, tmp_path: Path) -> None:
    """A Parquet file that is called .csv is Parquet."""
    (tmp_path / "file").write_bytes(head)

    assert form_of(tmp_path / "file", name) == form


def test_every_fault_has_its_words() -> None:
    """A code without a sentence would break the report."""
    for code in FAULTS:
        assert said(Fault(line=1, code=code, value="7")).reason


PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)


@given(st.lists(PLAIN.filter(lambda text: text.strip()), min_size=1, max_size=20))
def test_any_text_survives_csv_and_json(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """Quotes, separators, new lines, every script: what was written is what is read."""
    import csv

    folder = tmp_path_factory.mktemp("written")
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "label"), *((text, "1") for text in texts)])
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    mapping = Mapping(text="text")

    assert [row.text for row in read(out.getvalue().encode(), "csv", folder, mapping=mapping)[0]] == texts
    assert [row.text for row in read(lines.encode(), "jsonl", folder, mapping=mapping)[0]] == texts
