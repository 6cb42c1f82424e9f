"""The page of the planted truth shows the stored table and nothing that was typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import explainers
from app.selftest import service
from tests.served import served


@pytest.mark.parametrize(("language", "title"), [("en", "Planted truth"), ("zh", "植入的真相")])
def test_the_page_shows_the_stored_figures(tmp_path: Path, language: str, title: str) -> None:
    """Each method's row has its three numbers, in both languages; the methods page leads there."""
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", headers={"Accept": "text/html"}) as client:
        page = client.get("/selftest", params={"lang": language})
        methods = client.get("/methods", params={"lang": language}).text

    assert page.status_code == 200
    assert f"<h1>{title}</h1>" in page.text
    assert 'href="/selftest"' in methods
    for task in explainers.selftest_results()["answers"].values():
        for name, value in task.items():
            answers = page.text[page.text.index('id="answers"') :]
            assert re.search(rf'href="/methods/{name}">[^/]*/a></th>.*?{value:.2f}', answers, flags=re.S)
    for name, found in explainers.selftest_results()["methods"].items():
        row = re.search(rf'href="/methods/{name}">.*?</tr>', page.text, flags=re.S)
        assert row is not None
        for task in ("word", "both", "pair"):
            assert (f"{found[task]:.2f}" if found[task] is not None else "–") in row.group()


def test_held_methods_come_first_and_are_marked() -> None:
    """A reader sees which figures the tests guarantee."""
    rows = service.stored().rows

    assert [row.word.held for row in rows] == sorted((row.word.held for row in rows), reverse=True)
    assert {row.method for row in rows if row.word.held} == {"shap", "lime", "integrated-gradients"}
