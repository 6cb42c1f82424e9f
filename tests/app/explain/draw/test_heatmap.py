"""Cells of a heat map: they are the text, and their colours are the scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from app.explain.draw import heatmap
from explainers.contract import Attribution, Target, TextInput, TextSpan
from tests.samples import attribution

SCRIPTS = st.sampled_from(
    (
        "The cast is unbelievably charming. But don't ask about the co-worker's 3.5 stars!",
        "这部电影很好看 😀👍🏽",
        "هذا الفيلم جميل جدا ولكن طويل.",
        "סרט יפה, אבל ארוך מדי",
        "यह फ़िल्म बहुत अच्छी है।",
        "ภาพยนตร์เรื่องนี้ดีมาก",
        "映画はとても面白かった。もう一度見たい！",
        "영화가 정말 재미있었어요.",
        "Zo\u0308e\u0301 loves e\u0301clairs\n\n\tand  double  spaces ",
        "👨‍👩‍👧‍👦 🇩🇪🇫🇷 #️⃣ é",
        "<script>alert(1)</script> & \"quotes\" 'and' </mark>",
        "\u200f\u202eabc\u202c \u200b x",
    )
)
TEXTS = st.one_of(SCRIPTS, st.text(max_size=60), st.lists(SCRIPTS, max_size=3).map(" ".join))


def cut(text: str, pattern: str, part: str = "text") -> tuple[TextSpan, ...]:
    return tuple(
        TextSpan(text=m.group(), start=m.start(), end=m.end(), part=part)  # type: ignore[arg-type]
        for m in regex.finditer(pattern, text)
        if not m.group().isspace()
    )


def scored(text: str, features: tuple[TextSpan, ...], **changes: Any) -> Attribution:
    scores = np.linspace(-1, 1, len(features)) if features else np.zeros(0)
    return attribution("a b").model_copy(
        update={
            "input": TextInput(text=text, text_pair=changes.pop("text_pair", None)),
            "features": features,
            "scores": np.stack([-scores, scores]),
            "standard_errors": None,
            "unseen": (),
            "targets": (Target(index=0, label="no"), Target(index=1, label="yes")),
            **changes,
        }
    )


@given(TEXTS, st.sampled_from((r"\X", r"\w+|\X", r"\S+", r"\S+\s*\S*")), st.sampled_from(heatmap.LEVELS))
def test_joined_the_cells_are_the_text(text: str, pattern: str, level: heatmap.Level) -> None:
    """White space, line breaks, marks and emoji included, at every level, however the text was cut."""
    found = scored(text, cut(text, pattern), players="token")
    level = level if level in heatmap.levels("token") else "token"

    cells = heatmap.cells(text, found, 0, level=level)

    assert "".join(cell.text for cell in cells) == text


@given(TEXTS, st.sampled_from(("word", "sentence")))
def test_the_pieces_of_a_sum_are_its_text(text: str, level: heatmap.Level) -> None:
    """A cell that sums several parts shows each of them in its place."""
    found = scored(text, cut(text, r"\X"), players="token")

    for cell in heatmap.cells(text, found, 0, level=level):
        if cell.pieces:
            assert "".join(piece for piece, _ in cell.pieces) == cell.text


@given(TEXTS, st.sampled_from(("word", "sentence")))
def test_sums_lose_nothing(text: str, level: heatmap.Level) -> None:
    """At every level the scores have the same total."""
    found = scored(text, cut(text, r"\X"), players="token")

    total = heatmap.group_scores(found, 1, level).sum()

    assert found.scores is not None
    assert total == pytest.approx(found.scores[1].sum(), abs=1e-9)


@given(TEXTS, TEXTS)
def test_the_texts_of_a_pair_are_numbered_on(first: str, second: str) -> None:
    """Each text of a pair has its own cells; together they name every group once."""
    features = cut(first, r"\S+") + cut(second, r"\S+", "text_pair")
    found = scored(first, features, text_pair=second, players="word")

    cells = heatmap.cells(first, found, 0, level="word")
    others = heatmap.cells(second, found, 0, level="word", part="text_pair")

    assert "".join(cell.text for cell in others) == second
    assert [c.feature for c in (*cells, *others) if c.feature is not None] == list(range(len(features)))


@pytest.mark.parametrize(
    ("score", "top", "step"),
    [(1.0, 1.0, 5), (-1.0, 1.0, -5), (0.1, 1.0, 1), (0.09, 1.0, 0), (-0.5, 1.0, -3), (3.0, 1.0, 5), (1.0, 0.0, 0)],
)
def test_a_step_is_the_nearest_fifth_of_the_largest_score(score: float, top: float, step: int) -> None:
    """Halves go outwards; what is larger than the scale is painted as its end."""
    assert heatmap.step_of(score, top) == step


def test_a_score_that_is_not_a_number_is_not_painted() -> None:
    """NaN and infinity have no colour and do not set the scale."""
    assert heatmap.step_of(float("nan"), 1.0) == 0
    assert heatmap.largest([1.0, float("inf"), float("nan"), -2.0]) == 2.0


def test_word_pieces_are_summed_to_their_word() -> None:
    """un + believ + ably is one cell with the sum of the three scores, the full stop a cell of its own."""
    text = "unbelievably good."
    pieces = tuple(TextSpan(text=text[a:b], start=a, end=b) for a, b in ((0, 2), (2, 8), (8, 12), (13, 17), (17, 18)))
    found = scored(text, pieces, players="token", scores=np.array([[1.0, 2.0, 4.0, 8.0, 16.0]] * 2))

    cells = [c for c in heatmap.cells(text, found, 0, level="word") if c.feature is not None]

    assert [(c.text, c.score) for c in cells] == [("unbelievably", 7.0), ("good", 8.0), (".", 16.0)]


def test_what_was_cut_off_is_marked_as_unseen() -> None:
    """The end of a long text is no gap like any other."""
    text = "read this not this"
    cut_off = (TextSpan(text="not this", start=10, end=18),)
    found = scored(text, cut(text[:9], r"\S+"), unseen=cut_off, players="word")

    cells = heatmap.cells(text, found, 0, level="word")

    assert [(c.text, c.unseen) for c in cells][-2:] == [(" ", False), ("not this", True)]


def test_levels_are_never_finer_than_the_players() -> None:
    """Words can be summed to sentences, not split into tokens."""
    assert heatmap.levels("token") == ("token", "word", "sentence")
    assert heatmap.levels("word") == ("word", "sentence")
    assert heatmap.levels("phrase") == ("phrase", "sentence")
    assert heatmap.levels("sentence") == ("sentence",)


def test_without_scores_the_parts_are_still_cells() -> None:
    """An attribution without scores has cells without scores."""
    found = scored("a b", cut("a b", r"\S+"), scores=None, players="word")

    cells = heatmap.cells("a b", found, 0, level="word")

    assert [c.score for c in cells if c.feature is not None] == [None, None]
