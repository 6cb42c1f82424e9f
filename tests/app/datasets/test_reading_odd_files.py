"""Files as people really have them: quotes that do not close, no header, numbers for classes, names inside the file."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.datasets.reading.faults import told
from app.datasets.reading.labels import declared, match
from app.datasets.reading.parsing import NoText, Parsed, Row, form_of, parse
from app.datasets.reading.schemas import Fault, Form, Mapping
from app.errors import BadFile, BadRequest


def read(content: bytes, form: Form = "csv", **asked: Any) -> tuple[Parsed, list[Row], list[Fault]]:
    parsed = parse(content, form, **asked)
    found = list(parsed.rows)
    return parsed, [row for row in found if isinstance(row, Row)], [row for row in found if isinstance(row, Fault)]


def in_parquet(folder: Path, table: pa.Table) -> Path:
    pq.write_table(table, folder / "a.parquet")
    return folder / "a.parquet"


QUOTES = [
    # a quote that never closes takes its own line alone
    ('"a good film,pos\nbad film,neg\nfine film,pos\n', [(2, None)], ["bad film", "fine film"]),
    # … also before a cell that is quoted as it should be
    ('"a good film,pos\n"dull, bad",neg\nfine,pos\n', [(2, None)], ["dull, bad", "fine"]),
    ('"one,pos\n"two,neg\nfine,pos\n', [(2, None), (3, None)], ["fine"]),
    # a cell over several lines with a quote that is not doubled ends where its quote closes
    ('"a long\ntext with "bad" quotes\nhere",pos\nfine,pos\n', [(2, 4)], ["fine"]),
    ('"he said "hi\nto all\nof them",pos\nfine,pos\n', [(2, 4)], ["fine"]),
    ('"good"film,pos\nfine,pos\n', [(2, None)], ["fine"]),
    # whole rows between are kept; the line that closes is none
    ('"good" film,pos\nfine,neg\nend",pos\nlast,pos\n', [(2, None), (4, None)], ["fine", "last"]),
    # what is right stays right
    ('"a ""good""\n\nfilm",pos\nsay "no",neg\n', [], ['a "good"\n\nfilm', 'say "no"']),
]


@pytest.mark.parametrize(("content", "faults", "texts"), QUOTES)
def test_a_wrong_quote_loses_its_row_alone(
    content: str, faults: list[tuple[int, int | None]], texts: list[str]
) -> None:
    """The fault says which lines it spans, and the sound rows behind it are read."""
    _, rows, found = read(f"text,label\n{content}".encode())

    assert [(fault.line, fault.until) for fault in found] == faults
    assert [row.text for row in rows] == texts
    assert all(fault.code in ("quote", "open_quote") for fault in found)


def test_a_cell_that_is_too_long_loses_its_row_alone() -> None:
    """A cell behind it that begins with a separator closes no quote of another row."""
    content = f'text;label\n{"x" * 100_001};pos\n";";pos\n'.encode()
    _, rows, faults = read(content)

    assert [row.text for row in rows] == [";"]
    assert [(fault.line, fault.until, fault.code) for fault in faults] == [(2, None, "long_cell")]


def test_a_quote_that_opens_in_a_large_file_loses_one_row() -> None:
    """Neither the rest of the file nor time: half a million characters lie behind it."""
    content = b'text,label\n"open,1\n' + b"good,1\n" * 80_000

    _, rows, faults = read(content)
    assert (len(rows), [told(fault)[:41] for fault in faults]) == (
        80_000,
        ["line 2: A double quote is opened and not "],
    )


def test_a_carriage_return_in_a_cell_is_part_of_it() -> None:
    """Python's csv writes it without quotes where lines end with a new line alone; old Macs end lines with it."""
    _, rows, faults = read(b"text,label\nfirst\rsecond,1\n")
    _, old, _ = read(b'text,label\rfirst,1\r"a\nb",0\r')

    assert ([row.text for row in rows], faults) == (["first\rsecond"], [])
    assert [row.text for row in old] == ["first", "a\nb"]


@pytest.mark.parametrize("mark", ["sep=;\r\n", "\ufeffsep=;\n", '"sep=;"\n', "SEP=|\n", "sep=\t\n"])
def test_the_line_that_names_the_separator_is_no_row(mark: str) -> None:
    """As Excel reads it; lines are counted from the file's first."""
    separator = next(each for each in ";|\t" if each in mark)
    content = mark + "text;label\ngood film, really;pos\nbad;neg;more\n".replace(";", separator)

    parsed, rows, faults = read(content.encode())
    assert [column.name for column in parsed.columns] == ["text", "label"]
    assert [(row.line, row.text) for row in rows] == [(3, "good film, really")]
    assert [fault.line for fault in faults] == [4]


def test_a_first_line_that_names_nothing_is_a_row() -> None:
    """One of its cells stands again among the few values of its column."""
    parsed, rows, _ = read(b"good film,positive\nbad film,negative\nfine film,positive\n")

    assert [(row.line, row.text, row.label) for row in rows] == [
        (1, "good film", "positive"), (2, "bad film", "negative"), (3, "fine film", "positive")
    ]  # fmt: skip
    assert parsed.mapping == Mapping(text="column 1", label="column 2")
    assert [note.code for note in parsed.notes] == ["headerless"]


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"good film,1\nbad film,0\n", ["headerless"]),  # a number above numbers
        (b"Kommentar,Note\nein sehr guter Film,1\nein schlechter Film,0\n", []),
        (b"good film,positive\nbad film,negative\n", ["header_assumed"]),
        (b"Text,whatever\na,b\n", []),
    ],
)
def test_a_header_is_assumed_only_where_it_is_told(content: bytes, codes: list[str]) -> None:
    """Where the file leaves it open a note quotes the line and says what to choose instead."""
    assert [note.code for note in read(content)[0].notes] == codes


def test_columns_are_chosen_by_their_place() -> None:
    """The way to say that the first line is a row."""
    mapping = Mapping(text="column 1", label="column 2")
    _, rows, _ = read(b"good film,positive\nbad film,negative\n", mapping=mapping)

    assert [row.text for row in rows] == ["good film", "bad film"]


def test_nested_values_are_never_a_text() -> None:
    """The label is not taken in place of a text that cannot be read; the reason names the column."""
    content = b'{"review": {"text": "good"}, "label": "positive"}\n{"review": {"text": "bad"}, "label": "negative"}\n'

    with pytest.raises(NoText, match="the column 'review' holds lists, objects or bytes"):
        read(content, "jsonl")
    with pytest.raises(NoText):
        read(b"label\npositive\nnegative\n")


def test_a_column_in_nobodys_use_costs_no_row() -> None:
    """NaN and Infinity in one, as Python writes them; a list in another is told."""
    lines = '{"text": "good", "score": NaN, "words": ["good"]}\n{"text": "bad", "score": -Infinity, "words": []}\n'
    parsed, rows, faults = read(lines.encode(), "jsonl")

    assert ([row.text for row in rows], faults) == (["good", "bad"], [])
    assert [(note.code, note.value) for note in parsed.notes] == [("nested", "words")]


def test_a_line_of_json_may_be_a_text_alone() -> None:
    """By every door, as the command line has it."""
    assert [row.text for row in read(b'"one"\n{"text": "two"}\n', "jsonl")[1]] == ["one", "two"]


def test_what_looks_blank_is_a_value(tmp_path: Path) -> None:
    """NA may be Namibia, and none a class; a cell without characters has no value."""
    mapping = Mapping(text="text", label="label", groups=("country",))
    _, rows, _ = read(b"text,label,country\nNA,none,NA\nnull,null,\ngood,,  \n", mapping=mapping)

    assert [(row.text, row.label, row.groups) for row in rows] == [
        ("NA", "none", {"country": "NA"}), ("null", "null", {}), ("good", None, {})
    ]  # fmt: skip


FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["positive", "negative"], "_type": "ClassLabel"},
}
HUGGING_FACE = {"info": {"features": FEATURES}}


def hugging_face(numbers: list[int | None], *, said: Any = HUGGING_FACE) -> pa.Table:
    table = pa.table({"text": [f"text {k}" for k in range(len(numbers))], "label": pa.array(numbers, pa.int64())})
    return table.replace_schema_metadata({"huggingface": said if isinstance(said, str) else json.dumps(said)})


def test_classes_have_the_names_that_the_file_gives_them(tmp_path: Path) -> None:
    """0 is positive here, whatever the order of a model; -1 is no label; a number without a name is a bad row."""
    path = in_parquet(tmp_path, hugging_face([0, 1, None, -1, 2, 0]))
    parsed = parse(path, form_of(path, path.name))
    rows = list(parsed.rows)

    assert [row.label if isinstance(row, Row) else row.code for row in rows] == [
        "positive", "negative", None, None, "no_class", "positive"
    ]  # fmt: skip
    assert [(note.code, note.value) for note in parsed.notes] == [("class_names", "label: positive, negative")]


@pytest.mark.parametrize("said", ["no json", "[]", '{"info": {"features": {"label": {"_type": "ClassLabel"}}}}'])
def test_other_peoples_metadata_does_no_harm(said: str, tmp_path: Path) -> None:
    """The numbers stay numbers."""
    path = in_parquet(tmp_path, hugging_face([0, 1], said=said))

    assert [row.label for row in parse(path, "parquet").rows if isinstance(row, Row)] == ["0", "1"]


def test_a_label_has_one_spelling_whatever_wrote_it(tmp_path: Path) -> None:
    """1, 1.0 and Decimal 1.00 are a number; True, true and TRUE are the same."""
    numbers = in_parquet(tmp_path, pa.table({"text": ["a", "b"], "label": [Decimal("1.00"), Decimal("0.50")]}))
    delimited, lines = (
        b"text,label\na,1.0\nb,True\nc,1.50\n",
        b'{"text": "a", "label": 1.0}\n{"text": "b", "label": true}',
    )

    assert [row.label for row in parse(numbers, "parquet").rows if isinstance(row, Row)] == ["1", "0.50"]
    assert [row.label for row in read(delimited)[1]] == ["1", "true", "1.50"]
    assert [row.label for row in read(lines, "jsonl")[1]] == ["1", "true"]


CLASSES = ("negative", "positive")


@pytest.mark.parametrize(
    ("labels", "classes", "by", "found", "unmatched"),
    [
        (("Positive", "NEGATIVE"), CLASSES, "name", {"Positive": "positive", "NEGATIVE": "negative"}, ()),
        (("positive", "mixed"), CLASSES, "name", {"positive": "positive"}, ("mixed",)),
        (("0", "1"), CLASSES, "position", {"0": "negative", "1": "positive"}, ()),
        (("false", "true"), CLASSES, "position", {"false": "negative", "true": "positive"}, ()),
        (("1",), CLASSES, "nothing", {}, ("1",)),  # may begin at 1
        (("1", "2"), CLASSES, "nothing", {}, ("1", "2")),
        (("0", "1"), ("a", "b", "c"), "nothing", {}, ("0", "1")),
        (("0", "1", "maybe"), CLASSES, "nothing", {}, ("0", "1", "maybe")),
        (("0",), ("LABEL_0", "LABEL_1"), "name", {"0": "LABEL_0"}, ()),
        (("1",), ("2", "1.0"), "name", {"1": "1.0"}, ()),
        (("a", "A"), ("a", "A"), "name", {"a": "a", "A": "A"}, ()),
        (("X",), ("x", "x "), "nothing", {}, ("X",)),  # two classes are called so
        (("0", "1"), ("score",), "nothing", {}, ("0", "1")),
    ],
)
def test_labels_are_matched_with_classes_where_that_is_certain(
    labels: tuple[str, ...], classes: tuple[str, ...], by: str, found: dict[str, str], unmatched: tuple[str, ...]
) -> None:
    """By name; by position only where the numbers are those of all classes. What is not matched is told."""
    matched = match(labels, classes)

    assert (matched.by, dict(matched.classes), matched.unmatched) == (by, found, unmatched)


def test_a_label_may_be_declared_to_mean_a_class() -> None:
    """In one line each, as forms, commands and addresses have them; 1.0 is the number 1."""
    classes = declared(["0 = positive\n1.0=negative", "maybe=a=b"])
    mapping = Mapping(text="text", label="label", classes=classes)
    _, rows, _ = read(b"text,label\ngood,0\nbad,1.0\nso so,other\n", mapping=mapping)

    assert classes == {"0": "positive", "1": "negative", "maybe": "a=b"}
    assert [row.label for row in rows] == ["positive", "negative", "other"]
    for wrong in ("positive", "=positive", "0=", "0=a\n0.0=b"):
        with pytest.raises(BadRequest):
            declared([wrong])


def test_a_pipe_holds_no_parquet() -> None:
    """It is read by another process, from a file."""
    with pytest.raises(BadFile, match="not from a pipe"):
        read(b"PAR1", "parquet")
