"""A question to a language model as a service and a reader meet it: REST, events, the page, the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.cli import main
from app.generate.view import words_of
from explainers import SaidToken
from tests.served import served
from tests.tiny import tiny_chat, tiny_continuing

TEXT = "is the film good and witty?"
ASKED = {"model": "smollm2", "text": TEXT, "system": "never dull", "max_tokens": 8}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    load = {"smollm2": lambda: tiny_chat("qwen2"), "plain": lambda: tiny_continuing("gpt2")}
    load |= {"translator": lambda: tiny_continuing("marian")}
    app, _ = served(tmp_path_factory.mktemp("data"), load=lambda name: load[name](), names=tuple(load))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def generated(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/generations", json=ASKED | changes)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def events(client: TestClient, **changes: Any) -> list[tuple[str, Any]]:
    body = client.post("/v1/generations", json=ASKED | {"stream": True} | changes).text
    found = []
    for block in body.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((lines.get("event", "message"), json.loads(lines["data"])))
    return found


def test_an_answer_is_kept_under_its_key(client: TestClient) -> None:
    """The same question gives the same record, by either way of asking; another seed is another question."""
    found = generated(client)
    again = generated(client)
    other = generated(client, temperature=1.0, seed=3)
    messages = [{"role": "system", "text": "never dull"}, {"role": "user", "text": TEXT}]
    talked = client.post("/v1/generations", json={"model": "smollm2", "messages": messages, "max_tokens": 8}).json()

    assert "".join(token["text"] for token in found["tokens"]) == found["text"]
    assert again == found
    assert other["key"] != found["key"] == talked["key"]
    assert client.get(f"/v1/generations/{found['key']}").json() == found
    assert found["prompt"].endswith("assistant\n")
    assert any(entry["key"] == found["key"] for entry in client.get("/v1/history").json()["entries"])


def test_a_model_that_writes_has_its_door_where_it_is_asked(client: TestClient) -> None:
    """From the list, from its own page, and from the first page, which would ask another model instead."""
    for page in ("/models", "/models/plain"):
        assert 'href="/generate?model=plain">Ask it<' in client.get(page, headers={"Accept-Language": "en"}).text
    sent = client.get("/?model=plain", follow_redirects=False)

    assert (sent.status_code, sent.headers["location"]) == (303, "/generate?model=plain")


def test_a_stream_is_the_answer_in_pieces_and_then_the_record(client: TestClient) -> None:
    """What was said, joined, is the text; a question that cannot be answered is one event with the problem."""
    told = events(client, seed=5, temperature=1.5)
    refused = events(client, model="nobody")

    assert [name for name, _ in told][-1] == "done"
    assert "".join(data["text"] for name, data in told if name == "message") == told[-1][1]["text"]
    assert told[-1][1] == client.get(f"/v1/generations/{told[-1][1]['key']}").json()
    assert [name for name, _ in refused] == ["error"]
    assert refused[0][1]["code"] == "unknown_model"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"text": " "}, "empty or only white space"),
        ({"text": None}, "give either text or messages"),
        ({"messages": [{"role": "user", "text": "a"}]}, "give either text or messages"),
        ({"text": None, "system": None, "messages": [{"role": "assistant", "text": "a"}]}, "must be the user's"),
        ({"max_tokens": 0}, "greater than or equal to 1"),
        ({"text": "film " * 100}, "shorten one of them"),
        ({"model": "plain"}, "no chat template"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_cure(client: TestClient, body: dict[str, Any], said: str) -> None:
    """A problem document that names the value."""
    answer = client.post("/v1/generations", json={name: v for name, v in (ASKED | body).items() if v is not None})

    assert answer.status_code == 422, answer.text
    assert said in answer.json()["detail"]


def test_tokens_of_an_answer_are_explained_over_rest(client: TestClient) -> None:
    """Targets are the tokens, then the whole; their scores add up; a contrast has its own value."""
    found = generated(client)
    asked = {"model": "smollm2", "input": found["input"], "method": "shap", "players": "sentence"}
    outputs = {"kind": "tokens", "continuation": found["text"], "ids": [token["id"] for token in found["tokens"]]}
    each = client.post("/v1/explanations", json=asked | {"outputs": outputs}).json()
    whole = client.post("/v1/explanations", json=asked | {"outputs": outputs | {"whole": True}}).json()
    contrast = client.post("/v1/explanations", json=asked | {"outputs": outputs | {"contrast": " dull"}})

    assert [target["label"] for target in each["targets"]] == [token["text"] for token in found["tokens"]]
    assert each["output"] == pytest.approx([token["logprob"] for token in found["tokens"]], abs=1e-4)
    assert each["residual"] == pytest.approx([0] * len(each["targets"]), abs=1e-3)
    assert whole["output"][-1] == pytest.approx(sum(each["output"]), abs=1e-4)
    assert whole["baseline"] == "hidden"
    assert contrast.status_code == 200, contrast.text
    assert contrast.json()["value"] == "log-odds"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_word_of_the_answer_paints_the_prompt(client: TestClient, language: str) -> None:
    """Without scripts: the form, the answer, a chosen word, what it comes from with its badge, in both languages."""
    headers = {"Accept-Language": language}
    form = {"model": "smollm2", "text": TEXT, "system": "never dull", "max_tokens": "8" if language == "en" else "7"}
    page = client.post("/generate", data=form, headers=headers)
    address = page.url.path
    why = client.post(f"{address}/why", data={"words": "0-1", "by": "word", "method": "shap"}, headers=headers)
    part = client.get(f"{address}?words=1-1", headers=headers | {"X-Whence-Fragment": "chosen"})
    other = client.post(f"{address}/why", data={"by": "sentence", "method": "shap", "not": " dull"}, headers=headers)

    assert page.status_code == why.status_code == part.status_code == other.status_code == 200
    assert "<mark" not in page.text
    assert 'data-i="0" aria-current="true"' in why.text
    assert 'class="badge' in why.text
    assert why.text.count('class="method part') == 2
    assert why.text.count("<mark") >= 7
    assert why.text.count('<th scope="row" dir="auto"><a href=') == page.text.count("data-i=")  # the table of all words
    assert part.text.lstrip().startswith("<section")
    assert "<mark" in part.text
    assert "<mark" in other.text
    assert ("指令" if language == "zh" else "Instructions") in why.text
    explanation = client.get(why.text.split('href="/explanations/')[1].split('"')[0].join(("/explanations/", "")))
    assert explanation.status_code == 200


def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(client: TestClient) -> None:
    """And refuses a contrast that is the answer itself."""
    empty = client.post("/generate", data={"text": " ", "system": "keep me"})
    address = client.post("/generate", data={"model": "smollm2", "text": TEXT}).url.path
    found = client.get(f"/v1{address}").json()
    same = client.post(f"{address}/why", data={"not": found["text"]})

    assert empty.status_code == 422
    assert "keep me" in empty.text
    assert same.status_code == 422
    assert "is the answer itself" in same.text


def test_words_are_tokens_between_blanks() -> None:
    """Marks of punctuation stand by themselves, right behind the word before; joined they are the answer."""
    texts = ["Anna", " li", "ves", " in", " Rome", ".", " \n", "She", "'s", " 1", "4", ","]
    words = words_of([SaidToken(text=text, logprob=-1, id=n) for n, text in enumerate(texts)])

    assert "".join(word.text for word in words) == "".join(texts)
    assert [word.bare.strip() for word in words][:5] == ["Anna", "lives", "in", "Rome", "."]
    assert [word.tight for word in words][:5] == [False, False, False, False, True]
    assert [(word.first, word.stop) for word in words][:2] == [(0, 1), (1, 3)]


def test_without_a_language_model_the_page_says_how_to_get_one(tmp_path: Path) -> None:
    """One command, with what it fetches."""
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        page = client.get("/generate")
        refused = client.post("/v1/generations", json={"model": "sentiment", "text": "a good film"})

    assert page.status_code == 200
    assert "whence models fetch smollm2" in page.text
    assert refused.status_code == 422
    assert "does not offer answers" in refused.json()["detail"]


def test_the_command_line_answers_and_explains(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    """generate gives text, tokens and key; explain --prompt an attribution whose targets are the answer's tokens."""
    monkeypatch.setattr("app.cli.generate.find_model", lambda name: tiny_chat("qwen2"))
    monkeypatch.setattr("app.cli.explain.find_model", lambda name: tiny_chat("qwen2"))
    passage = tmp_path / "passage.txt"
    passage.write_text("the film is dull")

    def said(*arguments: str) -> dict[str, Any]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--json"])
        assert not ended.value.code
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    answer = said("generate", TEXT, "--system", "never dull", "--passage", str(passage), "--max-tokens", "5")
    why = said("explain", "--prompt", TEXT, "--answer", " a movie", "--players", "sentence")
    rather = said("explain", "--prompt", TEXT, "--answer", " a movie", "--contrast", " a film", "--players", "sentence")

    assert answer["text"] == "".join(token["text"] for token in answer["tokens"])
    assert {"text", "logprob"} <= set(answer["tokens"][0])
    assert len(answer["key"]) == 64
    assert "".join(target["label"] for target in why["targets"]) == " a movie"
    assert rather["targets"][-1]["label"] == "a movie / a film"


def test_a_question_is_asked_again_by_its_key(client: TestClient) -> None:
    """The form has all of it, and the address no text."""
    found = generated(client, passages=["the film is witty", "the story is dull"], temperature=0.5, seed=7)
    answer = client.get(f"/generations/{found['key']}", headers={"accept": "text/html"}).text
    form = client.get(f"/generate?again={found['key']}", headers={"accept": "text/html"}).text

    assert f'href="/generate?again={found["key"]}"' in answer
    assert "text=" not in answer
    for value in (TEXT, "never dull", "the film is witty\n---\nthe story is dull"):
        assert f">\n{value}</textarea>" in form
    assert re.search(r'name="temperature"[^>]*value="0.5"', form)
    assert re.search(r'name="seed"[^>]*value="7"', form)
    assert client.get("/generate?again=nothing", headers={"accept": "text/html"}).status_code == 404


@pytest.mark.parametrize(("model", "headed"), [("translator", "Cross-attention"), ("smollm2", "Attention")])
def test_an_answer_shows_where_its_heads_look(client: TestClient, model: str, headed: str) -> None:
    """Of a translator rows are the tokens of the translation, columns those of the source; in Chinese as well."""
    asked = {"model": model, "text": "the film is good", "max_tokens": 4, "seed": 1, "temperature": 1.0}
    answer = client.post("/v1/generations", json=asked).json()
    assert "Where each head looks" in client.get(f"/generations/{answer['key']}").text

    sent = client.post(f"/generations/{answer['key']}/attention", headers={"origin": "http://localhost"})
    found = client.get(f"/v1{sent.url.path.removesuffix('/attention')}").json()
    overview = client.get(f"{sent.url.path}/overview")
    rows, columns = map(int, overview.headers["x-sides"].split("x"))

    assert f"<h1>{headed}, head by head</h1>" in re.sub(r">\s+", ">", sent.text)
    assert len(overview.content) == 2 * 4 * rows * columns
    assert columns == len(found["tokens"])
    assert [token["text"] for token in found["looking"]] == (
        [token["text"] for token in answer["tokens"]] if model == "translator" else []
    )
    assert ("data-seen" in sent.text) == (model == "translator") == ("data-distance" not in sent.text)
    assert "注意力" in client.get(sent.url.path, headers={"accept-language": "zh"}).text
