"""How finding is scored, on explanations whose ranking is written down."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from explainers.methods.attention import RawAttention
from explainers.selftest.scoring import average_precision, pair_auprc, player_strengths, word_auprc
from explainers.testing import GradientModel
from tests.given import case_for, given

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.0, -1.0)}
TEXT = "good a bad b"


def test_average_precision_is_that_of_the_field() -> None:
    """scikit-learn's, with ties."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        scores = rng.integers(0, 5, 12).astype(float)
        planted = rng.random(12) < 0.3
        planted[0] = True

        assert average_precision(scores, planted) == pytest.approx(average_precision_score(planted, scores))


def test_a_method_without_an_opinion_gets_chance() -> None:
    """Equal scores for four players, one planted: a quarter."""
    found = given(case_for(GradientModel(WEIGHTS), TEXT), 1.0, 1.0, 1.0, 1.0)

    assert word_auprc(found, (0,)) == pytest.approx(1 / 4)


def test_a_word_is_found_by_its_score_for_the_predicted_class() -> None:
    """A large score against the class is no finding: the planted word stands last of four."""
    case = case_for(GradientModel(WEIGHTS), TEXT)

    assert word_auprc(given(case, 3.0, 1.0, 0.0, 2.0), (0,)) == 1
    assert word_auprc(given(case, -3.0, 1.0, 0.0, 2.0), (0,)) == pytest.approx(1 / 4)


def test_a_pair_is_as_strong_as_the_weaker_of_its_words() -> None:
    """Scores 3 2 1 0: the pair (0, 1) is first with 2; (0, 2) and (1, 2) share the next rank with 1."""
    found = given(case_for(GradientModel(WEIGHTS), TEXT), 3.0, 2.0, 1.0, 0.0)

    assert pair_auprc(found, (0, 1)) == 1
    assert pair_auprc(found, (0, 2)) == pytest.approx(1 / 3)


def test_interactions_rank_pairs_before_scores_do() -> None:
    """A method that says what two players do together is asked for that; the diagonal is no pair."""
    found = given(case_for(GradientModel(WEIGHTS), TEXT), 3.0, 2.0, 1.0, 0.0)
    joint = np.zeros((2, 4, 4))
    joint[1, 1, 3] = joint[1, 3, 1] = 2.0
    joint[1, 0, 0] = 5.0

    assert pair_auprc(found.model_copy(update={"interactions": joint}), (1, 3)) == 1


def test_raw_attention_is_scored_by_the_row_that_is_read() -> None:
    """It gives no scores; the fake attends evenly to five tokens."""
    found = RawAttention().explain(case_for(GradientModel(WEIGHTS), TEXT))

    assert player_strengths(found) == pytest.approx(np.full(4, 1 / 5))
    assert pair_auprc(found, (0, 1)) == pytest.approx(1 / 6)
