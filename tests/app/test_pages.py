"""The pages as a browser gets them, with models whose answer is known."""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.served import linear, served
from tests.tiny import tiny

TEXT = "a gorgeous film , not good"
HEADERS = {"Accept": "text/html", "Origin": "http://localhost", "Prefer": "wait=60"}
PAGES = (
    "/",
    "/compare",
    "/history",
    "/models",
    "/models/sentiment",
    "/methods",
    "/methods/shap",
    "/about",
    "/rest",
    "/status",
)


def model(name: str) -> Any:
    if name == "topics":
        return renamed(tiny("bert", labels=3, problem="multi_label_classification"), name)
    if name == "stars":
        return renamed(tiny("bert", labels=1, problem="regression"), name)
    return linear(name)


def renamed(found: Any, name: str) -> Any:
    found.id = name
    return found


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path, load=model, names=("sentiment", "other"))
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


@pytest.fixture
def ask(client: TestClient) -> Callable[..., str]:
    def asked(text: str = TEXT, **fields: str) -> str:
        answer = client.post("/panels", data={"text": text, "model": "sentiment", **fields}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    return asked


def words(page: str) -> str:
    """What a reader sees: no tags, no hidden parts."""
    visible = re.sub(r'<span class="vh">.*?</span>', "", page, flags=re.S)
    visible = re.sub(r"<(script|style|head).*?</\1>", "", visible, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", visible)))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_opens_in_both_languages(client: TestClient, path: str, language: str) -> None:
    """Each says its language, and no template asks for something that its context does not hold."""
    answer = client.get(path, params={"lang": language})

    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.text


def test_a_text_that_is_sent_leads_to_its_permanent_address(client: TestClient, ask: Callable[..., str]) -> None:
    """The form answers 303; the same text has the same address; no address holds the text."""
    where = ask()

    assert re.fullmatch(r"/panels/[0-9a-f]{64}", where)
    assert ask() == where
    page = client.get(where).text
    assert "positive" in words(page) or "yes" in words(page)


def test_new_lines_of_a_browser_are_line_feeds(client: TestClient, ask: Callable[..., str]) -> None:
    """CRLF as browsers send it and LF are one text with one address."""
    assert ask("good\r\nfilm") == ask("good\nfilm")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is no text to explain"),
        ("  \n ", "There is no text to explain"),
        ("a\x00b", "NUL"),
        ("x" * 20001, "too long"),
    ],
)
def test_a_wrong_text_comes_back_with_the_reason(client: TestClient, text: str, says: str) -> None:
    """422 with the form; nothing that was typed is lost."""
    answer = client.post("/panels", data={"text": text, "model": "sentiment", "text_pair": "kept"})

    assert answer.status_code == 422
    assert says in words(answer.text)
    assert 'role="alert"' in answer.text
    assert "kept" in answer.text


def test_an_unknown_model_is_named_and_the_text_kept(client: TestClient) -> None:
    """A form whose list of models is older than the server."""
    answer = client.post("/panels", data={"text": TEXT, "model": "gone"})

    assert answer.status_code == 422
    assert "No model of that name is there." in words(answer.text)
    assert TEXT in html.unescape(answer.text)


def test_the_heat_map_is_the_text(client: TestClient, ask: Callable[..., str]) -> None:
    """Without the hidden scores the marks and what stands between them read as the text."""
    text = 'a  gorgeous <b>film</b>\n&amp; not "good"'
    page = client.get(ask(text)).text
    maps = re.findall(r'<div class="heatmap[^>]*data-heat[^>]*>(.*?)</div>', page, flags=re.S)

    assert maps
    for each in maps:
        plain = re.sub(r'<span class="vh">.*?</span>', "", each, flags=re.S)
        assert html.unescape(re.sub(r"<[^>]+>", "", plain)) == text


def test_signs_are_told_in_words(client: TestClient, ask: Callable[..., str]) -> None:
    """gorgeous raises yes by 4 log-odds, bad lowers it: never by colour alone."""
    page = client.get(ask("gorgeous bad")).text

    assert "(raises yes by 4.00 log-odds)" in page
    assert "(lowers yes by 3.00 log-odds)" in page


def test_a_class_may_be_chosen_in_the_address(client: TestClient, ask: Callable[..., str]) -> None:
    """With the other class explained the signs turn round."""
    page = client.get(ask("gorgeous bad"), params={"class": "0"}).text

    assert "(lowers no by 4.00 log-odds)" in page


def test_settings_that_do_not_exist_are_refused(client: TestClient, ask: Callable[..., str]) -> None:
    """Another class than the one in the address would be a wrong answer; empty ones are none."""
    where = ask()
    answer = client.get(where, params={"class": "99"})

    assert (answer.status_code, "there is no &#39;99&#39;; there are: 0, 1" in answer.text) == (422, True)
    assert client.get(where, params={"level": "<x>"}).status_code == 422
    assert client.get(where, params={"class": "", "level": "", "scale": ""}).status_code == 200


def test_a_switch_gets_the_maps_alone(client: TestClient, ask: Callable[..., str]) -> None:
    """The fragment is what stands on the page, without the page."""
    where = ask()
    part = client.get(where, params={"scale": "shared"}, headers={"X-Whence-Fragment": "maps"}).text

    assert "<html" not in part
    assert part.strip() in client.get(where, params={"scale": "shared"}).text


def test_on_a_shared_scale_equal_colours_are_equal_scores(client: TestClient, ask: Callable[..., str]) -> None:
    """All methods find a linear model's weights, so all paint alike."""
    page = client.get(ask("gorgeous good"), params={"scale": "shared"}).text
    shap, loo = (
        re.findall(r'data-step="(-?\d)"', re.search(rf'data-method="{name}".*?</article>', page, re.S).group())  # type: ignore[union-attr]
        for name in ("shap", "leave-one-out")
    )

    assert shap == loo == ["5", "3"]


def test_methods_that_cannot_run_say_why(client: TestClient, ask: Callable[..., str]) -> None:
    """A model without gradients and attention leaves five methods out, each with its reason."""
    page = words(client.get(ask()).text)

    assert "Not shown" in page
    assert "does not offer gradients" in page


def test_a_word_can_be_removed_without_scripts(client: TestClient, ask: Callable[..., str]) -> None:
    """The word buttons post to a page with the old and the new prediction."""
    page = client.post(f"{ask('not gorgeous')}/try", data={"word": "1"}).text

    assert "gorgeous was removed" in words(page).replace("“", "").replace("”", "")
    assert "no 0.73" in words(page) or "0.73" in words(page)


def test_a_word_can_be_replaced_without_scripts(client: TestClient, ask: Callable[..., str]) -> None:
    """What was put in stands in the text and can be explained from there."""
    page = client.post(f"{ask('gorgeous film')}/try", data={"word": "0", "replacement": "bad"}).text

    assert '<span class="swapped">bad</span>' in page
    assert "Explain the changed text" in page


def test_a_word_that_does_not_exist_is_refused(client: TestClient, ask: Callable[..., str]) -> None:
    """422 with an error page, not a traceback."""
    assert client.post(f"{ask()}/try", data={"word": "999"}).status_code == 422
    assert client.post(f"{ask()}/try", data={"word": "x"}).status_code == 422


def test_one_method_has_a_page_of_its_own(client: TestClient, ask: Callable[..., str]) -> None:
    """The same page, with the JSON twin of that explanation."""
    key = client.get(f"/v1{ask()}").json()["explanations"][0]["key"]
    page = client.get(f"/explanations/{key}")

    assert page.status_code == 200
    assert f"/v1/explanations/{key}" in page.text


def test_the_answer_stands_under_the_text_in_the_readers_language(client: TestClient, ask: Callable[..., str]) -> None:
    """One sentence, the same as in JSON; what it names is painted, and no other sentence says the same."""
    where = ask()
    answer = client.get(f"/v1{where}").json()["answer"]
    english, chinese = (client.get(where, params={"lang": lang}).text for lang in ("en", "zh"))
    file = client.get(f"{where}/export/html", params={"lang": "en"}).text
    for page in (english, file):
        said = re.search(r'class="gist answer".*?<h1[^>]*>(.*?)</h1>(.*?)(<p class="ground"|</section>)', page, re.S)
        assert said is not None
        assert words(said[1] + said[2]).replace(" ", "") == re.sub(r"[* ]", "", answer["text"])
        assert said[1].count("<mark") == len(answer["reasons"]) + len(answer["against"]) > 0
    assert "种方法" in words(chinese)
    assert "It hangs on" not in english
    assert "种方法" in client.get(f"{where}/export/md", params={"lang": "zh"}).text


@pytest.mark.parametrize(
    ("kind", "media"),
    [("html", "text/html"), ("csv", "text/csv"), ("json", "application/json"), ("md", "text/markdown")],
)
def test_a_panel_can_be_taken_along(client: TestClient, ask: Callable[..., str], kind: str, media: str) -> None:
    """As one file, sent as an attachment."""
    answer = client.get(f"{ask()}/export/{kind}")

    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["content-disposition"].startswith("attachment")
    assert client.get(f"{ask()}/export/exe").status_code == 404


def test_the_history_is_searched_noted_and_deleted_by_forms(client: TestClient, ask: Callable[..., str]) -> None:
    """Without scripts; a search is posted, so that no text stands in an address."""
    where, other = ask("a good film"), ask("a bad one")
    key = where.rpartition("/")[2]
    client.post(f"/history/{key}/note", data={"note": "for the talk"})

    assert "for the talk" in client.get("/history").text
    found = client.post("/history/search", data={"search": "talk"}).text
    assert where in found
    assert other not in found

    client.post(f"/history/{key}/delete")
    assert where not in client.get("/history").text
    assert client.get(where).status_code == 404


def test_the_history_has_pages(client: TestClient, ask: Callable[..., str]) -> None:
    """Twenty entries, then a link to older ones that leads to the rest."""
    for number in range(22):
        ask(f"film {number}")
    page = client.get("/history").text
    older = html.unescape(re.search(r'href="(/history\?cursor=[^"]+)"', page).group(1))  # type: ignore[union-attr]

    assert page.count('class="go" href') == 20
    assert client.get(older).text.count('class="go" href') == 2


def test_two_texts_stand_side_by_side(client: TestClient) -> None:
    """The address of a comparison holds two keys; an empty second text is the first with the other model."""
    both = client.post("/compare", data={"text_a": "good", "text_b": "bad", "model_a": "sentiment", "model_b": "other"})
    same = client.post("/compare", data={"text_a": "good", "text_b": "", "model_a": "sentiment", "model_b": "other"})

    assert both.status_code == same.status_code == 200
    assert re.fullmatch(r"a=[0-9a-f]{64}&b=[0-9a-f]{64}", both.url.query.decode())
    assert "Swap A and B" in words(both.text)


def test_the_scale_of_a_comparison_is_shared(client: TestClient) -> None:
    """good weighs half of gorgeous, and is painted half as deep beside it, and in the difference of the two."""
    page = client.post(
        "/compare", data={"text_a": "gorgeous", "text_b": "good", "model_a": "sentiment", "model_b": "sentiment"}
    ).text
    versus = re.search(r'aria-labelledby="c-shap".*?</article>', page, re.S)

    assert versus
    assert re.findall(r'data-step="(-?\d)"', versus.group()) == ["5", "3", "-5", "3"]


def test_a_folder_outside_the_allowed_ones_is_refused_in_the_form(tmp_path: Path) -> None:
    """422, the reason beside the form, and the path still in it; no job is begun."""
    (tmp_path / "models").mkdir()
    (tmp_path / "elsewhere").mkdir()
    app, _ = served(tmp_path / "data", roots=(tmp_path / "models",))
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        answer = client.post("/models", data={"path": str(tmp_path / "elsewhere")})
        jobs = client.get("/v1/jobs").json()["jobs"]

    assert answer.status_code == 422
    assert "This model folder was refused." in words(answer.text)
    assert str(tmp_path / "elsewhere") in answer.text
    assert jobs == []


@pytest.mark.parametrize(
    ("path", "status"), [("/nothing", 404), ("/panels/abc", 404), ("/methods/nope", 404), ("/models/nope", 404)]
)
@pytest.mark.parametrize(("language", "says"), [("en", "Page not found."), ("zh", "未找到页面。")])
def test_errors_are_pages_in_both_languages(
    client: TestClient, path: str, status: int, language: str, says: str
) -> None:
    """With the request id, what happened and where to go."""
    answer = client.get(path, headers={"Accept-Language": language})

    assert answer.status_code == status
    assert says in words(answer.text)
    assert answer.headers["x-request-id"] in answer.text


def test_the_language_is_asked_for_kept_and_guessed(client: TestClient) -> None:
    """The address before the cookie before the browser."""
    assert '<html lang="zh">' in client.get("/about", headers={"Accept-Language": "zh-CN,en;q=0.5"}).text
    assert '<html lang="zh">' in client.get("/about", params={"lang": "zh"}).text
    assert '<html lang="zh">' in client.get("/about", headers={"Accept-Language": "en"}).text
    assert '<html lang="en">' in client.get("/about", params={"lang": "en"}, headers={"Accept-Language": "zh"}).text
    assert '<html lang="en">' in client.get("/about", params={"lang": "'><script>"}).text


def test_a_multi_label_model_says_every_class_it_means(tmp_path: Path) -> None:
    """Its probabilities need not add up; a regression has a number instead of bars."""
    app, _ = served(tmp_path, load=model, names=("topics", "stars"))
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        topics = client.post("/panels", data={"text": "good film", "model": "topics"})
        stars = client.post("/panels", data={"text": "good film", "model": "stars"})

    assert topics.status_code == stars.status_code == 200
    assert topics.text.count("data-class=") == 3
    assert "data-class=" not in stars.text
    assert 'data-kind="regression"' in stars.text
    assert re.search(r"\((raises|lowers) the output by \d", stars.text)


def test_the_heads_of_a_model_are_listed_without_scripts(tmp_path: Path) -> None:
    """Every head is a link with its figures, and the open one has its strongest links as a table."""
    app, _ = served(tmp_path, load=model, names=("topics",))
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        where = client.post("/panels", data={"text": "good film", "model": "topics"}, follow_redirects=False).headers[
            "location"
        ]
        page = client.get(f"{where}/attention", params={"layer": "1", "head": "2"}).text
        overview = re.search(r'data-overview="([^"]+)"', page)
        assert overview
        pictures = client.get(overview.group(1))

    told = re.search(r"All (\d+) heads", words(page))
    assert told
    rows, columns = map(int, pictures.headers["x-sides"].split("x"))
    assert page.count("data-entropy=") == int(told[1]) > 1
    assert "Layer 1, head 2" in words(page)
    assert len(pictures.content) == int(told[1]) * rows * columns


def test_a_model_without_attention_has_no_page_of_heads(client: TestClient, ask: Callable[..., str]) -> None:
    """404 with the reason instead of an empty drawing."""
    assert client.get(f"{ask()}/attention").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_at_most_sixty_kilobytes(client: TestClient, path: str) -> None:
    """Compressed, with everything that it loads at its start, without matrices."""
    page = client.get(path).text
    static = Path("static")
    files = [*static.glob("css/**/*.css"), *_loaded_at_once(static / "js" / "main.js"), static / "icon.svg"]
    loaded = sum(len(gzip.compress(file.read_bytes())) for file in files)

    assert len(gzip.compress(page.encode())) + loaded < 60_000


def _loaded_at_once(script: Path) -> set[Path]:
    """A script and all that it imports at its start; what a page asks for later is imported where it is needed."""
    named = re.findall(r"^import [^;]*? from '\./([\w.]+)';", script.read_text(encoding="utf-8"), re.MULTILINE)
    return {script}.union(*(_loaded_at_once(script.parent / name) for name in named))


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client: TestClient, ask: Callable[..., str]) -> None:
    """So that the policy `script-src 'self'; style-src 'self'` holds and no request leaves the machine."""
    for path in (*PAGES, ask(), "/nothing"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path
        assert not re.search(r"<[^>]*\s(style|on\w+)=", page), path
        assert "<style" not in page
        for address in re.findall(r'(?:src|href|action)="([^"]+)"', page):
            assert address.startswith(("/", "#", "?")), (path, address)


def test_static_addresses_carry_a_hash_and_are_kept(client: TestClient) -> None:
    """A changed file has another address, so the old one may be kept for ever."""
    sheet = re.search(r'href="(/static/[0-9a-f]{12}/css/main.css)"', client.get("/").text)
    assert sheet

    answer = client.get(sheet.group(1))

    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


def test_a_page_links_its_json_twin(client: TestClient, ask: Callable[..., str]) -> None:
    """What the link answers is the record that the page was made from."""
    where = ask()
    twin = re.search(r'rel="alternate" type="application/json" href="([^"]+)"', client.get(where).text)

    assert twin
    assert client.get(twin.group(1), headers={"Accept": "application/json"}).json()["text"] == TEXT
