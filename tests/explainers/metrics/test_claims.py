from __future__ import annotations

from math import exp

import pytest

from explainers.contract import Head
from explainers.metrics.claims import claims_of, strongest_claims, verdict_of
from explainers.testing import LinearModel
from tests.given import Given, case_for, given

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.0, -1.0), "so": (0.0, 0.01)}


def probability(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))


def test_a_claim_is_tried_by_leaving_out_the_player() -> None:
    """good has log-odds 2 of 1.01: without it σ(−.99), so it raises; without bad σ(2.01), so it lowers."""
    case = case_for(LinearModel(WEIGHTS), "good bad so")

    raises, lowers = claims_of([given(case, 2, -1, 0.01)], case)

    assert (raises.player, raises.says, raises.verdict) == (0, "raises", "holds")
    assert (raises.before, raises.after) == pytest.approx((probability(1.01), probability(-0.99)))
    assert raises.predicted.label == "no"
    assert (lowers.player, lowers.says, lowers.verdict) == (1, "lowers", "holds")
    assert lowers.after == pytest.approx(probability(2.01))
    assert (raises.fall, lowers.fall) == pytest.approx((2, -1))


def test_a_claim_about_a_sure_prediction_holds_though_the_probability_hardly_moves() -> None:
    """From log-odds 9 to 7 the probability falls by a thousandth: the claim was made in log-odds."""
    case = case_for(LinearModel({"good": (0.0, 2.0), "great": (0.0, 7.0)}), "good great")

    (claim,) = claims_of([given(case, 2, 0)], case)

    assert claim.before - claim.after < 0.001
    assert (claim.fall, claim.verdict) == (pytest.approx(2), "holds")


def test_a_wrong_claim_fails_and_an_idle_one_hardly_moves_anything() -> None:
    """bad lowers where the method says it raises; so moves the log-odds by .01."""
    case = case_for(LinearModel(WEIGHTS), "good bad so")

    claims = claims_of([given(case, 0, 2, -1)], case)

    assert {(c.player, c.says): c.verdict for c in claims} == {(1, "raises"): "fails", (2, "lowers"): "hardly"}


def test_equal_claims_of_several_methods_are_one() -> None:
    """The claim of two methods comes before the larger effect that one method names."""
    case = case_for(LinearModel(WEIGHTS), "good bad so")

    claims = claims_of([given(case, 1, -1, 0), given(case, 0, -1, 1)], case)

    assert [(c.player, c.says, len(c.methods)) for c in claims] == [
        (1, "lowers", 2),
        (0, "raises", 1),
        (2, "raises", 1),
    ]


def test_a_method_without_sign_says_that_a_player_matters() -> None:
    """It can hold or hardly hold, never fail."""
    case = case_for(LinearModel(WEIGHTS), "good bad so")

    (claim,) = claims_of([given(case, 0.1, 0.9, 0.2, unit="share")], case)

    assert (claim.player, claim.says, claim.verdict) == (1, "matters", "holds")
    assert verdict_of("matters", 0.0) == "hardly"


@pytest.mark.parametrize(
    ("says", "fall", "verdict"),
    [
        ("raises", 0.1, "holds"),
        ("raises", 0.099, "hardly"),
        ("raises", -0.1, "fails"),
        ("lowers", -0.1, "holds"),
        ("lowers", 0.1, "fails"),
        ("matters", -0.1, "holds"),
    ],
)
def test_a_tenth_of_log_odds_settles_a_claim(says: str, fall: float, verdict: str) -> None:
    """The claimed way it holds, the other way it fails, and less is no answer."""
    assert verdict_of(says, fall) == verdict  # type: ignore[arg-type]


def test_a_score_far_below_the_largest_claims_nothing() -> None:
    """−.01 beside 2 is below a twentieth of it."""
    case = case_for(LinearModel(WEIGHTS), "good bad so")

    assert list(strongest_claims(given(case, 2, 0, -0.01))) == [(0, "raises")]
    assert list(strongest_claims(given(case, 0, 0, 0))) == []
    assert list(strongest_claims(Given(scores=None).explain(case))) == []


def test_a_regression_claims_about_its_output() -> None:
    """The output is 2 − 1 = 1, without good −1; a fiftieth of the way from the baseline, .02, would settle it."""

    class Regression(LinearModel):
        labels = ("score",)
        head: Head = "regression"

    case = case_for(Regression({"good": (2.0,), "bad": (-1.0,)}), "good bad day")

    raises, lowers = claims_of([given(case, 2, -1, 0)], case)

    assert (raises.before, raises.after, raises.verdict) == (1, -1, "holds")
    assert (lowers.before, lowers.after, lowers.verdict) == (1, 2, "holds")
