"""An audit of a file reads it as data sets do, and says what it left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.audit.data.plan import Table
from app.audit.evidence.oracle import LocalOracle
from app.audit.report import report
from app.audit.run import kind, verification
from app.audit.run.run import run
from app.audit.run.sources import material_of
from app.cli import main
from app.errors import BadRequest
from app.store.database import Store
from tests.app.audit.planted import model, plan, silent
from tests.app.datasets.given import PROJECT, imported

ROWS = [(f"a film about number {k}", "yes" if k % 2 else "no", "f" if k % 3 else "m") for k in range(24)]
BAD = ["unquoted, comma,yes,f", '"never closed,no,m', "x" * 200_000 + ",yes,f", "  ,no,f"]


def written(folder: Path, *, bad: bool = True) -> str:
    lines = ["text,label,group", *(BAD if bad else ()), *(",".join(row) for row in ROWS)]
    (folder / "a.csv").write_bytes("\r\n".join(lines).encode("utf-8-sig"))
    return "a.csv"


def asked(path: str | None, **data: Any) -> Any:
    table = Table(path=path, groups=("group",), positive=("yes",), **data)
    return plan(data=table, explain={"gaps": 0}, metrics=("selection_rate",))


def test_bad_rows_are_counted_in_the_report(tmp_path: Path) -> None:
    """With their lines, in JSON and on the page; the others are audited, and the report can be verified."""
    declared, found = run(
        asked(written(tmp_path)), material_of(asked("a.csv"), folder=tmp_path), LocalOracle(model()), silent
    )
    made = report.build(declared, found, tmp_path / "out", run={})
    report.write(made, tmp_path / "out", pdf=False)
    data = made["content"]["data"]

    assert data["rows"] == len(ROWS)
    assert data["left_out"] == {"bad_rows": 4}
    assert [line.partition(":")[0] for line in data["file"]["listed"]] == ["line 2", "line 3", "line 4", "line 5"]
    assert "Rows left out: rows that cannot be read 4." in (tmp_path / "out" / "report.html").read_text()
    assert verification.verify(tmp_path / "out" / "report.json").rows == len(ROWS)


@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet"])
def test_other_formats_are_read(name: str, tmp_path: Path) -> None:
    """As data sets are."""
    columns = {"text": [row[0] for row in ROWS], "label": [row[1] for row in ROWS], "group": [row[2] for row in ROWS]}
    if name == "a.parquet":
        pq.write_table(pa.table(columns), tmp_path / name)
    else:
        lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in ROWS]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    made, same = material_of(asked(name), folder=tmp_path), material_of(asked(written(tmp_path)), folder=tmp_path)

    assert made.texts == same.texts
    assert made.membership.names == same.membership.names == ("group: f", "group: m")
    assert (made.left_out, same.left_out) == ({}, {"bad_rows": 4})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"text": "review"}, "no column 'review'; it has: text, label, group"),
        ({"cluster": "author"}, "no column 'author'"),
    ],
)
def test_a_column_that_is_not_there_is_named(data: dict[str, Any], says: str, tmp_path: Path) -> None:
    """With those that are."""
    with pytest.raises(BadRequest, match=says):
        material_of(asked(written(tmp_path), **data), folder=tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """No traceback."""
    with pytest.raises(BadRequest, match=r"gone\.csv"):
        material_of(asked("gone.csv"), folder=tmp_path)


def test_a_data_set_whose_first_row_has_no_group_is_audited(store: Store, tmp_path: Path) -> None:
    """An empty cell is not a missing column; its bad rows are told, too."""
    lines = ["text,label,group", "first,yes,", "too,many,cells,here", *(",".join(row) for row in ROWS)]
    found = imported(store, tmp_path, "\n".join(lines).encode(), name="a.csv")
    declared = asked(None, dataset=found.id).model_dump_json()
    made = kind._of_dataset(store, PROJECT, declared, ("no", "yes"))

    assert len(made.texts) == len(ROWS) + 1
    assert made.membership.names == ("group: f", "group: m")
    assert made.membership.unknown == (1, 1)
    assert made.source["file"]["bad_rows"] == 1


def test_the_command_tells_what_it_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr, before it predicts."""
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("app.cli.audit.find_model", lambda name: model())
    written(tmp_path)
    (tmp_path / "plan.json").write_text(asked("a.csv").model_dump_json())
    with pytest.raises(SystemExit) as ended:
        main(["audit", "run", str(tmp_path / "plan.json"), "-o", str(tmp_path / "out"), "--no-pdf"])

    assert not ended.value.code
    err = capsys.readouterr().err
    assert "4 rows could not be read and are left out" in err
    assert "line 2: The row and the header have different numbers of fields: 4 ≠ 3." in err
