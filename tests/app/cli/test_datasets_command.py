"""whence datasets on a data folder: a file is read, told of, listed and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli import main
from tests.app.datasets.given import REVIEWS


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["datasets", *arguments])
    found = capsys.readouterr()
    return int(ended.value.code or 0), found.out, found.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "data"))
    return tmp_path


def test_a_file_is_read_and_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its bad row; sent again it is the same, and it is listed once."""
    file = folder / "reviews.csv"
    file.write_bytes(REVIEWS + b"too,many,fields,here\n")
    asked = ("add", str(file), "--text", "text", "--label", "label", "--group", "product", "--name", "Reviews")

    code, out, err = printed(capsys, *asked)
    assert (code, "6 rows, 1 of them bad" in err) == (0, True)
    assert "5 rows, 1 that could not be read" in out
    assert "groups: product" in out
    assert "line 7: The row and the header have different numbers of fields: 4 ≠ 3." in out
    code, out, _ = printed(capsys, *asked, "--json")
    again = json.loads(out)
    (listed,) = json.loads(printed(capsys, "list", "--json")[1])
    assert again == listed == json.loads(printed(capsys, "show", again["id"], "--json")[1])
    assert (again["name"], again["labels"], again["status"]) == ("Reviews", ["negative", "positive"], "ready")
    assert "Reviews" in printed(capsys, "list")[1]


def test_a_file_without_the_column_ends_with_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says which columns there are, and another try is a data set of its own."""
    file = folder / "reviews.csv"
    file.write_bytes(REVIEWS)

    code, out, _ = printed(capsys, "add", str(file), "--text", "words")
    assert code == 1
    assert "no column 'words'; it has: text, label, product" in out
    assert printed(capsys, "add", str(file))[0] == 0


def test_a_label_is_declared_to_mean_a_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once for each label; without LABEL=CLASS it is a mistake."""
    file = folder / "numbers.csv"
    file.write_bytes(b"text,label\ngood,1.0\nbad,0.0\n")
    asked = ("add", str(file), "--text", "text", "--label", "label", "--class", "0=negative", "--class")

    code, out, _ = printed(capsys, *asked, "1=positive", "--json")
    assert (code, json.loads(out)["labels"]) == (0, ["negative", "positive"])
    code, _, err = printed(capsys, *asked, "positive")
    assert (code, "Write label=class" in err or "which class" in err) == (2, True)


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [(REVIEWS, ("--label", "label"), "--text"), (b"", (), "is empty"), (None, (), "No such file")],
)
def test_mistakes(
    folder: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, arguments: tuple[str, ...], says: str
) -> None:
    """One line that names the cure."""
    file = folder / "reviews.csv"
    if content is not None:
        file.write_bytes(content)

    code, out, err = printed(capsys, "add", str(file), *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_data_set_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with its name."""
    code, _, err = printed(capsys, "show", "nothing")

    assert code == 2
    assert "no data set is called 'nothing'" in err
