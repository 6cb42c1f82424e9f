"""Links between words, and why one text is nearer than another."""

from __future__ import annotations

import numpy as np
import pytest

from explainers import BadInput, difference_of, explain, links, nearer
from tests.tiny import tiny, tiny_comparing

TEXT, NEAR, FAR = "a good witty film", "the movie is good", "it never recovers"


def test_links_join_words_of_different_texts_the_strongest_first() -> None:
    """Each pair once, with the number that stands in the matrix."""
    found = explain(TEXT, tiny_comparing(), text_pair=NEAR)
    made = links(found)

    assert len(made) == 4 * 4
    assert {(link.first.part, link.second.part) for link in made} == {("text", "text_pair")}
    assert [abs(link.value) for link in made] == sorted((abs(link.value) for link in made), reverse=True)
    first, second = found.spans.index(made[0].first), found.spans.index(made[0].second)
    assert made[0].value == found.interactions[0, first, second]


def test_a_difference_adds_up_to_that_of_the_scores() -> None:
    """From the pairs without words; a word of the text has the difference of its values, by the game of all three."""
    found = nearer(TEXT, NEAR, FAR, tiny_comparing())
    near, far = found.nearer, found.farther
    candidates = near.scores[0, 4:].sum() - far.scores[0, 4:].sum()

    assert found.difference == pytest.approx(near.output[0] - far.output[0])
    assert found.shared.sum() + candidates == pytest.approx(
        found.difference - (near.emptied.both - far.emptied.both), abs=1e-6
    )
    assert [span.text for span in found.features] == TEXT.split()
    assert found.errors is None


def test_a_sampled_difference_has_errors() -> None:
    """Of the words of the text, from both explanations."""
    long = "the film is a good and witty movie but never bad"
    found = nearer(long, NEAR, FAR, tiny_comparing(), budget=100)

    assert found.errors is not None
    assert found.errors == pytest.approx(
        np.hypot(found.nearer.standard_errors[0, :11], found.farther.standard_errors[0, :11])
    )


def test_what_cannot_be_compared_is_refused() -> None:
    """A classifier of pairs, and two explanations of other texts."""
    model = tiny_comparing()
    with pytest.raises(BadInput, match="does not compare texts: choose a sentence encoder"):
        nearer(TEXT, NEAR, FAR, tiny("bert"))
    with pytest.raises(BadInput, match="into different features"):
        difference_of(explain(TEXT, model, text_pair=NEAR), explain(NEAR, model, text_pair=FAR))
