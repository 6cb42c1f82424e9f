from math import comb

import numpy as np
import pytest

from explainers import Question, build
from explainers.game.sampling import design_for, lime_law, lime_rows
from explainers.game.shapley import all_coalitions
from explainers.runner import explain
from explainers.testing import LinearModel


@pytest.mark.parametrize("players", range(1, 11))
def test_up_to_ten_players_every_coalition_is_in(players):
    """Exact means all 2^n − 2, each once, whatever the budget."""
    design = design_for(players, 16, 0)

    assert design.complete
    assert len({row.tobytes() for row in design.keep}) == 2**players - 2
    assert (design.inclusion == 1).all()


@pytest.mark.parametrize(("players", "budget"), [(11, 512), (16, 256), (31, 512), (80, 512), (200, 512), (12, 64)])
def test_a_design_is_made_of_pairs_within_the_budget(players, budget):
    """Row i + rows/2 is the complement of row i, no coalition is there twice, whole and empty fit beside them."""
    design = design_for(players, budget, 3)
    half = len(design.keep) // 2

    assert (design.keep[:half] == ~design.keep[half:]).all()
    assert len({row.tobytes() for row in design.keep}) == len(design.keep) == budget - 2
    assert design.keep.sum(axis=1).min() > 0
    assert design.keep.sum(axis=1).max() < players


def test_inclusion_is_the_share_of_a_size_that_is_held():
    """LIME divides by it: rows held of a size over the coalitions of that size."""
    design = design_for(14, 512, 0)
    sizes = design.keep.sum(axis=1)
    for size in np.unique(sizes):
        held = (sizes == size).sum()

        assert design.inclusion[sizes == size] == pytest.approx(np.full(held, held / comb(14, int(size))))


def test_another_seed_gives_other_coalitions_and_the_same_seed_the_same():
    """Sampling draws from the seed and nothing else."""
    assert (design_for(20, 256, 1).keep == design_for(20, 256, 1).keep).all()
    assert (design_for(20, 256, 1).keep != design_for(20, 256, 2).keep).any()


def test_limes_law_is_a_probability():
    """It sums to 1 over all coalitions with at least one player removed."""
    law = lime_law(all_coalitions(7))

    assert law.sum() == pytest.approx(1, abs=1e-12)
    assert law[-1] == 0


def test_rows_of_limes_law_follow_it():
    """The number of removed players is uniform over 1 … n; which ones is uniform within."""
    rows = lime_rows(5, 20_000, np.random.default_rng(0))
    removed = np.bincount((~rows).sum(axis=1), minlength=6)

    assert removed[0] == 0
    assert removed[1:] == pytest.approx(np.full(5, 4000), rel=0.06)
    assert rows.mean(axis=0) == pytest.approx(np.full(5, 2 / 5), abs=0.02)  # mean of (0 … 4) kept of 5


def test_a_budget_is_kept_by_lime_too():
    """Asked for few evaluations, LIME says that they weigh few samples instead of drawing more."""
    model = LinearModel({"great": (-1.0, 2.0)})
    question = Question(text=" ".join(f"w{i}" for i in range(40)) + " great", precision="fp32")
    free = explain(model, question, build("lime"))
    bound = explain(model, question.model_copy(update={"budget": 128}), build("lime"))

    assert bound.checks["effective_samples"] < bound.checks["wanted_samples"] <= free.checks["effective_samples"]
    assert bound.forward_passes <= 128 + 41  # and the leave-one-out coalitions, which are always there
    assert "few_samples" in {reason.code for reason in bound.badge.reasons}


def test_leave_one_out_is_part_of_the_design():
    """Every table holds those coalitions anyway: the design spends only their complements."""
    sizes = design_for(31, 256, 0).keep.sum(axis=1)

    assert (sizes == 30).sum() == (sizes == 1).sum() == 31
    assert (design_for(100, 128, 0).keep.sum(axis=1) == 1).sum() < 100  # more than half of the pairs: no longer
