from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from explainers.contract import Case
from explainers.contract.value import probabilities
from explainers.metrics.naopc import beam_limits, exact_limits, naopc_of
from explainers.testing import LinearModel, NeighbourModel
from tests.given import case_for, given

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.5, -1.0), "witty": (0.0, 0.7)}


def mean_fall(case: Case, order: tuple[int, ...], *, kept: bool) -> float:
    """By its definition: the mean over k of p(x) − p(x without, or with only, the first k)."""
    falls = []
    for size in range(1, len(order) + 1):
        inside = np.isin(np.arange(len(order)), order[:size])
        logits = case.table.logits((inside if kept else ~inside)[None])
        target = case.prediction.predicted.index
        falls.append(float((probabilities(case.table.whole, "single") - probabilities(logits, "single"))[0, target]))
    return float(np.mean(falls))


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("model", [LinearModel, NeighbourModel])
def test_the_limits_are_those_over_all_orders(model: type[LinearModel], kept: bool) -> None:
    """The way through the subsets finds what trying all 24 orders finds."""
    case = case_for(model(WEIGHTS), "good bad witty good")
    every = [mean_fall(case, order, kept=kept) for order in permutations(range(4))]

    assert exact_limits(case, kept=kept) == pytest.approx((min(every), max(every)))


def test_hand_computed() -> None:
    """Two words of logits 2 and −1, p = σ: without good σ(−1), without bad σ(2), without both ½.

    Good first falls by (σ(1) − σ(−1) + σ(1) − ½)/2, bad first by (σ(1) − σ(2) + σ(1) − ½)/2: these are the limits.
    """
    case = case_for(LinearModel({"good": (0.0, 2.0), "bad": (0.0, -1.0)}), "good bad")
    p = {logit: 1 / (1 + np.exp(-logit)) for logit in (1, -1, 2)}
    best, worst = (p[1] - p[-1] + p[1] - 0.5) / 2, (p[1] - p[2] + p[1] - 0.5) / 2

    assert exact_limits(case, kept=False) == pytest.approx((worst, best))
    assert naopc_of(given(case, 2, -1), case)["naopc_comprehensiveness"] == pytest.approx(1)
    assert naopc_of(given(case, -1, 2), case)["naopc_comprehensiveness"] == pytest.approx(0)
    assert naopc_of(given(case, 2, -1), case)["naopc_sufficiency"] == pytest.approx(0)


def test_an_order_in_between_by_hand() -> None:
    """Three words of log-odds 2, 1 and −1, p = σ(2). Removed one after the other, in the middle order fine, good, bad:
    σ(1), σ(−1), ½; in the best good, fine, bad: σ(0), σ(−1), ½; in the worst bad, fine, good: σ(3), σ(2), ½."""
    weights = {"good": (0.0, 2.0), "fine": (0.0, 1.0), "bad": (0.0, -1.0)}
    case = case_for(LinearModel(weights), "good fine bad")
    p = {logit: 1 / (1 + np.exp(-logit)) for logit in (-1, 0, 1, 2, 3)}
    best, worst = p[0] + p[-1], p[3] + p[2]

    found = naopc_of(given(case, 1, 2, -1), case)["naopc_comprehensiveness"]

    assert found == pytest.approx((worst - p[1] - p[-1]) / (worst - best))


def test_a_beam_of_all_sets_is_exact() -> None:
    """With room for every subset of a size nothing is lost."""
    case = case_for(NeighbourModel(WEIGHTS), "good bad witty good bad")

    for kept in (False, True):
        assert beam_limits(case, kept=kept, beam=10) == pytest.approx(exact_limits(case, kept=kept))


def test_a_beam_is_used_beyond_ten_players() -> None:
    """Of a linear model the greedy order is the best, so the weights themselves reach 1 and 0."""
    words = " ".join(f"w{i}" for i in range(12))
    weights = {f"w{i}": (0.0, 0.3 * (i - 5)) for i in range(12)}
    case = case_for(LinearModel(weights), words)

    found = naopc_of(given(case, *(weights[f"w{i}"][1] for i in range(12))), case)

    assert found == pytest.approx({"naopc_comprehensiveness": 1.0, "naopc_sufficiency": 0.0})
    assert case.table.evaluations < 1000


def test_equal_orders_have_no_place() -> None:
    """Where no word matters every order is the best and the worst."""
    case = case_for(LinearModel({}), "a b")

    assert naopc_of(given(case, 2, 1), case) == {"naopc_comprehensiveness": None, "naopc_sufficiency": None}
