"""Texts with one part changed."""

from __future__ import annotations

import pytest

from app.explain.draw.whatif import changed
from tests.samples import spans


@pytest.mark.parametrize(
    ("text", "index", "replacement", "becomes"),
    [
        ("not a good film", 0, "", "a good film"),
        ("not a good film", 2, "", "not a film"),
        ("not a good film", 3, "", "not a good"),
        ("not a good film", 0, "truly", "truly a good film"),
        ("one", 0, "", ""),
    ],
)
def test_a_part_is_removed_with_its_space_or_replaced(text: str, index: int, replacement: str, becomes: str) -> None:
    """No doubled space stays behind."""
    assert changed(text, None, spans(text), index, replacement).text == becomes


def test_a_change_in_the_second_text_leaves_the_first() -> None:
    """A pair is changed where the part lies."""
    features = (*spans("a b"), *spans("c d", "text_pair"))

    found = changed("a b", "c d", features, 2, "x")

    assert (found.text, found.text_pair, found.part) == ("a b", "x d", "text_pair")
    assert (found.text_pair or "")[found.start : found.end] == "x"
