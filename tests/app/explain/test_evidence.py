"""How faithful each map is, beside it: the figures of the record, and the order that they give the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.web.formatting import gain
from explainers import Gain
from tests.served import served
from tests.tiny import tiny

TEXT = "the witty film is not good, and the long movie never recovers"
HEADERS = {"Accept": "text/html", "Origin": "http://localhost", "Prefer": "wait=60"}
ORDER = "The map most faithful to this text stands first."


def model(name: str) -> Any:
    found = tiny("bert")
    found.id = name
    return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("evidence"), load=model)
    with TestClient(app, base_url="http://localhost", headers=HEADERS, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def panel(client: TestClient) -> Any:
    return client.post("/v1/panels", json={"model": "sentiment", "input": {"text": TEXT}}).json()


def rows_of(page: str) -> list[tuple[str, list[str]]]:
    """Each row of the page, in order: its method, and its figures."""
    rows = re.findall(r'<article class="method" data-method="([\w-]+)"(.*?)</article>', page, re.S)
    return [(name, re.findall(r'class="faithful"><dt>\w+</dt><dd>(.*?)</dd>', body)) for name, body in rows]


def figures_of(found: Any) -> list[str]:
    known = found["faithfulness"]
    return [] if known is None else [gain(Gain(**known[name])) for name in ("comprehensiveness", "sufficiency")]


@pytest.mark.parametrize("place", ["", "/export/html"])
def test_the_most_faithful_map_stands_first_with_its_figures(client: TestClient, panel: Any, place: str) -> None:
    ranked = panel["by_faithfulness"]
    sums = {
        each["method"]["name"]: each["faithfulness"]["comprehensiveness"]["value"]
        + each["faithfulness"]["sufficiency"]["value"]
        for each in panel["explanations"]
        if each["faithfulness"] is not None
    }
    assert all(sums[a] >= sums[b] for a, b in pairwise(ranked))
    asked = [each["method"]["name"] for each in panel["explanations"]]
    assert ranked != [name for name in asked if name in ranked]  # else the order would show nothing

    page = client.get(f"/panels/{panel['key']}{place}").text

    unmeasured = [name for name in asked if name not in ranked]
    found = {each["method"]["name"]: each for each in panel["explanations"]}
    assert rows_of(page) == [(name, figures_of(found[name])) for name in [*ranked, *unmeasured]]
    assert ORDER in page
    assert f"in probability of “{panel['prediction']['predicted']['label']}”" in page


def test_the_order_holds_for_every_class_and_every_table(client: TestClient, panel: Any) -> None:
    """The class that is painted changes neither the order nor the figures: they are of the predicted class."""
    (other,) = {0, 1} - {panel["prediction"]["predicted"]["index"]}
    page, turned = (client.get(f"/panels/{panel['key']}{query}").text for query in ("", f"?class={other}"))
    short = re.findall(r'<th scope="col">([^<]+)</th>', page)

    assert rows_of(turned) == rows_of(page)
    heads = [head for head in short if head not in ("Part", "Measure")]
    count = len(panel["by_faithfulness"])
    # The matrix begins at the second; the tables of measures and of numbers have all in order.
    tables = [heads[: count - 1], heads[count - 1 : 2 * count - 1], heads[2 * count - 1 : 3 * count - 1]]
    assert tables[0] == tables[1][1:] == tables[2][1:]


def test_agreement_follows_the_order(client: TestClient, panel: Any) -> None:
    """A cell of the matrix is the number of its two methods."""
    names, tau = panel["agreement"]["methods"], panel["agreement"]["kendall_tau"]
    first, second = panel["by_faithfulness"][:2]
    page = client.get(f"/panels/{panel['key']}").text
    cell = re.search(r'<table class="matrix">.*?<td><span class="agree heat"[^>]*>([^<]+)<small>', page, re.S)

    assert cell
    value = tau[names.index(first)][names.index(second)]
    assert cell[1] == f"{value:+.2f}".replace("-", "−")


def test_files_to_take_along_say_it_too(client: TestClient, panel: Any) -> None:
    best = next(e for e in panel["explanations"] if e["method"]["name"] == panel["by_faithfulness"][0])
    comprehensiveness, sufficiency = figures_of(best)
    said = f"Comprehensiveness {comprehensiveness}, Sufficiency {sufficiency} (against random parts)"

    notes, slide, picture = (
        client.get(f"/panels/{panel['key']}/export/{kind}").text for kind in ("md", "slide.svg", "svg")
    )

    assert said in slide
    assert said in picture
    line = next(line for line in notes.splitlines() if line.startswith("|") and comprehensiveness in line)
    assert f"| {comprehensiveness} | {sufficiency} |" in line
    assert "0 is chance" in notes


def test_a_map_alone_has_its_figures_and_no_order(client: TestClient, panel: Any) -> None:
    found = next(each for each in panel["explanations"] if each["method"]["name"] == "lime")
    page = client.get(f"/explanations/{found['key']}").text

    assert rows_of(page) == [("lime", figures_of(found))]
    assert ORDER not in page


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [(0.312, 0.212, 0.412, "+0.31 ± 0.10"), (-0.2, -0.2, -0.2, "−0.20"), (0.1, 0.098, 0.102, "+0.10")],
)
def test_a_gain_shows_its_interval_where_it_can_be_seen(value: float, low: float, high: float, shown: str) -> None:
    assert gain(Gain(value=value, low=low, high=high)) == shown
