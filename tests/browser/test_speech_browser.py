"""The page of a recording in a browser: what is marked by pointer and keys, and that it can be heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from explainers.contract import Encoded, Ids
from explainers.models.speech import SpeechModel
from tests.browser import looks
from tests.browser.conftest import running
from tests.listening import HEARING, network, tokenizer, written


class Listener(SpeechModel):
    """Hears the same words in every recording."""

    def _said(self, prompt: Encoded) -> tuple[Ids, tuple[str, ...], str]:
        return (*self._tokens(prompt, " six seven two"), " six seven two")


def listener(name: str) -> SpeechModel:
    return Listener(network(), tokenizer(), id=name, digest=name, hearing=HEARING)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    yield from running(tmp_path / "data", load=listener, names=("whisper-tiny-en",))


def test_a_recording_is_explained_and_heard(page: Page, address: str, tmp_path: Path) -> None:
    """From the form to a word, its marked stretch and what is left when it is not heard; nothing for axe to find."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    file = tmp_path / "said.wav"
    file.write_bytes(written())
    page.goto(f"{address}/speech")
    looks.clean(page)
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Explain").click()
    page.wait_for_url("**/panels/**", timeout=60_000)
    page.get_by_role("link", name="seven").click()
    page.locator("[data-players]").wait_for()
    looks.clean(page)
    marks = page.locator("[data-mark]")
    for number in range(marks.count()):
        if marks.nth(number).get_attribute("aria-pressed") == "true":
            marks.nth(number).press("Enter")
    none = page.locator("[data-says]").inner_text()
    marks.first.press("Enter")
    page.get_by_role("button", name="Without the marked").press("Enter")
    page.wait_for_function("Number(document.querySelector('[data-head]').getAttribute('x1')) > 0", timeout=10_000)

    assert page.locator('[aria-current="true"]').inner_text() == "seven"
    assert none == "Nothing is marked."
    assert page.locator("[data-says]").inner_text().startswith("Marked:")
    assert page.locator(".snd-span.lit").count() == 1
    looks.fits(page)
    assert faults == []
