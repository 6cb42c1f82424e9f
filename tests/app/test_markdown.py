"""Markdown of the project's own prose."""

from __future__ import annotations

from app.web.markdown import renderer


def test_a_formula_is_a_named_region_that_scrolls() -> None:
    """It can be reached by keyboard where it is wider than the screen."""
    html = renderer("公式")("```formula\nφ < 1\n```")

    assert html == '<p class="formula" tabindex="0" role="region" aria-label="公式">φ &lt; 1</p>\n'


def test_html_in_prose_is_shown_as_text() -> None:
    """Prose is our own, and still runs nothing."""
    assert "<script>" not in renderer("Formula")("a <script>alert(1)</script> *b*")
    assert "<em>b</em>" in renderer("Formula")("*b*")
