from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..contract import Attribution, Case, Explainer, FloatArray, Need, Promise
from ..game.sampling import EXACT_PLAYERS
from ..game.shapley import all_coalitions, exact
from ..game.stopping import most_exact, relative_error, sampled
from .sides import of_two_sides


class Shap(Explainer):
    """Shapley values: each player's share of v(x) - v(baseline), averaged over all orders of adding players.

    Exact up to `exact_players` players, from all their coalitions. Beyond, estimated from pairs of complementary
    coalitions, as many as their error needs within the budget (stopping.py, shapley.py), with standard errors. Of two
    texts that an encoder compares each has its own `exact_players`, and the interactions of their words come with it
    (sides.py, product.py).
    """

    name: ClassVar = "shap"
    version: ClassVar = "2"
    title: ClassVar = "SHAP"
    reference: ClassVar = "Shapley 1953; Lundberg & Lee 2017, arXiv:1705.07874"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    promises: ClassVar = frozenset({Promise.COMPLETE, Promise.DUMMY, Promise.LINEAR})

    exact_players: int = Field(
        EXACT_PLAYERS,
        ge=1,
        le=14,
        title="Exact up to",
        description="Features up to which all coalitions are evaluated; each further one doubles the work.",
    )

    def explain(self, case: Case) -> Attribution:
        if case.inputs.sides is not None:
            return of_two_sides(self, case, exact_players=self.exact_players)
        scores, errors = self._found(case)
        return case.result(
            self,
            scores=scores,
            standard_errors=errors,
            baseline_output=case.values(case.table.empty)[0],
            checks={
                "exact": float(errors is None),
                "relative_error": 0.0 if errors is None else relative_error(case, scores, errors),
            },
        )

    def _found(self, case: Case) -> tuple[FloatArray, FloatArray | None]:
        if case.table.players > self._limit(case):
            found = sampled(case)
            if not found.design.complete:
                return found.scores, found.errors
        keep = all_coalitions(case.table.players)
        return exact(case.values(case.table.logits(keep)), keep).T, None

    def _limit(self, case: Case) -> int:
        """Players up to which all coalitions are evaluated: fewer than the option for a draft, more to be exact."""
        if case.accuracy == "normal":
            return min(self.exact_players, case.most_exact)
        return min(self.exact_players, most_exact(case)) if case.accuracy == "draft" else most_exact(case)
