from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest

from explainers.contract import Case, Head
from explainers.game.sampling import DEFAULT_BUDGET, design_for
from explainers.game.shapley import all_coalitions
from explainers.metrics.against_random import Chance
from explainers.metrics.faithfulness import (
    RANDOM_SETS,
    SHARES,
    by_faithfulness,
    faithfulness_of,
    kept,
    measured_rows,
    random_rows,
    rationale_sizes,
    removal_rows,
    removal_sizes,
    removals_of,
    removed,
)
from explainers.registry import PANEL
from explainers.runner import measured
from explainers.testing import AndModel, LinearModel
from tests.given import Given, case_for, given

WEIGHTS = {"good": (0.0, 2.0), "fine": (0.0, 1.0), "bad": (0.0, -1.0)}


def probability(log_odds: float) -> float:
    return 1 / (1 + exp(-log_odds))


@pytest.mark.parametrize(
    ("players", "sizes"), [(1, (1, 1, 1, 1, 1)), (10, (1, 1, 1, 2, 5)), (11, (1, 1, 2, 3, 6)), (20, (1, 1, 2, 4, 10))]
)
def test_a_rationale_has_at_least_one_player_and_is_rounded_up(players: int, sizes: tuple[int, ...]) -> None:
    """k = max(1, ceil(share · n)) at 1, 5, 10, 20 and 50 %: of 11 players 1.1 are 2, 2.2 are 3, 5.5 are 6."""
    assert rationale_sizes(players) == sizes


def test_kept_and_removed_are_complements() -> None:
    """One row a bin: the strongest 1, 1, 1, 1 and 2 of four players."""
    order = (2, 0, 3, 1)

    assert kept([order], 4).sum(axis=1).tolist() == [1, 1, 1, 1, 2]
    assert kept([order], 4)[-1].tolist() == [True, False, True, False]
    assert (kept([order], 4) == ~removed([order], 4)).all()


def test_comprehensiveness_and_sufficiency_by_hand() -> None:
    """Four words of log-odds 2, 1, −1 and 0: p = σ(2). The right order is good, fine, plain, bad.

    Without good σ(0), without good and fine σ(−1); with good alone σ(2), with good and fine σ(3). The bins hold
    1, 1, 1, 1 and 2 players, and the one at 20 % holds 1.
    """
    case = case_for(LinearModel(WEIGHTS), "plain bad good fine")

    found = faithfulness_of(given(case, 0, -1, 2, 1), case).checks

    whole = probability(2)
    assert found["comprehensiveness"] == pytest.approx(whole - probability(0))
    assert found["sufficiency"] == pytest.approx(whole - probability(2))
    assert found["aopc_comprehensiveness"] == pytest.approx(whole - (4 * probability(0) + probability(-1)) / 5)
    assert found["aopc_sufficiency"] == pytest.approx(whole - (4 * probability(2) + probability(3)) / 5)
    assert found["leave_one_out_tau"] == pytest.approx(1)


def test_the_bins_of_eraser_by_hand() -> None:
    """Twenty words, of which good has log-odds 2, fine 1, bad −1: p = σ(2). The bins hold 1, 1, 2, 4 and 10 players.

    As ERASER's own script has it, the area is the mean over the five bins, not over six with an empty one. Without good
    σ(0), without good and fine σ(−1), and the plain words that join them change nothing; alone they give σ(2) and σ(3).
    """
    words = ["good", "fine", *["plain"] * 17, "bad"]
    case = case_for(LinearModel(WEIGHTS), " ".join(words))
    p = {logit: probability(logit) for logit in (-1, 0, 2, 3)}

    found = faithfulness_of(
        given(case, *({"good": 2, "fine": 1, "bad": -1}.get(word, 0) for word in words)), case
    ).checks

    assert found["comprehensiveness"] == pytest.approx(p[2] - p[-1])
    assert found["sufficiency"] == pytest.approx(p[2] - p[3])
    assert found["aopc_comprehensiveness"] == pytest.approx(p[2] - (2 * p[0] + 3 * p[-1]) / 5)
    assert found["aopc_sufficiency"] == pytest.approx(p[2] - (2 * p[2] + 3 * p[3]) / 5)


def test_the_reversed_order_is_worse() -> None:
    """Its first player is bad, without which the probability rises to σ(3)."""
    case = case_for(LinearModel(WEIGHTS), "plain bad good fine")

    found = faithfulness_of(given(case, 0, 1, -2, -1), case).checks

    assert found["comprehensiveness"] == pytest.approx(probability(2) - probability(3))
    assert found["leave_one_out_tau"] == pytest.approx(-1)


def test_random_sets_are_drawn_with_the_seed() -> None:
    """The same seed gives the same area; with one joint effect of all words every order loses everything at once."""
    first, again = (case_for(LinearModel(WEIGHTS), "plain bad good fine", seed=3) for _ in range(2))
    together = case_for(AndModel(), "a b c d")

    assert faithfulness_of(given(first, 1, 2, 3, 4), first) == faithfulness_of(given(again, 1, 2, 3, 4), again)
    assert faithfulness_of(given(together, 1, 2, 3, 4), together).checks["aopc_random"] == pytest.approx(
        probability(2) - probability(0)
    )


def test_a_complete_table_is_not_added_to() -> None:
    """Up to ten players the Shapley values know every coalition; measuring asks the model nothing."""
    model = LinearModel(WEIGHTS)
    case = case_for(model, "plain bad good fine")
    case.table.logits(np.array([[bool(n >> bit & 1) for bit in range(4)] for n in range(16)]))
    asked = len(model.rows_asked)

    faithfulness_of(given(case, 4, 3, 2, 1), case)
    removals_of([given(case, 4, 3, 2, 1)], case)

    assert len(model.rows_asked) == asked


def test_a_method_without_sign_is_compared_with_the_size_of_the_effects() -> None:
    """|effects| of plain, bad, good, fine are 0, 1, 2, 1: the shares .1 .2 .4 .2 have the same order."""
    case = case_for(LinearModel(WEIGHTS), "plain bad good fine")

    found = faithfulness_of(given(case, 0.1, 0.2, 0.4, 0.2, unit="share"), case).checks

    assert found["leave_one_out_tau"] == pytest.approx(1)


def test_a_regression_has_no_probability() -> None:
    """The areas are None, the rank correlation with leave-one-out is there."""

    class Regression(LinearModel):
        labels = ("score",)
        head: Head = "regression"

    case = case_for(Regression({"good": (2.0,), "bad": (-1.0,)}), "good bad day")

    found = faithfulness_of(given(case, 2, -1, 0), case).checks

    assert found["comprehensiveness"] is found["aopc_random"] is None
    assert found["leave_one_out_tau"] == pytest.approx(1)


def test_a_mechanism_without_scores_has_no_measures() -> None:
    """Raw attention is not graded."""
    case = case_for(LinearModel(WEIGHTS), "good bad")

    assert faithfulness_of(Given(scores=None).explain(case), case).checks == {}
    assert removals_of([Given(scores=None).explain(case)], case) == ()


def test_removals_say_what_the_model_says_without_the_top_players() -> None:
    """Without good σ(0) is a tie that class 0 wins; top 3 are good, fine and plain; there are no five players."""
    case = case_for(LinearModel(WEIGHTS), "plain bad good fine")

    removals = removals_of([given(case, 0, -1, 2, 1)], case)

    assert [r.players for r in removals] == [(2,), (2, 3, 0)]
    assert [r.probability for r in removals] == pytest.approx([probability(0), probability(-1)])
    assert removals[1].predicted.label == "no"


@pytest.mark.parametrize(
    ("players", "sizes"),
    [
        (1, (1,)),
        (4, (1, 3)),
        (6, (1, 3, 5)),
        (10, (1, 2)),
        (11, (1, 2, 3)),
        (20, (1, 2, 4)),
        (36, (1, 4, 8)),
        (60, (1, 6, 12)),
    ],
)
def test_removals_share_their_sizes_with_the_rationales_beyond_six_players(
    players: int, sizes: tuple[int, ...]
) -> None:
    """1, 3 and 5 where every row is known; else 1, 10 % and 20 %, whose rows comprehensiveness reads."""
    case = case_for(LinearModel(WEIGHTS), " ".join(["good"] * players))
    one = given(case, *range(players))

    assert removal_sizes(players, exact=6) == sizes
    assert [len(r.players) for r in removals_of([one], case)] == list(sizes)
    if players > 6:
        assert {*map(bytes, removal_rows([one], case))} <= {*map(bytes, measured_rows([one], case))}


@pytest.mark.parametrize("players", [7, 8, 9, 10])
def test_removals_of_a_text_in_windows_cost_nothing_beside_the_measures(players: int) -> None:
    """It is exact up to six players at 64 evaluations; what is removed beyond is what comprehensiveness removes."""
    case = replace(case_for(LinearModel(WEIGHTS), " ".join(["good"] * players), budget=64), most_exact=6)
    one = given(case, *range(players))

    assert [len(r.players) for r in removals_of([one], case)] == [1, 2]
    assert {*map(bytes, removal_rows([one], case))} <= {*map(bytes, measured_rows([one], case))}


@pytest.mark.parametrize("players", [*range(11, 61), 80, 100])
def test_the_measures_of_the_default_panel_add_at_most_64_rows(players: int) -> None:
    """Eight methods that agree on nothing, beside the rows that Shapley values ask: the most there can be."""
    case = case_for(LinearModel(WEIGHTS), " ".join(["good"] * players))
    rng = np.random.default_rng(players)
    opposed = [given(case, *rng.permutation(players)) for _ in PANEL]
    case.table.logits(design_for(players, DEFAULT_BUDGET, case.seed).keep)
    before = case.table.evaluations

    case.table.logits(removal_rows(opposed, case), precision="fp32")
    case.table.logits(measured_rows(opposed, case))

    assert case.table.evaluations - before <= 64


def test_the_bins_are_those_of_eraser() -> None:
    """1, 5, 10, 20 and 50 % of the players."""
    assert SHARES == (0.01, 0.05, 0.10, 0.20, 0.50)


def test_random_sets_are_those_that_the_shapley_values_have_drawn() -> None:
    """As many players are kept alone or absent as the rationale of each bin has, and beside SHAP they cost nothing."""
    model = LinearModel(WEIGHTS)
    case = case_for(model, " ".join(f"w{i}" for i in range(24)))
    design = {row.tobytes() for row in design_for(24, None, case.seed).keep}
    rows = random_rows(case)
    sizes = sorted(set(rationale_sizes(24)))
    removed = [24 - size for size in sizes for _ in range(24 if size == 1 else RANDOM_SETS)]

    assert rows.sum(axis=1).tolist() == removed + [size for size in sizes for _ in range(RANDOM_SETS)]
    assert {row.tobytes() for row in rows} <= design


def test_random_sets_exist_where_the_budget_holds_none_of_their_size() -> None:
    """With 31 pairs for 60 sizes the larger ones are not drawn; one set of the size stands in."""
    case = case_for(LinearModel(WEIGHTS), " ".join(f"w{i}" for i in range(120)), budget=64)

    assert set(random_rows(case).sum(axis=1).tolist()) >= set(rationale_sizes(120))


def test_the_interval_against_random_parts_holds_what_all_of_them_give() -> None:
    """In at least 85 of 100 games of twelve players; the model's own order gains and its reverse loses."""
    held = []
    for seed in range(100):
        weights = np.random.default_rng(seed).normal(size=12)
        model = LinearModel({f"w{i}": (0.0, weight) for i, weight in enumerate(weights)})
        case = case_for(model, " ".join(model.weights), seed=seed)
        signed = weights if case.prediction.main.index else -weights
        best, worst = (faithfulness_of(given(case, *scores, unit="share"), case) for scores in (signed, -signed))
        assert best.faithfulness is not None
        assert worst.faithfulness is not None
        found = best.faithfulness.comprehensiveness
        held.append(found.low <= (best.checks["aopc_comprehensiveness"] or 0) - random_area(case) <= found.high)
        assert found.value > 0 > worst.faithfulness.comprehensiveness.value

    assert sum(held) >= 85


def random_area(case: Case) -> float:
    """What all sets of each size give."""
    every, target = all_coalitions(12), case.prediction.main.index
    shares = case.output.probability(case.table.logits(~every), target)
    falls = case.output.probability(case.table.whole, target)[0] - shares
    return float(np.mean([falls[every.sum(axis=1) == size].mean() for size in rationale_sizes(12)]))


def test_methods_are_ordered_by_what_they_gain() -> None:
    """The model's own order of the words before its reverse; what has no scores is in no order."""
    case = case_for(LinearModel(WEIGHTS), "plain bad good fine dull long")
    scores = {"worst": (0, 1, -2, -1, 0, 0), "best": (0, -1, 2, 1, 0, 0), "none": None}
    found = []
    for name, each in scores.items():
        method = Given(scores=each)
        record = method.record(seed=0).model_copy(update={"name": name})
        found.append(measured(method.explain(case), method, case).model_copy(update={"method": record}))

    assert by_faithfulness(found) == ("best", "worst")


def test_the_variance_of_random_sets_counts_how_many_there_are() -> None:
    """Two of four sets: s²/n · (1 − n/N) = 2/2 · 1/2; nothing is left open once all of them are known."""
    falls = np.array([0.0, 2.0])

    assert Chance(falls, 4).variance == pytest.approx(0.5)
    assert Chance(falls, 2).variance == 0
