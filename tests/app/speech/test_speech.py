"""Recordings as a service and a reader meet them: REST, the page, the command line, the client."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.cli import main
from app.client import Client
from app.engine.messages import Explain, received
from app.explain.recordings.spans import bars
from explainers import AudioInput, Question
from explainers.inputs.audio.files import samples_of
from tests.listening import folder_of, model, network, written
from tests.served import served

ORIGIN = {"origin": "http://localhost"}
SOUND = written(rate=8000)
SAID = {"kind": "tokens", "continuation": " ab cd", "whole": True}


def encoded(content: bytes = SOUND, name: str = "said.wav") -> dict[str, str]:
    return {"kind": "audio", "data": base64.b64encode(content).decode(), "name": name}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"), load=lambda name: model(), names=("whisper-tiny-en",))
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def explained(client: TestClient, **changes: Any) -> dict[str, Any]:
    asked = {"model": "whisper-tiny-en", "input": encoded(), "method": "leave-one-out"} | changes
    answer = client.post("/v1/explanations", json=asked, headers={"prefer": "wait=60"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_stretches_are_told_in_seconds_of_the_file(client: TestClient) -> None:
    """Each has a start and an end; together they are the recording, each moment once."""
    found = explained(client, outputs=SAID)
    places = [(each["kind"], each["start"], each["end"]) for each in found["features"]]

    assert {kind for kind, *_ in places} == {"span"}
    assert (places[0][1], places[-1][2]) == (0, 1)
    assert all(before[2] == after[1] for before, after in pairwise(places))
    assert found["input"]["seconds"] == 1
    assert found["targets"][-1]["label"] == "ab cd"
    assert explained(client, outputs=SAID) == found


def test_a_file_is_sent_as_it_is_or_in_base64(client: TestClient) -> None:
    """Both ways are one question, under one key; what is no text has no HTML."""
    form = {"model": "whisper-tiny-en", "method": "leave-one-out"}
    sent = client.post("/v1/speech", data=form, files={"file": ("said.wav", SOUND)}, headers={"prefer": "wait=60"})

    assert sent.status_code == 200, sent.text
    assert sent.json() == explained(client)
    page = client.get(f"/v1/explanations/{sent.json()['key']}", headers={"accept": "text/html"})
    assert (page.status_code, "this explains a recording" in page.text) == (422, True)


def test_the_page_draws_the_recording_and_lists_its_stretches(client: TestClient) -> None:
    """Without scripts, in both languages: form, waveform, a row for each stretch, words that can be chosen."""
    assert client.get("/speech").text.count('name="file"') == 1
    opened = client.post("/speech", data={}, files={"file": ("a.wav", SOUND)}, headers=ORIGIN)
    assert opened.status_code == 303, opened.text
    address = opened.headers["location"]
    record = client.get(f"/v1{address}").json()
    count = len(record["explanations"][0]["features"])
    page, chinese = (client.get(address, headers={"accept-language": lang}).text for lang in ("en", "zh"))
    word = client.get(f"{address}?word=0&method=leave-one-out").text
    kept = client.get(f"/explanations/{record['explanations'][0]['key']}/recording")
    samples, rate = samples_of(kept.content, name="kept")

    assert page.count('<rect class="snd-span"') == page.count("data-row=") == count
    assert "Without that stretch its probability" in page
    assert "Without that stretch its probability" not in chinese
    assert 'aria-current="true"' in word
    assert (kept.headers["content-type"], rate) == ("audio/flac", 16_000)
    assert len(samples) == pytest.approx(rate, abs=2)
    assert client.get(f"/explanations/{record['explanations'][0]['key']}/absent").status_code == 404
    assert client.get(f"{address}/export/csv").text.count("\n") > count
    assert client.get(f"{address}/export/html").status_code == 404
    assert "a.wav" in client.get("/history").text
    for wrong in ("word=99", "method=attention"):
        refused = client.get(f"{address}?{wrong}", headers={"accept": "text/html"})
        assert (refused.status_code, wrong.partition("=")[2] in refused.text) == (422, True)


def test_noise_that_stands_for_a_stretch_can_be_heard(client: TestClient) -> None:
    """What the browser plays in its place is the noise that the model heard."""
    found = explained(client, baseline="noise", outputs=SAID)
    noise, _ = samples_of(client.get(f"/explanations/{found['key']}/absent").content, name="noise")
    sound, _ = samples_of(client.get(f"/explanations/{found['key']}/recording").content, name="sound")

    assert np.std(noise) == pytest.approx(np.std(sound), rel=0.05)
    assert "/absent" in client.get(f"/explanations/{found['key']}", headers={"accept": "text/html"}).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"input": encoded(b"no recording")}, "said.wav cannot be read"),
        ({"input": encoded() | {"data": "%%%"}}, "not base64"),
        ({"input": {"text": "a word"}}, "hears recordings"),
        ({"baseline": "mask"}, "no baseline 'mask'"),
        ({"players": "region"}, "has no regions"),
        ({"method": "attention"}, "does not offer"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_cure(client: TestClient, changes: dict[str, Any], said: str) -> None:
    asked = {"model": "whisper-tiny-en", "input": encoded(), "method": "shap"} | changes
    answer = client.post("/v1/explanations", json=asked)

    assert answer.status_code in (400, 422)
    assert said in answer.text


def test_the_client_and_the_wire_carry_the_file(client: TestClient) -> None:
    """A question travels as its hash and the bytes beside it; the client sends both."""
    given = AudioInput.sent(SOUND, name="said.wav")
    message = Explain(model="m", question=Question(input=given), method="shap", options={}, measures=())
    wire = message.to_wire()
    again = received(wire["op"], wire["asked"], wire["files"])
    with Client("http://localhost", transport=_through(client)) as whence:
        found = whence.explain(given, "whisper-tiny-en", method="leave-one-out")

    assert again.asked_questions[0].input.content == SOUND  # type: ignore[union-attr]
    assert SOUND not in json.dumps(wire["asked"]).encode()
    assert found.features[0].kind == "span"


def test_the_command_line_hears_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One recording explained as JSON and as a table, a folder of them written down."""
    folder = folder_of(tmp_path / "listener", network())
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for name in ("one.wav", "two.flac"):
        (sounds / name).write_bytes(written(name[-3:].upper() if name.endswith("wav") else "FLAC"))
    one = str(sounds / "one.wav")

    def run(*arguments: str) -> Any:
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        return ended.value.code or 0

    assert run("explain", one, "--model", str(folder), "--method", "leave-one-out", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert run("explain", one, "--model", str(folder), "--method", "leave-one-out") == 0
    table = capsys.readouterr().out
    out = tmp_path / "out.jsonl"
    assert run("predict", str(sounds), "--model", str(folder), "-o", str(out)) == 0
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]

    assert (found["features"][0]["kind"], found["features"][0]["start"]) == ("span", 0)
    assert "0.00–" in table
    assert [line["file"] for line in lines] == ["one.wav", "two.flac"]
    assert all(line["transcript"] and line["tokens"] for line in lines)


def test_the_waveform_is_a_line_for_each_height() -> None:
    assert bars(bytes([0, 255])) == "M250.0 74.0v2.0M750.0 8.0v134.0"


def _through(client: TestClient) -> Any:
    import httpx2

    def handle(request: httpx2.Request) -> httpx2.Response:
        answer = client.request(
            request.method, str(request.url), content=request.content, headers=dict(request.headers)
        )
        return httpx2.Response(answer.status_code, content=answer.content, headers={"content-type": "application/json"})

    return httpx2.MockTransport(handle)
