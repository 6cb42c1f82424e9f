"""What a browser prints of an explanation, and what a screen reader says of it."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.explain.draw import export
from tests.samples import attribution

FILLED = re.compile(rb"([\d.]+) ([\d.]+) ([\d.]+) rg\b")

LINES = """all => all.map(getComputedStyle)
    .map((style) => [style.textDecorationStyle, style.textDecorationThickness])"""


def fills(pdf: bytes) -> set[tuple[float, ...]]:
    """The colours with which the printed page fills."""
    found: set[tuple[float, ...]] = set()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            drawn = zlib.decompress(stream)
        except zlib.error:
            continue
        found |= {tuple(round(float(part), 2) for part in colour) for colour in FILLED.findall(drawn)}
    return found


@pytest.fixture
def why(page: Page, tmp_path: Path) -> Page:
    """An exported explanation, opened from the disk: 'good' raises the class by 2, 'bad' by 1."""
    file = tmp_path / "why.html"
    file.write_text(export.to_html(attribution("good bad")), encoding="utf-8")
    page.goto(file.as_uri())
    return page


def test_shades_are_printed_without_being_asked_for(why: Page) -> None:
    """Browsers leave backgrounds out unless a page says that they carry meaning."""
    plain, asked = fills(why.pdf(print_background=False)), fills(why.pdf(print_background=True))

    assert {colour for colour in plain if len(set(colour)) > 1}  # something that is no grey
    assert {colour for colour in asked if len(set(colour)) > 1} == {c for c in plain if len(set(c)) > 1}


def test_directions_are_told_apart_without_colour(why: Page) -> None:
    """By the kind of the line below a word, and its thickness by how much."""
    why.emulate_media(media="print")
    towards = why.locator("mark.towards.s5").evaluate_all(LINES)
    away = why.locator("mark.away.s5").evaluate_all(LINES)

    assert towards
    assert away
    assert {tuple(each) for each in towards} == {("solid", "2.5px")}
    assert {tuple(each) for each in away} == {("dotted", "2.5px")}


def test_numbers_are_open_in_print_and_folded_on_a_screen(why: Page) -> None:
    """Paper cannot be unfolded."""
    table = why.locator("details table").first
    assert not table.is_visible()
    why.emulate_media(media="print")

    assert table.is_visible()
    assert table.evaluate("e => e.getBoundingClientRect().height") > 20


def test_scores_are_read_out(why: Page) -> None:
    """They belong to the words, not to a tooltip; what is copied is the text alone."""
    read = why.locator("p.text").first.aria_snapshot()

    assert "good (raises positive by 2.0000 log-odds)" in read
    assert "bad (raises positive by 1.0000 log-odds)" in read
    assert "good (lowers negative by 2.0000 log-odds)" in why.locator("p.text").nth(1).aria_snapshot()
    why.evaluate("getSelection().selectAllChildren(document.querySelector('p.text'))")
    assert why.evaluate("getSelection().toString()") == "good bad"
