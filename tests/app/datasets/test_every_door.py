"""The same rows by every door, whatever program wrote the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cli.terminal.trouble import Mistake
from app.errors import BadRequest
from app.settings import Settings
from app.store.database import Store, open_store
from app.train.data import BadData
from tests.app.datasets.doors import WRITERS, Table, by_audit, by_command, by_training, check, tables
from tests.app.datasets.given import imported

ODD = Table(
    text=['he said "hi", then', "one\u2028two\x85three", "line\r\nbreak\nand\rreturn", "NA", " ", None, "x" * 100_001],
    label=[1.0, 0.0, None, 1.0, 0.0, 1.0, 0.0],
    group=["f", "NA", None, "", "m", "m", "m"],
    other=[float("nan"), None, 1.5, 2.0, float("nan"), None, 0.0],
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(Settings(data=tmp_path_factory.mktemp("data")))
    yield store
    store.close()


@pytest.mark.parametrize("writer", sorted(WRITERS))
def test_odd_cells_are_the_same_by_every_door(writer: str, store: Store, tmp_path: Path) -> None:
    """Quotes, what others take for line ends, values that look like blanks, a cell that is too long, NaN elsewhere."""
    check(ODD, writer, store, tmp_path)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables(), writer=st.sampled_from(sorted(name for name in WRITERS if "parquet" not in name)))
def test_random_tables_are_the_same_by_every_door(table: Table, writer: str, store: Store, tmp_path: Path) -> None:
    """`python -m tests.app.datasets.doors 2000` tries 2,000, Parquet among them."""
    check(table, writer, store, tmp_path)


@pytest.mark.parametrize("encoding", ["gb18030", "cp1252"])
def test_another_encoding_is_refused_by_every_door(encoding: str, store: Store, tmp_path: Path) -> None:
    """With the first wrong byte: to guess would be to read other texts."""
    text = "好电影" if encoding == "gb18030" else "schöner Film"
    path = tmp_path / "a.csv"
    path.write_bytes(f"text,label,group\n{text},1,f\n".encode(encoding))
    says = r"not UTF-8: byte \d+ \(line 2\)"

    failure = imported(store, tmp_path, path.read_bytes(), name="a.csv").failure
    assert failure is not None
    assert re.search(says, failure.detail)
    with pytest.raises(Mistake, match=says):
        by_command(path)
    with pytest.raises(BadData, match=says):
        by_training(path, ["1"])
    with pytest.raises(BadRequest, match=says):
        by_audit(path)
