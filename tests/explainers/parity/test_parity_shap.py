"""Exact Shapley values against shap.ExactExplainer and against the definition, on the same games."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import shap

from explainers.contract import Case
from explainers.methods.shap import Shap
from explainers.methods.shap_partition import ShapPartition, neighbours
from explainers.testing import AndModel, NeighbourModel
from tests.given import case_for
from tests.tiny import tiny

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.5, -1.0), "film": (0.3, 0.2), "witty": (0.0, 0.7)}
GAMES: dict[str, Callable[[], Case]] = {
    "and": lambda: case_for(AndModel(), "a b c d e", accuracy="exact"),
    "neighbour": lambda: case_for(NeighbourModel(WEIGHTS), "good bad film witty good film bad", accuracy="exact"),
    "bert": lambda: case_for(tiny("bert"), "a gorgeous, witty film", accuracy="exact"),
    "bert, three classes": lambda: case_for(tiny("bert", labels=3), "the film is not bad", accuracy="exact"),
    "gpt2": lambda: case_for(tiny("gpt2"), "a good film is not", accuracy="exact"),
    "ten players": lambda: case_for(tiny("bert"), "a good film is not a bad film and good", accuracy="exact"),
}


@pytest.mark.parametrize("game", GAMES)
def test_shap_exact_on_the_same_game(game: str) -> None:
    """shap enumerates the coalitions through our token-id masker: the same values to 1e-6, for every class."""
    case = GAMES[game]()
    players = case.table.players

    theirs = shap.explainers.Exact(values_of(case), masker(players))(np.ones((1, players)))

    ours = Shap().explain(case)
    assert ours.checks["exact"] == 1
    assert ours.scores == pytest.approx(np.asarray(theirs.values[0]).T, abs=1e-6)
    assert ours.baseline_output == pytest.approx(np.asarray(theirs.base_values[0]), abs=1e-6)


def test_the_definition() -> None:
    """The mean over all 120 orders of what a player adds when it joins those before it."""
    case = GAMES["bert"]()
    players, value = case.table.players, values_of(case)
    wanted = np.zeros((players, len(case.targets)))
    orders = list(permutations(range(players)))
    for order in orders:
        keep = np.zeros((players + 1, players), dtype=bool)
        for position, player in enumerate(order):
            keep[position + 1] = keep[position]
            keep[position + 1, player] = True
        wanted[list(order)] += np.diff(value(keep), axis=0) / len(orders)

    assert Shap().explain(case).scores == pytest.approx(wanted.T, abs=1e-9)


def test_partition_runs_shaps_own_code_on_token_ids() -> None:
    """Two halves of two players: the Owen value of the tree, from shap's explainer without our class around it."""
    case = case_for(tiny("bert"), "a witty good film")
    players = case.table.players

    theirs = shap.explainers.Partition(values_of(case), masker(players, neighbours(players)))(
        np.ones((1, players)), max_evals=512, silent=True
    )

    assert ShapPartition().explain(case).scores == pytest.approx(np.asarray(theirs.values[0]).T, abs=1e-9)


def values_of(case: Case) -> Callable[[Any], Any]:
    return lambda keep: case.values(case.table.logits(np.asarray(keep, dtype=bool)))


def masker(players: int, clustering: Any = None) -> Any:
    """Over rows of kept players, as shap wants one."""

    class Masker:
        shape = (1, players)
        invariants = None

        def __call__(self, mask: Any, row: Any) -> tuple[Any]:
            return (np.asarray(mask, dtype=bool)[None],)

    made = Masker()
    made.clustering = clustering  # type: ignore[attr-defined]
    return made
