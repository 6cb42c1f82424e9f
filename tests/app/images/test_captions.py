"""Captions as a service and a reader meet them: REST, the page, the command line."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.cli import main
from explainers import pixels_of, png_of, scene_of, shown
from tests.served import served
from tests.tiny import tiny_captions

ORIGIN = {"origin": "http://localhost"}
PICTURE = png_of(pixels_of(scene_of(1), 96))
CAPTION = "a red circle left of a blue square"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"), load=lambda name: tiny_captions(), names=("captions",))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def test_every_word_has_its_scores_over_rest(client: TestClient) -> None:
    """Tokens are targets with their place, the whole caption one more; regions are the features."""
    given = {"kind": "image", "data": base64.b64encode(PICTURE).decode(), "name": "scene.png"}
    outputs = {"kind": "tokens", "continuation": CAPTION, "whole": True}
    asked = {"model": "captions", "input": given, "method": "leave-one-out", "outputs": outputs}
    found = client.post("/v1/explanations", json=asked).json()
    form = {"model": "captions", "method": "leave-one-out", "caption": CAPTION}
    sent = client.post("/v1/images", data=form, files={"file": ("scene.png", PICTURE)})

    assert sent.status_code == 200, sent.text
    assert sent.json() == found
    assert "".join(each["label"] for each in found["targets"][:-1]) == CAPTION
    assert [each.get("at") for each in found["targets"]] == [*range(8), None]
    assert {each["kind"] for each in found["features"]} == {"patch"}
    assert len(found["scores"]) == 9
    assert found["target"]["label"] == CAPTION


def test_a_contrast_is_one_more_target(client: TestClient) -> None:
    form = {"model": "captions", "method": "leave-one-out", "caption": CAPTION, "contrast": "a red circle"}
    found = client.post("/v1/images", data=form, files={"file": ("scene.png", PICTURE)}).json()

    assert found["value"] == "log-odds"
    assert found["targets"][-1]["label"] == f"{CAPTION} / a red circle"


def test_a_word_of_the_page_paints_what_it_comes_from(client: TestClient) -> None:
    """Words are links that work without scripts; a run of them is the sum of its rows, and the table has them all."""
    form = {"model": "captions", "caption": CAPTION, "contrast": "a red circle above"}
    opened = client.post("/images", data=form, files={"file": ("a.png", PICTURE)}, headers=ORIGIN)
    assert opened.status_code == 303, opened.text
    address = opened.headers["location"]
    record = client.get(f"/v1{address}").json()["explanations"][0]
    page = client.get(f"{address}?words=1-2").text
    part = client.get(f"{address}?words=1-2", headers={"x-whence-fragment": "picture"}).text
    chinese = client.get(address, headers={"accept-language": "zh"}).text

    assert page.count("data-i=") == len(CAPTION.split())
    assert page.count('aria-current="true">red</a>') == 2
    assert "“red circle”, probability" in page
    assert page.count("data-row=") == len(record["features"])
    assert page.partition('class="matrix signed"')[2].partition("</table>")[0].count("<tr") == 1 + len(CAPTION.split())
    assert (part.count("data-caption="), part.count("<html"), "data-scene" in part) == (0, 0, True)
    assert "Rather than “a red circle above”" in page
    assert "而不是" in chinese
    for wrong in ("5-99", "2-1", "x"):
        refused = client.get(f"{address}?words={wrong}", headers={"accept": "text/html"})
        assert (refused.status_code, wrong in refused.text) == (422, True)


def test_a_drawn_scene_needs_no_file(client: TestClient) -> None:
    """Thumbnails on the form; each, or a new one, is explained by the model of captions."""
    form = client.get("/images").text
    picture = client.get("/images/scenes/3.png")
    opened = client.post("/images/scenes", data={"scene": "3"}, headers=ORIGIN)
    anew = client.post("/images/scenes", data={"scene": ""}, headers=ORIGIN)
    wrong = client.post("/images/scenes", data={"scene": "-1"}, headers=ORIGIN)

    assert form.count('src="/images/scenes/') == 4
    assert picture.content == png_of(pixels_of(scene_of(3), 480))
    assert client.get("/images/scenes/9999999.png").status_code == 404
    assert (opened.status_code, anew.status_code) == (303, 303)
    assert opened.headers["location"] != anew.headers["location"]
    assert (wrong.status_code, "&#39;-1&#39;" in wrong.text) == (422, True)


def test_the_command_line_explains_and_gives_captions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny_captions()
    for command in ("explain", "generate"):
        monkeypatch.setattr(f"app.cli.{command}.find_model", lambda name: model)
    path = tmp_path / "scene.png"
    path.write_bytes(PICTURE)

    def run(*arguments: str) -> Any:
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        return (ended.value.code or 0, capsys.readouterr().out)

    code, said = run("explain", str(path), "--model", "captions", "--json", "--method", "leave-one-out")
    found = json.loads(said)
    _, predicted = run("predict", str(path), "--model", "captions", "--json")
    _, made = run("generate", str(path), "--model", "captions", "--json", "--max-tokens", "20")
    _, other = run("explain", str(path), "--model", "captions", "--answer", CAPTION, "--method", "leave-one-out")

    assert (code, found["features"][0]["kind"], found["outputs"]["kind"]) == (0, "patch", "tokens")
    assert json.loads(predicted)["caption"] == found["outputs"]["continuation"].strip() == json.loads(made)["text"]
    assert len(json.loads(predicted)["tokens"]) == len(found["targets"]) - 1
    assert "left 0." in other
    assert "% of the picture" in other


def test_regions_can_be_hidden_and_the_model_says_what_it_then_does(client: TestClient) -> None:
    """Every set of regions was asked: the page of a set says its number, as leaving that region out does."""
    form = {"model": "captions", "caption": CAPTION, "accuracy": "exact"}
    opened = client.post("/images", data=form, files={"file": ("a.png", PICTURE)}, headers=ORIGIN)
    address = opened.headers["location"]
    page = client.get(f"{address}?words=1-1&hide=2").text
    record = client.get(f"/v1{address}").json()["explanations"]
    one = next(each for each in record if each["method"]["name"] == "leave-one-out")
    without = math.exp(one["output"][1] - one["scores"][1][1])

    assert page.count("data-hide=") == len(one["features"]) + 1
    assert page.count("cap-hidden") == 1
    told = page.partition("With region 2 hidden the")[2].partition("</p>")[0]
    assert f"is {shown.share(without)};" in " ".join(told.split())
    assert client.get(f"{address}?hide=99", headers={"accept": "text/html"}).status_code == 422


def test_four_ways_of_hiding_stand_side_by_side(client: TestClient) -> None:
    form = {"model": "captions", "caption": CAPTION, "every": "1"}
    opened = client.post("/images", data=form, files={"file": ("a.png", PICTURE)}, headers=ORIGIN)
    page = client.get(opened.headers["location"]).text
    beside = page.partition('class="cap-beside"')[2]
    other = client.get(
        f"{opened.headers['location'].partition('?')[0]}?beside=nothing", headers={"accept": "text/html"}
    )

    assert beside.count("<figure") == 4
    assert all(name in beside for name in ("a blur of the picture", "its mean colour", "noise", "a plain grey"))
    assert other.status_code == 422
