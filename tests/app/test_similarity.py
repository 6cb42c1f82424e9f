"""Two texts compared, as a service and a reader see it: REST, the page, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.cli import main
from tests.served import served
from tests.tiny import tiny_comparing

FIRST, SECOND = "a good witty film", "the movie is bad"
ASKED = {"model": "similarity", "input": {"text": FIRST, "text_pair": SECOND}}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path, load=lambda name: tiny_comparing(), names=("similarity",))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def explained(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/explanations", json={**ASKED, "method": "shap", **changes})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_rest_answers_with_interactions_and_what_is_left_without_words(client: TestClient) -> None:
    """The default is both texts; outputs in full are the same question, and another text is another one."""
    found = explained(client)
    same = explained(client, outputs={"kind": "similarity"})
    second = explained(client, outputs={"explain": "second"})

    assert found["outputs"]["kind"] == "similarity"
    assert len(found["features"]) == len(found["interactions"][0]) == 8
    assert found["baseline_output"] == pytest.approx([found["emptied"]["both"]])
    assert found["residual"] == pytest.approx([0], abs=1e-6)
    assert same["key"] == found["key"] != second["key"]
    assert {feature["part"] for feature in second["features"]} == {"text_pair"}
    assert second["baseline_output"] == pytest.approx([found["emptied"]["second"]], abs=1e-6)


def test_prompts_are_asked_for_by_name(client: TestClient) -> None:
    """One that the encoder does not have is refused with those there are."""
    plain = explained(client)
    found = explained(client, outputs={"prompt": "query"})
    wrong = client.post("/v1/explanations", json={**ASKED, "method": "shap", "outputs": {"prompt": "q"}})

    assert found["output"] != plain["output"]
    assert wrong.status_code == 422
    assert "choose query, passage" in wrong.json()["detail"]


def test_a_single_text_is_refused_with_the_cure(client: TestClient) -> None:
    """And so is an output of another kind."""
    alone = client.post("/v1/explanations", json={**ASKED, "input": {"text": FIRST}, "method": "shap"})
    other = client.post("/v1/explanations", json={**ASKED, "method": "shap", "outputs": {"kind": "classes"}})

    assert alone.status_code == 422
    assert "give text and text_pair" in alone.json()["detail"]
    assert other.status_code == 422


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_links_and_the_empty_texts(client: TestClient, language: str) -> None:
    """A row a word of the first text, a column a word of the second; the other texts to explain; the same request."""
    headers = {"Accept-Language": language, "Prefer": "wait=60"}
    form = {"model": "similarity", "text": FIRST, "text_pair": SECOND}
    both = client.post("/panels", data=form, headers=headers)
    second = client.post("/panels", data={**form, "explain": "second"}, headers=headers)

    assert both.status_code == second.status_code == 200, both.text
    links = both.text.split('id="links"')[1].split("</table>")[0]
    assert [links.count('scope="row"'), links.count('scope="col"')] == [4, 4]
    assert 'value="second"' in both.text
    assert 'id="links"' not in second.text
    assert 'value="both"' in second.text
    assert "&#34;explain&#34;: &#34;second&#34;" in second.text


def test_the_first_screen_offers_pairs(client: TestClient) -> None:
    """The field of the second text is open, and an example opens a page."""
    home = client.get("/").text
    pair = home.split('name="text_pair" value="')[1].split('"')[0]

    assert '<details class="second" open>' in home
    assert client.get("/models/similarity").status_code == 200
    form = {"model": "similarity", "text": "good film", "text_pair": pair}
    assert client.post("/panels", data=form).status_code == 200


def exit_code(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_the_command_line_compares_two_texts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Links and the empty texts; with --than the words of all three; without a second text it is refused."""
    monkeypatch.setattr("app.cli.explain.find_model", lambda name: tiny_comparing())
    asked = ["explain", FIRST, "--model", "similarity"]

    assert exit_code([*asked, "--and", SECOND]) == 0
    links = capsys.readouterr().out
    assert exit_code([*asked, "--and", SECOND, "--than", "it never recovers", "--json"]) == 0
    difference = json.loads(capsys.readouterr().out)
    assert exit_code([*asked, "--than", SECOND]) == 2
    refused = capsys.readouterr().err

    assert "interaction" in links
    assert "Without the first text's words" in links
    assert [span["text"] for span in difference["features"]] == FIRST.split()
    assert len(difference["shared"]) == 4
    assert "--and TEXT and --than TEXT" in refused
