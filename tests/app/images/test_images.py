"""Pictures as a service and a reader meet them: REST, the page, the command line, the client."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.cli import main
from app.client import Client
from app.engine.messages import Explain, received
from app.explain.ask.schemas import Asked
from explainers import ImageInput, Question
from tests.served import served
from tests.tiny import tiny_vision

ORIGIN = {"origin": "http://localhost"}


def drawn(width: int = 96, height: int = 64, form: str = "PNG", **saved: Any) -> bytes:
    """A picture of noise with a bright square in it."""
    pixels = np.random.default_rng(0).integers(0, 90, (height, width, 3), dtype=np.uint8)
    pixels[8:32, 16:40] = (250, 220, 40)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **saved)
    return out.getvalue()


PICTURE = drawn()


def encoded(content: bytes = PICTURE, name: str = "square.png") -> dict[str, str]:
    return {"kind": "image", "data": base64.b64encode(content).decode(), "name": name}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"), load=lambda name: tiny_vision(32, labels=3), names=("imagenet",))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def explained(client: TestClient, **changes: Any) -> dict[str, Any]:
    asked = {"model": "imagenet", "input": encoded(), "method": "shap"} | changes
    answer = client.post("/v1/explanations", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_regions_are_told_in_pixels_of_the_file(client: TestClient) -> None:
    """Each is a patch with its box and its place in words; together they are the picture, each pixel once."""
    found = explained(client)
    counted = np.zeros((64, 96), dtype=int)
    for feature in found["features"]:
        rings = feature.get("mask") or [_corners(feature["box"])]
        counted += _inside(rings, 96, 64)

    assert {feature["kind"] for feature in found["features"]} == {"patch"}
    assert all("% of the picture" in feature["place"] for feature in found["features"])
    assert (counted == 1).all()
    assert (found["input"]["width"], found["input"]["height"]) == (96, 64)
    assert found["residual"] == pytest.approx([0] * len(found["targets"]), abs=1e-6)
    assert explained(client) == found


def test_a_file_is_sent_as_it_is_or_in_base64(client: TestClient) -> None:
    """Both ways are one question, under one key."""
    form = {"model": "imagenet", "method": "shap"}
    sent = client.post("/v1/images", data=form, files={"file": ("square.png", PICTURE, "image/png")})

    assert sent.status_code == 200, sent.text
    assert sent.json() == explained(client)
    page = client.get(f"/v1/explanations/{sent.json()['key']}", headers={"accept": "text/html"})
    assert (page.status_code, "this explains a picture" in page.text) == (422, True)


def test_the_page_paints_the_picture_and_lists_its_regions(client: TestClient) -> None:
    """Without scripts, in both languages: form, map over the kept copy, a row for each region and its place."""
    opened = client.post("/images", data={"model": "imagenet"}, files={"file": ("a.png", PICTURE)}, headers=ORIGIN)
    assert opened.status_code == 303, opened.text
    address = opened.headers["location"]
    record = client.get(f"/v1{address}").json()
    count = len(record["explanations"][0]["features"])
    page, chinese = (client.get(address, headers={"accept-language": lang}).text for lang in ("en", "zh"))
    shown = client.get(f"/explanations/{record['explanations'][0]['key']}/picture")
    other = client.get(f"{address}?class=1&method=lime")

    assert page.count('<path class="pic-region"') == page.count("data-row=") == count
    assert "% of the picture" in page
    assert "% of the picture" not in chinese
    assert shown.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(shown.content)).size == (96, 64)
    assert '<option value="lime" selected>' in other.text
    line = client.get("/history").text.partition(f'href="{address}"')[2].partition("</li>")[0]
    assert "a.png" in line
    assert f'class="badge {record["explanations"][0]["badge"]["level"]}"' in line
    assert client.get(f"{address}/export/csv").text.count("\n") > count
    assert client.get(f"{address}/export/html").status_code == 404
    for wrong in ("class=9", "method=attention"):
        refused = client.get(f"{address}?{wrong}", headers={"accept": "text/html"})
        assert (refused.status_code, wrong.partition("=")[2] in refused.text) == (422, True)


def test_metadata_is_dropped_and_the_orientation_applied_first(client: TestClient) -> None:
    """A photo that lies on its side is explained upright, and no byte of its metadata is in the kept copy."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "zyxcamera"  # turned by 90 degrees; the maker
    found = explained(client, input=encoded(drawn(form="JPEG", exif=exif), "turned.jpg"))
    copy = client.get(f"/explanations/{found['key']}/picture").content

    assert (found["input"]["width"], found["input"]["height"]) == (64, 96)
    assert b"zyxcamera" not in copy
    assert Image.open(io.BytesIO(copy)).size == (64, 96)
    assert not Image.open(io.BytesIO(copy)).getexif()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"input": encoded(b"no picture")}, "square.png is no PNG, JPEG or WebP"),
        ({"input": encoded() | {"data": "%%%"}}, "not base64"),
        ({"input": {"text": "a word"}}, "reads images"),
        ({"baseline": "mask"}, "no baseline 'mask'"),
        ({"players": "word"}, "has no words"),
        ({"method": "replacement"}, "does not offer"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_cure(client: TestClient, changes: dict[str, Any], said: str) -> None:
    """A problem document that names the value; on the form the same words."""
    answer = client.post("/v1/explanations", json={"model": "imagenet", "input": encoded(), "method": "shap"} | changes)

    assert answer.status_code == 422, answer.text
    assert said in answer.text


def test_a_form_without_a_picture_says_so(client: TestClient) -> None:
    """As does one with a file that is none; nothing becomes an error of the server."""
    bare = client.post("/images", data={"model": "imagenet"}, headers=ORIGIN)
    bad = client.post("/images", data={}, files={"file": ("<b>.png", b"GIF89a")}, headers=ORIGIN)
    rest = client.post("/v1/images", data={"model": "imagenet", "players": "pixel"}, files={"file": ("a.png", PICTURE)})
    more = client.post("/v1/images", data={"model": "imagenet", "shade": "red"}, files={"file": ("a.png", PICTURE)})
    other = client.post("/images", data={"model": "nobody"}, files={"file": ("a.png", PICTURE)}, headers=ORIGIN)

    assert bare.status_code in (400, 422)
    assert (more.status_code, "shade" in more.text) in ((400, True), (422, True))
    assert (other.status_code, "nobody" in other.text) == (422, True)
    assert client.get("/images?model=nobody").status_code == 422
    assert (bad.status_code, "&lt;b&gt;.png" in bad.text) == (422, True)
    assert (rest.status_code, "players" in rest.text) in ((400, True), (422, True))


def test_a_picture_reaches_the_engine_and_a_job() -> None:
    """Its bytes travel beside the question, which names them by their hash; another file is not taken for it."""
    question = Question(input=ImageInput.sent(PICTURE, name="square.png"))
    wire = Explain(model="imagenet", question=question, method="shap").to_wire()
    asked = Asked(key="k", kind="explanation", model="m", digest="d", question=question, methods=("shap",))
    back = Asked.model_validate_json(asked.carried.model_dump_json())
    there = received(**wire)

    assert "content" not in json.dumps(question.model_dump(mode="json"))
    for given in (there.asked_questions[0].input, back.question.input):
        assert isinstance(given, ImageInput)
        assert (given.content, given.name) == (PICTURE, "square.png")
    with pytest.raises(ValueError, match="not the one"):
        received(**{**wire, "files": {question.input.digest: (b"other", "x")}})


def test_the_client_sends_pictures(client: TestClient) -> None:
    """By path, with the record typed."""
    with Client("http://localhost", transport=_through(client)) as whence:
        found = whence.explain(ImageInput.sent(PICTURE, name="square.png"), "imagenet", method="shap")

    assert found.key == explained(client)["key"]
    assert all(feature.kind == "patch" for feature in found.features)


def test_the_command_line_explains_and_predicts(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    """A file is explained; a folder is predicted row by row, with what cannot be read as a row of its own."""
    model = tiny_vision(32, labels=3)
    monkeypatch.setattr("app.cli.explain.find_model", lambda name: model)
    monkeypatch.setattr("app.cli.panel.find_model", lambda name: model)
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.png").write_bytes(PICTURE)
    (folder / "b.jpg").write_bytes(drawn(form="JPEG"))
    (folder / "c.png").write_bytes(b"nothing")
    out = tmp_path / "out.jsonl"

    def run(*arguments: str) -> Any:
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        return ended.value.code or 0

    code = run("explain", str(folder / "a.png"), "--model", "imagenet", "--json")
    found = json.loads(capsys.readouterr().out)
    failed = run("predict", str(folder), "--model", "imagenet", "-o", str(out))
    rows = [json.loads(line) for line in out.read_text().splitlines()]

    assert (code, found["method"]["name"], found["features"][0]["kind"]) == (0, "shap", "patch")
    assert failed == 1
    assert [row.get("file") for row in rows[:2]] == ["a.png", "b.jpg"]
    assert rows[2]["error"]["detail"].startswith("c.png is no PNG")
    methods = ("--method", "shap", "--method", "leave-one-out")
    code = run("panel", str(folder / "a.png"), "--model", "imagenet", "--json", *methods)
    panel = json.loads(capsys.readouterr().out)
    assert (code, panel["input"]["kind"], len(panel["explanations"])) == (0, "image", 2)
    assert run("explain", str(folder / "a.png"), "--and", "a cat", "--than", "a dog") == 2
    assert "a.png is a picture" in capsys.readouterr().err
    assert run("explain", str(folder / "a.png"), "--html", str(tmp_path / "a.html")) != 0
    assert "this explains a picture, which JSON and CSV hold" in capsys.readouterr().err


def _corners(box: list[int]) -> list[int]:
    left, top, right, bottom = box
    return [left, top, right, top, right, bottom, left, bottom]


def _inside(rings: list[list[int]], width: int, height: int) -> Any:
    """(height, width) whether the middle of each pixel lies within an odd number of rings."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    inside = np.zeros((height, width), dtype=bool)
    for ring in rings:
        points = list(zip(ring[::2], ring[1::2], strict=True))
        for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
            if x1 == x2:
                inside ^= (x < x1) & (y > min(y1, y2)) & (y < max(y1, y2))
    return inside


def _through(client: TestClient) -> Any:
    import httpx2

    def handle(request: httpx2.Request) -> httpx2.Response:
        answer = client.request(
            request.method, str(request.url), content=request.content, headers=dict(request.headers)
        )
        return httpx2.Response(answer.status_code, content=answer.content, headers={"content-type": "application/json"})

    return httpx2.MockTransport(handle)
