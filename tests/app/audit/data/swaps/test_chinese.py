"""Identity swaps in Chinese."""

from __future__ import annotations

import pytest

from app.audit.data.swapped import Doubt, Swapped, Unsure
from app.audit.data.swaps.chinese import gender_swap, group_swap


@pytest.mark.parametrize("text", ["其他人在弹吉他", "父母都在家", "他杀与自杀"])
def test_words_that_hold_a_pronoun_are_kept(text: str) -> None:
    """The character of `he` is part of many words."""
    assert gender_swap(text) is None


def test_the_longest_word_is_replaced() -> None:
    """Boyfriend, not boy and friend."""
    found = gender_swap("她的男朋友")
    assert isinstance(found, Swapped)

    assert found.text == "他的女朋友"


def test_a_term_that_would_not_come_back_is_left_out() -> None:
    """Each group is swapped by its first term."""
    assert group_swap("非裔学生", "黑人", "白人") == Unsure(Doubt.FORM, "非裔")


@pytest.mark.parametrize(("first", "second"), [("黑人", "火星人"), ("黑人", "穆斯林"), ("黑人", "黑人")])
def test_groups_that_cannot_stand_for_each_other_are_refused(first: str, second: str) -> None:
    """Unknown ones, those of different axes, and a group for itself."""
    with pytest.raises(ValueError, match=r"火星人|one axis"):
        group_swap("文字", first, second)
