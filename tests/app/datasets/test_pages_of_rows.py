"""Pages of rows: whatever the filters and the order, page after page gives every chosen row once."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.store.database import Store
from app.store.datasets import facts as dataset_facts
from app.store.datasets import selection as dataset_selection
from app.store.datasets.facts import NONE, Alike, Explained, Fact
from app.store.datasets.selection import By, Place, Wanted
from tests.app.datasets.given import run_with

ROWS = 300
BADGES = (None, "sound", "rough", "distrust")


def facts(seed: int = 0) -> list[Fact]:
    """Few different probabilities, so that many rows tie."""
    chance = random.Random(seed)
    made = []
    for number in range(ROWS):
        label, predicted, group = chance.choice(("no", "yes", None)), chance.choice(("no", "yes")), chance.choice("ab")
        alike = Alike(label, predicted, groups=(("g", group),))
        made.append(Fact(number, alike, chance.choice((NONE, 0.5, 0.75, 0.9, 1.0))))
    return made  # fmt: skip


@pytest.fixture
def run(store: Store) -> int:
    return run_with(store, ROWS, facts())[1]


def walk(store: Store, wanted: Wanted, limit: int) -> list[Place]:
    found: list[Place] = []
    while page := store.query(partial(dataset_selection.page, wanted=wanted, limit=limit)):
        found += page
        wanted = replace(wanted, after=(page[-1].probability, page[-1].number))
    return found


def expected(wanted: Wanted, strata: dict[Alike, int]) -> list[int]:
    """The same by hand."""
    chosen = [fact for fact in facts() if wanted.strata is None or strata[fact.alike] in wanted.strata]
    if wanted.low is not None:
        chosen = [fact for fact in chosen if fact.probability >= wanted.low]
    if wanted.high is not None:
        chosen = [fact for fact in chosen if 0 <= fact.probability <= wanted.high]
    if wanted.by == "number":
        order = sorted(chosen, key=lambda fact: fact.number, reverse=wanted.descending)
    else:
        order = sorted(chosen, key=lambda fact: (fact.probability, fact.number), reverse=wanted.descending)
    return [fact.number for fact in order]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), few=st.sampled_from((0, 100)))
def test_pages_put_together_are_all_chosen_rows_in_order(
    store: Store, run: int, data: st.DataObject, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways of reading, strata one by one and the whole order, for every filter, order and page size."""
    monkeypatch.setattr(dataset_selection, "FEW", few)
    strata = {s.alike: s.number for s in store.query(lambda session: dataset_facts.strata(session, run))}
    numbers = st.frozensets(st.sampled_from(sorted(strata.values())), min_size=1)
    wanted = Wanted(
        run=run,
        strata=data.draw(st.none() | numbers),
        by=data.draw(st.sampled_from(("number", "probability"))),
        descending=data.draw(st.booleans()),
        low=data.draw(st.none() | st.sampled_from((0.0, 0.6, 0.9))),
        high=data.draw(st.none() | st.sampled_from((0.5, 0.8, 1.0))),
    )

    found = walk(store, wanted, data.draw(st.sampled_from((1, 7, 50, 1000))))

    assert [place.number for place in found] == expected(wanted, strata)


def test_strata_know_how_many_rows_they_have(store: Store, run: int) -> None:
    """So that no page counts."""
    found = store.query(lambda session: dataset_facts.strata(session, run))

    assert {s.alike: s.rows for s in found} == {
        alike: sum(fact.alike == alike for fact in facts()) for alike in {fact.alike for fact in facts()}
    }


def test_facts_written_twice_count_once(store: Store, run: int) -> None:
    """A shard may be done again after a kill, with other predictions even."""
    other = facts(seed=1)
    store.commit(lambda session: dataset_facts.write(session, run, other[64:128]))
    both = [*facts()[:64], *other[64:128], *facts()[128:]]

    found = {s.alike: s.rows for s in store.query(lambda session: dataset_facts.strata(session, run)) if s.rows}
    assert found == {alike: sum(f.alike == alike for f in both) for alike in {f.alike for f in both}}
    assert len(walk(store, Wanted(run=run, strata=None), 50)) == ROWS


def test_an_explained_row_moves_to_the_stratum_of_its_badge(store: Store, run: int) -> None:
    """And is counted there and no longer where it was; twice is as once."""
    explained = [Explained(k, "key", BADGES[1 + k % 3], {"yes": [("good", 1.0)]}) for k in range(0, 30)]
    for _ in range(2):
        store.commit(lambda session: dataset_facts.explain(session, run, explained))

    strata = store.query(lambda session: dataset_facts.strata(session, run))
    assert sum(s.rows for s in strata) == ROWS
    assert sum(s.rows for s in strata if s.alike.badge == "rough") == 10
    chosen = frozenset(s.number for s in strata if s.alike.badge == "rough")
    assert [p.number for p in walk(store, Wanted(run=run, strata=chosen), 4)] == list(range(1, 30, 3))
    assert store.query(lambda session: dataset_facts.explained(session, run, [1]))[1].words == {"yes": [["good", 1.0]]}


def test_a_search_finds_every_row_and_says_how_far_it_looked(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks at a bounded number of rows at a time."""
    monkeypatch.setattr(dataset_selection, "WINDOW", 40)
    dataset, run = run_with(store, ROWS, facts())
    found: list[int] = []
    steps = 0
    after: tuple[float, int] | None = None
    while True:
        wanted = Wanted(run=run, strata=None, after=after)
        places, until = store.query(
            lambda session, wanted=wanted: dataset_selection.search(session, wanted, dataset, "NEEDLE", 5)
        )
        found += dataset_selection.numbers(places)
        steps += 1
        if until is None:
            break
        after = (0.0, until)

    assert found == list(range(0, ROWS, 3))
    assert steps >= ROWS / 40


@pytest.mark.parametrize(("by", "descending"), list(product(("number", "probability"), (False, True))))
def test_a_page_reads_no_more_than_it_shows(store: Store, run: int, by: By, descending: bool) -> None:
    """Every order has its index: no plan sorts or scans the table."""
    from sqlalchemy import text
    from sqlalchemy.dialects import sqlite

    wanted = Wanted(run=run, strata=None, by=by, descending=descending, after=(0.5, 10))
    limited = dataset_selection._walk(wanted).limit(50)
    query = limited.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with store.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("the plan is read as SQLite writes it")
        plan = " ".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))

    assert "SEARCH" in plan
    assert "TEMP B-TREE" not in plan
