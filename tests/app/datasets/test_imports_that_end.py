"""A file that is read ends in a way that is told: given up with a reason, cancelled, or deleted meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

import explainers
from app.datasets import importing, service
from app.datasets.reading.limits import Limits
from app.datasets.uploads import upload_of
from app.store.database import Store
from app.store.datasets.tables import DatasetRow
from tests.app.datasets.given import PROJECT, imported
from tests.app.jobs.inline import execution
from tests.served import served

BAD = b"text,label\n" + b"a good film,yes\n" + b",yes\n" * 3_000


@pytest.fixture
def client(tmp_path: Path, database: str | None) -> Iterator[TestClient]:
    app, _ = served(tmp_path / "data", database=database)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def store_of(client: TestClient) -> Store:
    found: Store = client.app.state.services.store  # type: ignore[attr-defined]
    return found


def after_a_piece(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Rows are read by tens, and something happens once the first ten are stored."""
    pieces = importing._pieces

    def watched(*given: Any) -> Iterator[Any]:
        for number, piece in enumerate(pieces(*given)):
            if number == 1:
                act()
            yield piece

    monkeypatch.setattr(importing, "TOGETHER", 10)
    monkeypatch.setattr(importing, "_pieces", watched)


def sent(client: TestClient, rows: int = 50) -> dict[str, Any]:
    content = "text,label\n" + "".join(f"film {k},yes\n" for k in range(rows))
    return dict(client.post("/v1/datasets", content=content, params={"name": "films.csv"}).json())


def test_a_data_set_that_is_deleted_while_it_is_read_cancels_its_job(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as an internal error; and no row is written once it is gone."""
    made, store = sent(client), store_of(client)
    after_a_piece(monkeypatch, lambda: client.delete(f"/v1/datasets/{made['id']}"))  # type: ignore[arg-type,return-value]
    execution(store).run(made["job"])
    job = client.get(f"/v1/jobs/{made['job']}").json()

    assert (job["state"], job["error"], job["title"]) == ("cancelled", None, "")
    assert store.query(lambda session: session.scalar(select(func.count()).select_from(DatasetRow))) == 0


def test_another_data_set_of_the_same_number_gets_none_of_its_rows(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite gives a serial number out again: what is still read belongs to the data set that was deleted."""
    made, store = sent(client), store_of(client)

    def another() -> None:
        client.delete(f"/v1/datasets/{made['id']}")
        client.post("/v1/datasets", content="text\nother\n")

    after_a_piece(monkeypatch, another)
    execution(store).run(made["job"])

    assert client.get(f"/v1/jobs/{made['job']}").json()["state"] == "cancelled"
    assert store.query(lambda session: session.scalar(select(func.count()).select_from(DatasetRow))) == 0


def test_a_cancelled_import_says_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its data set is not read for ever; sent again it is read again, to the end."""
    made, store = sent(client), store_of(client)
    after_a_piece(monkeypatch, lambda: running.stop(made["job"]))
    running = execution(store)
    running.run(made["job"])
    stopped = client.get(f"/v1/datasets/{made['id']}").json()
    page = client.get(f"/datasets/{made['id']}").text
    monkeypatch.undo()
    again = sent(client)
    execution(store).run(again["job"])

    assert stopped["status"] == "failed"
    assert "was cancelled after 20 rows" in stopped["failure"]["detail"]
    assert "send the file again" in stopped["failure"]["cure"]
    assert "was cancelled after 20 rows" in page
    assert again["id"] == made["id"]
    assert client.get(f"/v1/datasets/{made['id']}").json()["rows"] == 50


def test_an_import_that_is_cancelled_before_it_begins_says_so(client: TestClient) -> None:
    """No runner has seen it."""
    made = sent(client)
    client.delete(f"/v1/jobs/{made['job']}")

    found = client.get(f"/v1/datasets/{made['id']}").json()
    assert (found["status"], "cancelled after 0 rows" in found["failure"]["detail"]) == ("failed", True)


def test_a_file_of_bad_rows_is_given_up_with_a_reason(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not read to its end to say the same a million times."""
    monkeypatch.setattr(importing, "TOGETHER", 100)
    found = imported(store, tmp_path, BAD, limits=Limits(bad=500, sample=50))

    assert found.status == "failed"
    assert found.failure is not None
    assert (
        "599 of the first 600 rows cannot be read, the first of them in line 3: The text is empty."
        in found.failure.detail
    )
    assert found.failure.cure


def test_a_file_with_enough_good_rows_is_read_to_its_end(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many bad ones there are among them."""
    monkeypatch.setattr(importing, "TOGETHER", 100)
    content = b"text,label\n" + (b",yes\n" * 9 + b"a good film,yes\n") * 200
    found = imported(store, tmp_path, content, limits=Limits(bad=500, sample=50))

    assert (found.status, found.rows, found.bad_rows) == ("ready", 200, 1800)


def test_bad_rows_are_progress_and_can_be_stopped(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who asks it to stop does not wait for the next good row."""
    monkeypatch.setattr(importing, "TOGETHER", 100)
    told: list[tuple[float, str]] = []

    def progress(done: float, note: str = "") -> None:
        told.append((done, note))
        if len(told) == 5:
            raise explainers.Cancelled("the job was asked to stop")

    (tmp_path / "given").write_bytes(BAD)
    made = service.add(
        store, PROJECT, upload_of(tmp_path / "given", limit=1 << 30), name="bad.csv", form="csv", mapping=None
    )
    with pytest.raises(explainers.Cancelled):
        importing.import_file(store, PROJECT, made.id, tmp_path / "given", progress=progress)

    assert told[4][1] == "500 rows, 499 of them bad"
    assert [done for done, _ in told] == sorted(done for done, _ in told)
