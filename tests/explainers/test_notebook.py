"""How an explanation looks in a notebook and in a terminal."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explainers import TextSpan
from explainers.contract import Panel
from explainers.notebook import html_of, panel_html, segments, text_of
from tests.samples import HOSTILE, attribution, spans


class Elements(HTMLParser):
    """What a browser would build of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.painted: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "mark":
            self.painted.append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.painted and self.tags[-1][0] == "mark":
            self.painted[-1] += data


def test_hostile_text_stays_text() -> None:
    """A text, a label, a model name or a notice can hold markup; none of it becomes an element."""
    found = attribution(HOSTILE, text_pair=HOSTILE)
    found = found.model_copy(update={"model": found.model.model_copy(update={"id": HOSTILE})})

    page = Elements(html_of(found))

    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "iframe", "svg", "link", "style"})
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "src"]
    assert page.text.count("<script>alert(1)</script>") >= 2


def test_nothing_is_fetched() -> None:
    """A notebook is shared and opened offline; it must not call home."""
    html = html_of(attribution())

    assert not re.search(r"https?:|url\(|@import|src=|href=", html)


def test_painted_words_carry_their_own_colours() -> None:
    """In a dark notebook the light tint would otherwise lie under light text."""
    page = Elements(html_of(attribution("good bad")))
    marks = [attributes["style"] or "" for tag, attributes in page.tags if tag == "mark"]

    assert [("background:#" in style) and ("color:#111" in style) for style in marks] == [True, True]


def test_the_sign_is_underlined_too() -> None:
    """Colour alone would leave out readers who do not see it."""
    page = Elements(html_of(attribution("one two three four")))
    lines = [re.findall("underline (solid|dotted)", a["style"] or "") for tag, a in page.tags if tag == "mark"]

    assert lines == [["solid"], ["solid"], [], ["dotted"]]  # scores 2, 1, 0, −1


def test_a_panel_shows_every_method() -> None:
    """A panel in a notebook is its explanations under each other."""
    one = attribution()
    panel = Panel(model=one.model, input=one.input, prediction=one.prediction, explanations=(one, one), agreement=None)

    assert panel_html(panel) == html_of(one) * 2
    assert panel._repr_html_() == panel_html(panel)


def test_a_method_without_scores_says_so() -> None:
    """Raw attention has relations and no scores; the notebook must not fail on it."""
    found = attribution(scores=None, baseline_output=None)

    assert "scores no words" in html_of(found)
    assert "shap of tiny" in text_of(found)
    assert "shap of tiny" in repr(found)


def test_the_text_form_lists_the_strongest_words_first() -> None:
    """print() in a script shows what matters without a notebook."""
    lines = str(attribution("one two three four five")).splitlines()  # scores 2, 1, 0, −1, −2

    assert lines[0] == "shap of tiny: positive 0.750, in log-odds"
    assert [line.split()[0] for line in lines[1:3]] == ["one", "five"]
    assert lines[1].endswith("+++++")
    assert lines[2].endswith("-----")


def test_the_text_form_cannot_move_the_cursor() -> None:
    """A terminal obeys escape sequences; those of a text are blanked."""
    found = attribution("a\x1b[2Jb\rc")

    assert "\x1b" not in str(found) + repr(found)
    assert "\r" not in str(found) + repr(found)


def test_scores_that_do_not_exist_are_not_painted() -> None:
    """NaN is a score that could not be computed, not the largest one."""
    found = attribution("good bad", scores=np.array([[np.nan, 1.0], [np.nan, -1.0]]))

    assert html_of(found).count("background:none") == 1


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8))
def test_joined_the_segments_are_the_text_again(text: str, places: list[tuple[int, int]]) -> None:
    """Whatever the features, no character is lost or shown twice."""
    ends = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in places]
    features = tuple(TextSpan(text=text[a:b], start=a, end=b) for a, b in sorted(ends))

    assert "".join(stretch for stretch, _ in segments(text, features, "text")) == text


def test_segments_keep_the_two_texts_of_a_pair_apart() -> None:
    """Offsets count from the beginning of each text, so a part must not paint the other one."""
    features = (*spans("a b"), *spans("c d", "text_pair"))

    assert list(segments("c d", features, "text_pair")) == [("c", 2), (" ", None), ("d", 3)]
