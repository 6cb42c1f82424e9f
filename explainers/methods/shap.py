from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from ..contract import Attribution, Case, Explainer, FloatArray, Need, Promise
from ..game.sampling import EXACT_PLAYERS, Design, design_for
from ..game.shapley import all_coalitions, estimate, exact
from .sides import of_two_sides


class Shap(Explainer):
    """Shapley values: each player's share of v(x) - v(baseline), averaged over all orders of adding players.

    Exact up to `exact_players` players, from all their coalitions. Beyond, estimated from pairs of complementary
    coalitions within the budget (sampling.py, shapley.py), with standard errors. Of two texts that an encoder compares
    each has its own `exact_players`, and the interactions of their words come with it (sides.py, product.py).
    """

    name: ClassVar = "shap"
    title: ClassVar = "SHAP"
    reference: ClassVar = "Shapley 1953; Lundberg & Lee 2017, arXiv:1705.07874"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    promises: ClassVar = frozenset({Promise.COMPLETE, Promise.DUMMY, Promise.LINEAR})

    exact_players: int = Field(
        EXACT_PLAYERS,
        ge=1,
        le=14,
        title="Exact up to",
        description="Players up to which all coalitions are evaluated; each more doubles the work.",
    )

    def explain(self, case: Case) -> Attribution:
        if case.inputs.sides is not None:
            return of_two_sides(self, case, exact_players=self.exact_players)
        table = case.table
        design = design_for(table.players, case.budget, case.seed, min(self.exact_players, case.most_exact))
        scores, errors = _exact(case) if design.complete else _estimated(case, design)
        row = case.targets.index(case.prediction.main.index)
        size = float(np.linalg.norm(scores[row]))
        spread = 0.0 if errors is None else float(np.linalg.norm(errors[row]))
        return case.result(
            self,
            scores=scores,
            standard_errors=errors,
            baseline_output=case.values(table.empty)[0],
            checks={"exact": float(errors is None), "relative_error": spread / size if size else None},
        )


def _exact(case: Case) -> tuple[FloatArray, None]:
    keep = all_coalitions(case.table.players)
    return exact(case.values(case.table.logits(keep)), keep).T, None


def _estimated(case: Case, design: Design) -> tuple[FloatArray, FloatArray]:
    table = case.table
    values = case.values(table.logits(design.keep))
    pairs = len(design.keep) // 2
    ends = case.values(table.whole) - case.values(table.empty)
    keep = np.concatenate([design.keep[:pairs], np.ones((1, table.players), dtype=bool)])
    odd = np.concatenate([values[:pairs] - values[pairs:], ends]) / 2
    scores, errors = estimate(keep, odd, pause=lambda: case.progress(1.0, "estimate"))
    # The process interpolates the whole input up to its jitter; the rest goes to the players in proportion to doubt.
    gap = ends[0] - scores.sum(axis=0)
    doubt = errors**2 + np.finfo(float).tiny
    return (scores + doubt / doubt.sum(axis=0) * gap).T, errors.T
