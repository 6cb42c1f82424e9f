from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from ..contract import Attribution, BoolArray, Case, Explainer, FloatArray, Need, Promise
from ..game.sampling import DEFAULT_BUDGET
from .shap import Shap


class ShapPartition(Explainer):
    """shap's partition explainer on our coalitions: Owen values of a balanced tree of neighbouring players.

    Not Shapley values: players share first between halves of the text. The masker removes token ids, never strings.
    checks: `owen_distance`, how far the scores lie from the Shapley values that SHAP finds for the same question, as a
    share of their size, less what sampling may have put between them; SHAP's coalitions are asked for, too, unless a
    panel knows them. None where all scores are 0.
    """

    name: ClassVar = "shap-partition"
    version: ClassVar = "2"
    title: ClassVar = "SHAP partition"
    reference: ClassVar = "Owen 1977; Lundberg & Lee 2017, arXiv:1705.07874 (shap.explainers.Partition)"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    promises: ClassVar = frozenset({Promise.COMPLETE, Promise.DUMMY, Promise.LINEAR})

    max_evals: int | None = Field(
        None, ge=16, le=65536, title="Evaluations", description="At most; by default the budget of the question."
    )

    def explain(self, case: Case) -> Attribution:
        import shap

        table = case.table
        ends = case.values(np.concatenate([table.empty, table.whole]))  # (2, targets)

        def game(keep: BoolArray) -> FloatArray:
            return case.values(table.logits(np.asarray(keep, dtype=bool)))

        if table.players == 1:
            scores = (ends[1] - ends[0])[:, None]
        else:
            budget = self.max_evals or case.budget or DEFAULT_BUDGET
            with seeded(case.seed):
                explainer = shap.explainers.Partition(game, _Masker(table.players))
                found = explainer(np.ones((1, table.players)), max_evals=budget, silent=True)
            scores = np.asarray(found.values[0], dtype=float).T  # (targets, players)
        checks = {"owen_distance": _distance(case, scores)}
        return case.result(self, scores=scores, baseline_output=ends[0], checks=checks)


def _distance(case: Case, owen: FloatArray) -> float | None:
    """From SHAP's values of the predicted class, over their norm."""
    row = case.targets.index(case.prediction.main.index)
    found = Shap().explain(case)
    assert found.scores is not None
    wanted, errors = found.scores[row], found.standard_errors
    size = float(np.linalg.norm(wanted))
    chance = 0.0 if errors is None else float(np.linalg.norm(errors[row]))
    apart = float(np.linalg.norm(owen[row] - wanted))
    return float(np.sqrt(max(0.0, apart**2 - chance**2))) / size if size else None


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """shap draws from numpy's global generator: it gets a seed, and the process its generator back."""
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


class _Masker:
    """A masker as shap wants it, over rows of kept players: the rows themselves, and a tree of neighbours."""

    def __init__(self, players: int) -> None:
        self.shape = (1, players)
        self.clustering = neighbours(players)
        self.invariants = None

    def __call__(self, mask: BoolArray, _row: Any) -> tuple[BoolArray]:
        return (np.asarray(mask, dtype=bool)[None],)


def neighbours(players: int) -> FloatArray:
    """A balanced binary tree over players in reading order, as scipy's linkage matrix (players - 1, 4)."""
    nodes = [(index, 1) for index in range(players)]
    rows = []
    height = 1.0
    while len(nodes) > 1:
        merged = []
        for left, right in zip(nodes[::2], nodes[1::2], strict=False):
            rows.append([left[0], right[0], height, left[1] + right[1]])
            merged.append((players + len(rows) - 1, left[1] + right[1]))
        nodes = merged + nodes[len(merged) * 2 :]
        height += 1
    return np.array(rows, dtype=float)
