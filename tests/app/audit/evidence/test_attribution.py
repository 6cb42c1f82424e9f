"""Identity words among the words of an explanation."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.evidence import attribution

SCORES = np.array([0.1, -0.1, 0.6, 0.2])
IDENTITY = np.array([False, False, True, False])


def test_share_lift_and_push_by_hand() -> None:
    """One word of four holds .6 of 1.0: 2.4 times its share of the words."""
    assert attribution.identity_share(SCORES, IDENTITY) == pytest.approx(0.6)
    assert attribution.identity_lift(SCORES, IDENTITY) == pytest.approx(2.4)
    assert attribution.identity_push(SCORES, IDENTITY) == pytest.approx(0.6)


def test_scores_of_nothing_have_no_share() -> None:
    """0 of 0 is null."""
    assert attribution.identity_share(np.zeros(3), np.array([True, False, False])) is None
    assert attribution.identity_lift(SCORES, np.zeros(4, dtype=bool)) is None


def test_each_word_has_one_class() -> None:
    """Identity, its neighbours, negation, profanity, and the rest."""
    words = ["I", "don’t", "like", "gay", "darn", "people", "here"]
    identity = np.array([word == "gay" for word in words])
    classes = attribution.word_classes(words, identity, lambda word: word == "darn")
    names = [attribution.WORD_CLASSES[c] for c in classes]

    assert names == ["rest", "negation", "beside identity", "identity", "profanity", "rest", "rest"]
    assert attribution.class_sums(np.ones(7), classes).tolist() == [1, 1, 1, 1, 3]
