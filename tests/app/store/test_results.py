"""What is stored is there again, byte for byte, for its own project only; what is deleted leaves nothing."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from app.settings import Settings
from app.store import history, results
from app.store import models as registered
from app.store.arrays import pack
from app.store.database import Store, open_store
from app.store.forgetting import forget_results
from app.store.history import NewEntry
from app.store.results import NewResult

LARGE = pack(np.random.default_rng(0).random((2, 3, 20, 20)).astype("float16"))
SMALL = pack(np.zeros((1, 1, 2, 2), dtype="float16"))


def explanation(key: str, *, panel: str | None = None, **arrays: bytes) -> NewResult:
    return NewResult(key=key, kind="explanation", panel=panel, model="m", body=f"body of {key}".encode(), arrays=arrays)


def panel(key: str) -> NewResult:
    return NewResult(key=key, kind="panel", model="m", body=b"panel")


def entry(key: str, words: str = "a good film", note: str = "") -> NewEntry:
    return NewEntry(
        key=key, kind="explanation", text=words, text_pair=None, model="m", method="shap", label="yes", probability=0.5
    )


def put(store: Store, *new: NewResult, project: str = "default") -> None:
    asyncio.run(results.put(store, project, new))


def files(store: Store) -> list[Path]:
    return [path for path in store.files.folder.rglob("*") if path.is_file()]


def test_results_outlive_the_process(tmp_path: Path, database: str | None) -> None:
    """The same bytes from the same folder and database, opened anew."""
    settings = Settings(data=tmp_path, database=database, inline_array=1000)
    first = open_store(settings)
    put(first, explanation("k", relations=LARGE))
    first.close()
    again = open_store(settings)

    assert asyncio.run(results.find(again, "default", "k", "explanation")) == b"body of k"
    assert asyncio.run(results.find_array(again, "default", "k", "relations")) == LARGE
    again.close()


def test_another_project_s_key_is_not_there(store: Store) -> None:
    """Neither to read nor to delete."""
    put(store, explanation("k", relations=SMALL), project="mine")

    assert asyncio.run(results.find(store, "yours", "k", "explanation")) is None
    assert asyncio.run(results.find_array(store, "yours", "k", "relations")) is None
    assert store.commit(partial(forget_results, files=store.files, project="yours", keys=["k"])) is False
    assert asyncio.run(results.find(store, "mine", "k", "explanation")) is not None


def test_an_address_keeps_its_bytes(store: Store) -> None:
    """Whoever computes the same again does not change what was answered."""
    put(store, explanation("k"))
    put(store, NewResult(key="k", kind="explanation", model="m", body=b"other"))

    assert asyncio.run(results.find(store, "default", "k", "explanation")) == b"body of k"


def test_small_arrays_lie_in_the_row_and_large_ones_in_a_file(store: Store) -> None:
    """Whoever reads them sees no difference."""
    put(store, explanation("k", small=SMALL, large=LARGE))

    assert len(files(store)) == 1
    assert asyncio.run(results.find_array(store, "default", "k", "small")) == SMALL
    assert asyncio.run(results.find_array(store, "default", "k", "large")) == LARGE


def test_an_array_file_lives_as_long_as_somebody_has_it(store: Store) -> None:
    """Two results with the same array share one file; it goes with the last of them."""
    put(store, explanation("a", relations=LARGE), explanation("b", relations=LARGE))
    assert len(files(store)) == 1

    store.commit(partial(forget_results, files=store.files, project="default", keys=["a"]))
    assert len(files(store)) == 1
    assert asyncio.run(results.find_array(store, "default", "b", "relations")) == LARGE

    store.commit(partial(forget_results, files=store.files, project="default", keys=["b"]))
    assert files(store) == []


def test_a_panel_goes_with_everything_that_belongs_to_it(store: Store) -> None:
    """Explanations, arrays, files and history; nothing of another panel."""
    put(store, panel("p"), explanation("a", panel="p", relations=LARGE), explanation("b", panel="p"))
    put(store, panel("q"), explanation("c", panel="q"))
    store.commit(partial(history.put, project="default", entry=entry("p")))
    store.commit(partial(forget_results, files=store.files, project="default", keys=["p"]))

    with store.engine.connect() as connection:
        left = connection.execute(text("select key from results order by key")).scalars().all()
        assert connection.execute(text("select count(*) from arrays")).scalar() == 0
    assert left == ["c", "q"]
    assert files(store) == []
    assert asyncio.run(history.page(store, "default")) == []


def test_all_results_of_a_write_are_there_or_none(store: Store) -> None:
    """A panel is never half stored."""
    broken = NewResult(key="x" * 10, kind="explanation", panel="no such panel", model="m", body=b"")
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        put(store, explanation("first"), broken)

    assert asyncio.run(results.find(store, "default", "first", "explanation")) is None


def test_the_tables_are_those_of_the_migrations(store: Store) -> None:
    """A column that only one of the two knows would be found by a user."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from app.store.datasets import tables as dataset_tables  # noqa: F401, it adds its tables
    from app.store.tables import Table

    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_history_lists_what_was_asked_last_first(store: Store) -> None:
    """Asked again, an entry moves to the top and keeps its note; pages follow each other without gaps."""
    put(store, *(explanation(name) for name in "abc"))
    for name in "abc":
        store.commit(partial(history.put, project="default", entry=entry(name)))
    assert asyncio.run(history.set_note(store, "default", "a", "my note"))
    store.commit(partial(history.put, project="default", entry=entry("a")))
    first = asyncio.run(history.page(store, "default", limit=2))
    rest = asyncio.run(history.page(store, "default", before=(first[-1].created, first[-1].id)))

    assert [row.key for row in (*first, *rest)] == ["a", "c", "b"]
    assert first[0].note == "my note"


@pytest.mark.parametrize(
    ("search", "found"),
    [("100%", ["a"]), ("0_", []), ("FILM", ["b"]), ("note", ["b"]), ("电影", ["c"]), ("'", []), ("\\", [])],
)
def test_search_is_for_words_not_patterns(store: Store, search: str, found: list[str]) -> None:
    """In texts and notes, any case, and % is a per cent sign."""
    put(store, *(explanation(name) for name in "abc"))
    for name, words in zip("abc", ["100% good", "a film", "这部电影"], strict=True):
        store.commit(partial(history.put, project="default", entry=entry(name, words)))
    asyncio.run(history.set_note(store, "default", "b", "a note"))

    assert [row.key for row in asyncio.run(history.page(store, "default", search=search))] == found


def test_registered_folders_are_remembered_in_their_order(store: Store) -> None:
    """Once each."""
    for path in ("/m/b", "/m/a", "/m/b"):
        asyncio.run(registered.add(store, path))
    asyncio.run(registered.add(store, "/m/c"))
    asyncio.run(registered.remove(store, "/m/c"))

    assert sorted(asyncio.run(registered.paths(store))) == ["/m/a", "/m/b"]
