"""LIME against lime_base on the same samples, its infinite-sample limit, and LIME itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import comb
from typing import Any

import numpy as np
import pytest
from lime.lime_base import LimeBase
from lime.lime_text import LimeTextExplainer
from sklearn.linear_model import LinearRegression

from explainers.contract import Case
from explainers.game.stopping import full_design, sampled
from explainers.methods.lime import Lime, neighbourhood
from explainers.testing import AndModel, NeighbourModel
from tests.given import case_for
from tests.tiny import tiny

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.5, -1.0), "film": (0.3, 0.2), "witty": (0.0, 0.7)}
LONG = "a good film is not bad and the witty film never recovers from good clumsy bad film"
GAMES: dict[str, Callable[[], Case]] = {
    "and": lambda: case_for(AndModel(), "a b c d e", accuracy="exact"),
    "neighbour": lambda: case_for(NeighbourModel(WEIGHTS), "good bad film witty good film bad", accuracy="exact"),
    "bert": lambda: case_for(tiny("bert", labels=3), "a gorgeous, witty film", accuracy="exact"),
    "gpt2": lambda: case_for(tiny("gpt2"), "a good film is not", accuracy="exact"),
    "two players": lambda: case_for(tiny("bert"), "good film", accuracy="exact"),
    "ten players": lambda: case_for(tiny("bert"), "a good film is not a bad film and good", accuracy="exact"),
}


@pytest.mark.parametrize("text", ["a gorgeous, witty film", LONG], ids=["all coalitions", "drawn"])
def test_lime_base_on_the_same_samples(text: str) -> None:
    """The same rows, weights and values go through lime_base: the same coefficients to 1e-8, for every class."""
    case = case_for(tiny("bert", labels=3), text)
    design = sampled(case).design if text == LONG else full_design(case)
    keep, weights, _ = neighbourhood(design, 25, seed=case.seed)
    values = case.values(case.table.logits(keep))

    ours = Lime().explain(case)

    for row in range(len(case.targets)):
        base = LimeBase(lambda _: weights, random_state=1)
        _, found, r2, _ = base.explain_instance_with_data(
            keep.astype(float), values, np.zeros(len(keep)), row, keep.shape[1],
            feature_selection="none", model_regressor=LinearRegression(),
        )  # fmt: skip
        assert ours.scores[row] == pytest.approx([dict(found)[i] for i in range(keep.shape[1])], abs=1e-8)
        if case.targets[row] == case.prediction.main.index:
            assert ours.checks["r2"] == pytest.approx(r2)


@pytest.mark.parametrize("game", GAMES)
def test_the_limit_of_infinitely_many_samples(game: str) -> None:
    """LIME draws the number of removed players evenly and then which; a fit weighed by that law has no sampling left.

    Solved here through the normal equations: (XᵀWX) β = XᵀWy with W = P(S) · π(S), X with a column of ones.
    """
    case = GAMES[game]()
    n = case.table.players
    keep = np.array(list(product([False, True], repeat=n)))
    removed = n - keep.sum(axis=1)
    law = np.array([1 / (n * comb(n, r)) if r else 0.0 for r in removed])
    distance = 100 * (1 - np.sqrt(1 - removed / n))  # of the cosine, times 100
    weights = law * np.sqrt(np.exp(-(distance**2) / 25**2))
    design = np.concatenate([keep, np.ones((len(keep), 1))], axis=1)
    values = case.values(case.table.logits(keep))

    wanted = np.linalg.solve(design.T * weights @ design, design.T * weights @ values)[:-1]

    assert Lime().explain(case).scores == pytest.approx(wanted.T, abs=1e-6)


def test_lime_itself_comes_near() -> None:
    """LIME's own text explainer with 5,000 samples of strings, on a game where a string says what is kept."""
    model = NeighbourModel(WEIGHTS)
    words = ["good", "bad", "film", "witty"]
    case = case_for(model, " ".join(words), value="probability")

    def probabilities(texts: list[str]) -> Any:
        keep = np.array([[word in text.split() for word in words] for text in texts])
        return case.values(case.table.logits(keep))

    theirs = LimeTextExplainer(random_state=0).explain_instance(case.inputs.text, probabilities, num_samples=5000)
    by_word = dict(theirs.as_list())

    assert Lime().explain(case).scores[1] == pytest.approx([by_word[w] for w in words], abs=0.01)
