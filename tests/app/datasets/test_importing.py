"""Rows as they are stored: numbered without gaps, in the order of the file, for their own project only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.datasets import service
from app.datasets.reading.limits import Limits
from app.datasets.reading.schemas import Mapping
from app.datasets.uploads import restore, upload_of
from app.errors import NotFound, TooLarge
from app.jobs.retention import forgetting
from app.settings import Settings
from app.store.database import Store
from app.store.datasets import facts as dataset_facts
from app.store.datasets import rows as datasets
from app.store.forgetting import clear_step
from tests.app.datasets.given import PROJECT, REVIEWS, described, imported


def test_rows_are_those_of_the_file(store: Store, tmp_path: Path) -> None:
    """Audits and batches read them by number."""
    found = imported(store, tmp_path, mapping=Mapping(text="text", label="label", groups=("product",)))

    rows = service.rows(store, PROJECT, found.id, 0, 100)
    assert found.status == "ready"
    assert found.rows == len(rows) == 5
    assert [row.number for row in rows] == [0, 1, 2, 3, 4]
    assert (rows[3].text, rows[3].label, rows[3].groups) == ("bad, bad shoes", "negative", {"product": "shoes"})
    assert service.rows(store, PROJECT, found.id, 1, 3) == rows[1:3]


def test_another_project_has_no_such_data_set(store: Store, tmp_path: Path) -> None:
    """Not even by its address."""
    found = imported(store, tmp_path)

    with pytest.raises(NotFound):
        service.rows(store, "other", found.id, 0, 1)
    assert service.listing(store, "other").datasets == ()


def test_the_same_file_is_one_data_set(store: Store, tmp_path: Path) -> None:
    """Read in another way it is another one; the file is kept once."""
    first, again = imported(store, tmp_path), imported(store, tmp_path)
    other = imported(store, tmp_path, mapping=Mapping(text="text", groups=("product",)))

    assert first.id == again.id != other.id
    assert first.sha256 == other.sha256
    assert other.groups == {"product": ("film", "shoes")}


def test_a_file_is_given_back_as_it_came(store: Store, tmp_path: Path) -> None:
    """In parts, through the database: the job runner may run elsewhere."""
    content = b"text\n" + b"good film\n" * 300_000
    found = imported(store, tmp_path, content, limits=Limits(rows=10))

    restore(store, found.sha256, tmp_path / "back")

    assert (tmp_path / "back").read_bytes() == content
    assert found.rows == 10
    assert [note.text for note in found.notes] == [
        "Only the first 10 rows were read: that is the limit of this server."
    ]


def test_reading_again_leaves_the_same_rows(store: Store, tmp_path: Path) -> None:
    """A job runner that was killed in the middle starts over."""
    found = imported(store, tmp_path)
    before = service.rows(store, PROJECT, found.id, 0, 100)

    described(store, found.id, tmp_path / "given")

    assert service.rows(store, PROJECT, found.id, 0, 100) == before
    (run,) = store.query(lambda session: datasets.runs(session, 1))
    assert sum(s.rows for s in store.query(lambda session: dataset_facts.strata(session, run.serial))) == 5


def test_bad_rows_are_counted_and_the_first_are_listed(store: Store, tmp_path: Path) -> None:
    """A million bad rows are a number, not a million lines."""
    content = b"text,label\n" + b"good,1\n" + b"bad\n" * 500
    found = imported(store, tmp_path, content)

    assert found.rows == 1
    assert found.bad_rows == 500
    assert [fault.line for fault in found.bad_rows_listed] == list(range(3, 103))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"text,label\n", "no rows"),
        (b"a,b\n1,2\n", "no column holds text"),
        (b"text,label\n" + b"a\n" * 5, "fields"),
        (b"text\xff", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_the_reason(store: Store, tmp_path: Path, content: bytes, says: str) -> None:
    """And no rows of it."""
    found = imported(store, tmp_path, content)

    assert found.status == "failed"
    assert found.failure is not None
    assert says in found.failure.detail
    assert found.failure.cure
    assert service.rows(store, PROJECT, found.id, 0, 10) == ()


def test_a_column_with_too_many_values_is_no_label(store: Store, tmp_path: Path) -> None:
    """Somebody chose the wrong column."""
    content = b"text,label\n" + b"".join(b"a,%d\n" % k for k in range(201))
    found = imported(store, tmp_path, content, mapping=Mapping(text="text", label="label"))

    assert found.status == "failed"
    assert found.failure is not None
    assert "'label' has over 200 different values" in found.failure.detail


def test_groups_with_too_many_values_are_kept_but_not_for_filtering(store: Store, tmp_path: Path) -> None:
    """Every combination of values is counted, so there must not be too many."""
    content = b"text,who,what\n" + b"".join(b"a,p%d,q%d\n" % (k, k % 2) for k in range(300))
    found = imported(store, tmp_path, content, mapping=Mapping(text="text", groups=("who", "what")))

    assert found.groups == {"what": ("q0", "q1")}
    assert service.rows(store, PROJECT, found.id, 7, 8)[0].groups == {"who": "p7", "what": "q1"}
    assert "who" in found.notes[0].text


def test_a_deleted_data_set_is_gone_with_its_file(store: Store, tmp_path: Path) -> None:
    """At once for readers, little by little in the tables; what a kill left is removed by whoever comes next."""
    found = imported(store, tmp_path)
    kept = imported(store, tmp_path, b"text\nother\n")
    serial = store.commit(lambda session: datasets.hide(session, PROJECT, found.id))
    assert serial is not None

    with pytest.raises(NotFound):
        service.find(store, PROJECT, found.id)
    store.commit(lambda session: datasets.change(session, serial, status="ready"))  # says a job that read it
    assert clear_step(store)  # and here the process is killed
    assert store.query(lambda session: datasets.runs(session, serial))
    while clear_step(store):
        pass

    assert store.query(lambda session: datasets.parts(session, found.sha256)) == 0
    assert store.query(lambda session: datasets.rows(session, serial, 0, 10)) == []
    assert service.rows(store, PROJECT, kept.id, 0, 10)[0].text == "other"
    assert imported(store, tmp_path).id == found.id


def test_what_a_killed_deletion_left_goes_at_the_next_start(store: Store, tmp_path: Path) -> None:
    """Whether or not the settings say how long texts are kept."""
    found = imported(store, tmp_path)
    serial = store.commit(lambda session: datasets.hide(session, PROJECT, found.id))
    assert serial is not None

    async def start() -> None:
        async with forgetting(Settings(), store):
            while store.query(lambda session: datasets.parts(session, found.sha256)):
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(start(), 60))
    assert store.query(lambda session: datasets.rows(session, serial, 0, 10)) == []


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    """Before it is stored."""
    (tmp_path / "given").write_bytes(REVIEWS)

    with pytest.raises(TooLarge):
        upload_of(tmp_path / "given", limit=10)
