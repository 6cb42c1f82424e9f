"""Templates and their frames."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.data.lexicon import Lexicon
from app.audit.measures.templates import fill, frames, identity_effects


def test_slots_are_filled_and_articles_agree() -> None:
    """The published templates have `a idiotic`."""
    found = fill(["{name} is a {kind} {who}"], {"name": ["Kim"], "kind": ["honest", "unique"], "who": ["man"]})

    assert [one.text for one in found] == ["Kim is an honest man", "Kim is a unique man"]


def test_a_slot_without_words_is_named() -> None:
    """With the slots that there are."""
    with pytest.raises(ValueError, match=r"'who'.*slots: name"):
        list(fill(["{who}"], {"name": ["Kim"]}))


def test_rows_of_one_frame_are_one_cluster() -> None:
    """Whatever the identity, the article and the case."""
    identities = Lexicon.parse("a: Asian\nb: gay, African American")
    at, found = frames(["I am an Asian", "I am a gay", "I like an  African american", "I LIKE a gay"], [identities])

    assert found == ("i am a {}", "i like a {}")
    assert at.tolist() == [0, 0, 1, 1]


def test_an_identity_effect_is_the_distance_to_its_frames_mean() -> None:
    """Two identities, .3 and .5 apart in two frames: ±.2 on average, and no interval from two frames."""
    found = identity_effects(np.array([0.2, 0.5, 0.1, 0.6]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), ["a", "b"])

    assert found.effect == pytest.approx([-0.2, 0.2])
    assert found.spread == pytest.approx([0.3, 0.5])
    assert found.intervals == (None, None)


def test_frames_are_resampled_not_rows() -> None:
    """A frame filled a hundred times tells no more than one filled twice."""
    rng = np.random.default_rng(0)
    effect = rng.normal(0.1, 0.1, 30)
    once = identity_effects(
        np.ravel([effect * 0, effect], order="F"), np.repeat(np.arange(30), 2), np.tile([0, 1], 30), "ab"
    )
    many = identity_effects(
        np.repeat(np.ravel([effect * 0, effect], order="F"), 50),
        np.repeat(np.arange(30), 100),
        np.repeat(np.tile([0, 1], 30), 50),
        "ab",
    )
    assert once.intervals[1] is not None

    assert many.intervals[1] is not None
    assert once.intervals[1].low == pytest.approx(many.intervals[1].low)
    assert 0.05 in once.intervals[1]
