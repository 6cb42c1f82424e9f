"""The main job in a browser, against the real server and the real default model."""

from __future__ import annotations

import re
import threading

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import WHOLE, Server, opened

TEXT = "a gorgeous, witty film that never recovers from its clumsy opening"

SEEN = """map => {
  const copy = map.cloneNode(true);
  copy.querySelectorAll('.vh').forEach(hidden => hidden.remove());
  return copy.textContent;
}"""


def explained(page: Page, server: Server, text: str = TEXT) -> Page:
    opened(page, server.address)
    page.fill("#text", text)
    page.click(".ask .primary")
    page.wait_for_url(re.compile(r"/panels/[0-9a-f]{64}"), timeout=90_000)
    page.wait_for_selector(WHOLE, timeout=90_000)
    return page


def test_a_text_is_typed_sent_and_explained(page: Page, server: Server) -> None:
    """Prediction, then every method with a heat map that is the text."""
    explained(page, server)

    expect(page.locator("[data-verdict]")).not_to_be_empty()
    assert page.locator("[data-method]").count() == 8
    for map_ in page.locator("[data-heat]").all():
        assert map_.evaluate(SEEN) == TEXT


def test_pointing_at_a_word_lights_it_in_every_method(page: Page, server: Server) -> None:
    """And reads its scores at the right, and says the sign in words."""
    explained(page, server)
    page.hover('[data-method="shap"] mark:has-text("clumsy")')

    lit = page.locator("mark.lit")
    assert lit.count() == page.locator("[data-heat]").count()
    assert all("clumsy" in text for text in lit.all_inner_texts())
    expect(page.locator("[data-tip]")).to_contain_text(re.compile("clumsy: (raises|lowers) .* log-odds"))
    expect(page.locator('[data-method="lime"] p[data-score] span').first).to_have_text("clumsy")


def test_the_maps_are_walked_by_keys(page: Page, server: Server) -> None:
    """One tab stop a map: right to the next word, down to the same word of the next method, Enter opens its card."""
    explained(page, server)
    maps = page.locator("[data-heat]")
    assert [maps.nth(k).locator('mark[tabindex="0"]').count() for k in range(maps.count())] == [1] * maps.count()
    page.locator('[data-method="shap"] mark').first.focus()
    page.keyboard.press("ArrowRight")
    rows = page.locator("[data-maps] [data-method]").evaluate_all("rows => rows.map(row => row.dataset.method)")
    below = rows.index("shap") + 1 < len(rows)
    page.keyboard.press("ArrowDown" if below else "ArrowUp")

    focused = page.evaluate(
        "[document.activeElement.closest('[data-method]').dataset.method, document.activeElement.dataset.i]"
    )
    assert focused == [rows[rows.index("shap") + (1 if below else -1)], "1"]
    page.keyboard.press("Enter")
    expect(page.locator("[data-wordcard] h3")).to_contain_text("gorgeous")
    page.keyboard.press("Escape")
    expect(page.locator("[data-wordcard]")).to_be_hidden()


def test_a_word_is_removed_and_the_new_prediction_stands_beside_the_old(page: Page, server: Server) -> None:
    """Choosing it again or starting again restores the text."""
    explained(page, server)
    before = page.locator("[data-verdict]").inner_text()
    values = page.locator("[data-class] .value").all_inner_texts()
    page.click('[data-specimen] button:has-text("gorgeous")')
    page.click("[data-wc-remove]")

    expect(page.locator("[data-outcome]")).to_contain_text(re.compile("was"))
    expect(page.locator('[data-specimen] button:has-text("gorgeous")')).to_have_class(re.compile("gone"))
    assert page.locator(".bar-before").first.get_attribute("x1") != "-9"
    page.click("[data-reset]")
    expect(page.locator("[data-verdict]")).to_have_text(before)
    assert page.locator("[data-class] .value").all_inner_texts() == values


def test_a_word_is_replaced(page: Page, server: Server) -> None:
    """What the page shows is what the REST interface says of the changed text."""
    explained(page, server)
    page.click('[data-specimen] button:has-text("clumsy")')
    page.fill("#wc-in", "brilliant")
    page.click("[data-wc-form] button")
    expect(page.locator("[data-outcome]")).to_contain_text("was")

    model = page.locator("[data-whatif]").get_attribute("data-model")
    asked = {"model": model, "inputs": [{"text": TEXT.replace("clumsy", "brilliant")}]}
    found = page.request.post(f"{server.address}/v1/predictions", data=asked).json()["predictions"][0]
    assert page.locator("[data-verdict]").inner_text() == found["predicted"]["label"]


def test_a_switch_repaints_and_stands_in_the_address(page: Page, server: Server) -> None:
    """The address opened elsewhere shows the same."""
    explained(page, server)
    other = page.locator('[data-switch="class"] label:not(:has(input:checked))').first
    label = other.inner_text().strip()
    other.click()
    page.wait_for_url(re.compile("class="))

    expect(page.locator(".legend .raise")).to_contain_text(label)
    address = page.url
    opened(page, address)
    expect(page.locator(".legend .raise")).to_contain_text(label)


def test_words_are_summed_to_sentences_without_moving(page: Page, server: Server) -> None:
    """The switch repaints: the text keeps its width."""
    explained(page, server, "The cast is charming. The opening is clumsy.")
    box = page.locator("[data-heat]").first.bounding_box()
    page.locator('label:has(input[value="sentence"])').click()
    page.wait_for_url(re.compile("level=sentence"))

    expect(page.locator("[data-heat]").first.locator("mark")).to_have_count(2)
    after = page.locator("[data-heat]").first.bounding_box()
    assert box is not None
    assert after is not None
    assert after["height"] == pytest.approx(box["height"], abs=4)


def test_tokens_are_another_game_with_an_address_of_its_own(page: Page, server: Server) -> None:
    """It is explained again with word pieces as the parts, and can be summed to words there."""
    explained(page, server)
    first = page.url
    page.click('button[form="game-token"]')
    page.wait_for_url(lambda address: address.split("?")[0] != first, timeout=90_000)
    page.wait_for_selector(WHOLE, timeout=90_000)

    assert page.locator('label:has(input[value="word"])').count() == 1
    assert page.locator("[data-specimen] button").count() > TEXT.count(" ") + 1


def test_a_permanent_address_survives_a_restart(page: Page, server: Server) -> None:
    """The same page with the same numbers after the server was stopped and started."""
    explained(page, server)
    numbers = page.locator("[data-heat] mark").evaluate_all("marks => marks.map(m => m.dataset.score)")
    server.stop()
    server.start()
    opened(page, page.url)

    assert page.locator("[data-heat] mark").evaluate_all("marks => marks.map(m => m.dataset.score)") == numbers


def test_the_language_is_switched_where_one_is(page: Page, server: Server) -> None:
    """The same explanation in Chinese, and the next page too."""
    explained(page, server)
    page.click("[data-language]")
    page.wait_for_selector("html[data-ready]")

    assert page.locator("html").get_attribute("lang") == "zh"
    expect(page.locator("#checks")).to_have_text("用模型验证")
    opened(page, f"{server.address}/about")
    assert page.locator("html").get_attribute("lang") == "zh"


def test_the_colours_are_switched_and_kept(page: Page, server: Server) -> None:
    """Automatic, dark, light; the choice holds on the next page from its first paint."""
    opened(page, server.address)
    page.click("[data-theme-toggle]")
    dark = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
    opened(page, f"{server.address}/about")

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == dark


def test_characters_that_the_model_cannot_read_are_named(page: Page, server: Server) -> None:
    """The page says which they are, and no badge asks for trust."""
    explained(page, server, "这部电影很好看 😀👍🏽")

    expect(page.locator(".notice .unknown").first).to_be_visible()
    words = page.locator(".method .badge").all_inner_texts()
    assert {word.strip() for word in words} == {"Do not trust"}


def test_a_text_from_right_to_left_reads_so(page: Page, server: Server) -> None:
    """The specimen and every map."""
    explained(page, server, "هذا الفيلم جميل جدا ولكن طويل")

    directions = page.locator("[data-heat], [data-specimen]").evaluate_all(
        "all => all.map(m => getComputedStyle(m).direction)"
    )
    assert set(directions) == {"rtl"}


def test_the_heads_are_drawn_and_isolated(page: Page, server: Server) -> None:
    """Overview, one head as a matrix and arcs; the button that would upload the chart is not there."""
    explained(page, server)
    opened(page, f"{page.url.split('?')[0]}/attention")
    page.wait_for_selector(".plot .main-svg")

    assert page.locator('[data-title*="hare"], [data-title*="loud"]').count() == 0
    assert page.evaluate("window.Plotly.version") == "4.1.1"
    page.locator("[data-heads] a").first.click()
    expect(page.locator("[data-head-title]")).to_have_text("Layer 1, head 1")
    page.locator("[data-arcs] button").nth(2).hover()
    expect(page.locator("[data-cap]")).to_contain_text("looks most at")
    rows = page.locator("[data-arcs] li:visible").count()
    page.locator('label:has(input[name="special"][value="hide"])').click()
    assert page.locator("[data-arcs] li:visible").count() == rows - 2
    opened(page, f"{page.url.split('?')[0]}?lang=zh")
    expect(page.locator('.plot [data-title="缩放"]')).to_have_count(1)
    assert page.locator('[data-title*="oom"], [data-title*="eset"], [data-title*="lot"]').count() == 0


def test_everything_works_without_scripts(context: BrowserContext, server: Server) -> None:
    """Type, send, choose a class, remove a word: plain forms."""
    assert context.browser is not None
    plain = context.browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    page.goto(server.address)
    page.fill("#text", TEXT)
    page.click(".ask .primary")
    page.wait_for_url(re.compile("/panels/"), timeout=90_000)
    page.wait_for_selector('body[data-page="explanation"]', timeout=90_000)
    where = page.url
    page.click('[data-specimen] button:has-text("witty")')
    assert "was removed" in page.inner_text("main")
    page.goto(f"{where}?class=0&level=sentence&scale=shared")
    assert page.locator("[data-heat] mark.s").count() > 0
    plain.close()


def test_while_the_model_loads_the_page_says_so(page: Page, server: Server) -> None:
    """The web process answers before the model is there, and what was typed stays when it becomes ready."""
    server.stop()
    thread = threading.Thread(target=server.start)
    thread.start()
    for _ in range(100):
        try:
            page.goto(server.address)
            break
        except Exception:
            page.wait_for_timeout(100)
    page.wait_for_selector("html[data-ready]")
    page.fill("#text", "typed early")
    expect(page.locator("[data-model-status]")).to_contain_text("Model ready", timeout=60_000)
    thread.join()

    assert page.input_value("#text") == "typed early"
