"""The form that declares an audit: what it counts before anything runs, and what it says of a wrong field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.audit.form.fields import typed
from app.audit.form.preview import Reading, preview
from app.audit.statistics.power import detectable_gap
from app.store.datasets.facts import Alike, Stratum
from tests.app.audit.planted import model
from tests.app.datasets.given import imported
from tests.served import served


def planted(name: str) -> Any:
    made = model()
    made.id = name
    return made


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"), load=planted)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def dataset(client: TestClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    """120 rows: two sources that part them, three regions, a label that is no class in every tenth row."""
    lines = ["text,label,source,region"]
    for k in range(120):
        label = "other" if k % 10 == 9 else ("yes", "no")[k % 2]
        lines.append(f"friend {k},{label},{('a', 'b')[k % 4 > 1]},{('north', 'south', 'west')[k % 3]}")
    store = client.app.state.services.store  # type: ignore[attr-defined]
    return imported(store, tmp_path_factory.mktemp("file"), "\n".join(lines).encode(), name="friends.csv").id


def stratum(number: int, rows: int, label: str, groups: dict[str, str], predicted: str | None = None) -> Stratum:
    return Stratum(number, rows, Alike(label=label, predicted=predicted, groups=tuple(groups.items())))


READING = Reading(audited="yes", classes=("no", "yes"), label="label")
ROWS = [
    stratum(0, 300, "yes", {"who": "a", "sex": "f"}, "yes"), stratum(1, 100, "yes", {"who": "a", "sex": "m"}, "no"),
    stratum(2, 200, "no", {"who": "b", "sex": "f"}, "yes"), stratum(3, 400, "no", {"who": "b;c", "sex": "m"}, "no"),
    stratum(4, 50, "what", {"who": "unknown", "sex": "m"}, "no"),
]  # fmt: skip


def test_groups_are_counted_as_the_audit_will() -> None:
    """Cells with several values, blank ones and labels that are no class; a mirror is one test; rates are measured."""
    shown = preview(ROWS, ["who", "sex"], READING, columns=None, metrics=["true_positive_rate", "auc"], margin=0.05)
    who, sex = shown.columns

    assert [(value.name, value.of_class, value.others, value.unlabelled) for value in who.values] == [
        ("a", 400, 0, 0), ("b", 0, 600, 0), ("c", 0, 400, 0),
    ]  # fmt: skip
    assert [value.mirror_of for value in sex.values] == [None, "f"]
    assert shown.measured
    assert shown.rates == {"true_positive_rate": 0.75}
    assert shown.tests == 2 * (3 + 1 + 1)
    assert sex.values[0].gaps == {"true_positive_rate": detectable_gap(0.75, 300, 100, tests=10)}
    assert who.values[0].gaps == {"true_positive_rate": None}  # nobody to compare with
    assert shown.weak == 4  # each of the three, and the measured one that is above five points


def test_a_column_of_many_values_cannot_be_ticked() -> None:
    rows = [stratum(k, 5, "yes", {"reviewer": f"r{k}"}) for k in range(40)]
    (column,) = preview(rows, ["reviewer"], READING, columns=("reviewer",), metrics=["accuracy"], margin=0.1).columns

    assert (column.chosen, column.too_many, list(column.values)) == (False, 40, [])


def test_nothing_is_ticked_where_somebody_unticked_all() -> None:
    """A data set that was chosen just now has all its columns ticked; `ticked` says whose columns the ticks are."""
    assert typed([("dataset", "d"), ("ticked", "other")]).columns is None
    assert typed([("dataset", "d"), ("ticked", "d")]).columns == ()
    assert typed([("dataset", "d"), ("ticked", "d"), ("column-2", "who")]).columns == ("who",)
    assert typed([("model", "m"), ("ticked", "")]).metrics == ()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_columns_of_a_data_set_stand_in_the_form(client: TestClient, dataset: str, language: str) -> None:
    """With the texts of each group, what they could show, and how many tests that makes; ticks choose."""
    where = f"/audits/new?model=sentiment&audited=yes&source=table&dataset={dataset}&lang={language}"
    page = client.get(where).text
    one = client.get(f"{where}&ticked={dataset}&column-1=region&metric-accuracy=1").text
    rows = re.findall(r'<tr class="value">\s*<th[^>]*>(\w+)</th>\s*<td>(\d+)</td>\s*<td>(\d+)</td>', page)

    assert [name for name, _, _ in rows] == ["a", "b", "north", "south", "west"]
    assert sum(int(n) for name, n, _ in rows if name in "ab") == sum(k % 2 == 0 for k in range(120))
    assert re.search(r"<b>10</b>", page)  # region and one side of source, two measures, their spread
    assert re.search(r"<b>4</b>", one)
    assert page.count(" checked") - one.count(" checked") == 2


def test_choices_that_cannot_be_are_said_at_their_field(client: TestClient, dataset: str) -> None:
    """In the address and in what is sent: the field, what was given and what is allowed."""
    base = {"model": "sentiment", "source": "table", "dataset": dataset, "ticked": dataset, "column-1": "source",
            "metric-accuracy": "1"}  # fmt: skip
    for field, given, said in (
        ("model", "nobody", "nobody"), ("audited", "purple", "there are: no, yes"), ("threshold", "high", "between"),
        ("source", "dreams", "functional"), ("dataset", "0" * 64, "no data set is called"), ("margin", "-3", "points"),
        ("preset", "nice", "ll144"),
    ):  # fmt: skip
        for answer in (
            client.get("/audits/new", params=base | {field: given}),
            client.post("/audits", data=base | {field: given}),
        ):
            assert answer.status_code == 422, (field, answer.status_code)
            fault = re.search(r'id="fault-(\w+)" role="alert">([^<]+)', answer.text)
            assert fault, field
            assert fault[1] == field
            assert said in fault[2]
    nothing = client.post("/audits", data={"model": "sentiment", "source": "templates-en", "ticked": ""})
    assert 'id="fault-metrics"' in nothing.text


def test_labels_that_mean_no_class_are_said_before_the_run(client: TestClient, tmp_path: Path) -> None:
    store = client.app.state.services.store  # type: ignore[attr-defined]
    lines = ["text,label,source", *(f"friend {k},{k % 3},{('a', 'b')[k % 2]}" for k in range(60))]
    id = imported(store, tmp_path, "\n".join(lines).encode(), name="numbers.csv").id
    where = f"/audits/new?model=sentiment&audited=yes&source=table&dataset={id}"
    wrong, right = client.get(where), client.get(f"{where}&positive=2")

    assert wrong.status_code == 422
    assert 'id="fault-labels"' in wrong.text
    assert "no label of the column" in wrong.text
    assert right.status_code == 200


def test_an_audit_of_ticked_columns_starts(client: TestClient, dataset: str) -> None:
    """The plan has the columns that were ticked and the margin that was typed in points."""
    asked = {"model": "sentiment", "audited": "yes", "source": "table", "dataset": dataset, "ticked": dataset,
             "column-2": "region", "metric-selection_rate": "1", "margin": "7,5"}  # fmt: skip
    answer = client.post("/audits", data=asked)
    store = client.app.state.services.store  # type: ignore[attr-defined]
    from app.store import jobs

    assert answer.status_code == 303, answer.text
    id = answer.headers["location"].removeprefix("/audits/")
    request = store.query(lambda session: jobs.find(session, id)).request
    assert '"groups":["region"]' in request
    assert '"margin":0.075' in request
