from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from ..contract import Attribution, Case, Explainer, FloatArray, Need, Promise, Wanted
from ..game.sampling import EXACT_PLAYERS
from ..game.shapley import all_coalitions, exact
from ..game.stopping import most_exact, relative_error, rounds, sampled
from .sides import of_two_sides

MOST_SETS = 10  # players whose sets are all kept, 1,024 of them


class Shap(Explainer):
    """Shapley values: each player's share of v(x) - v(baseline), averaged over all orders of adding players.

    Exact up to `exact_players` players, from all their coalitions; where that is left open, up to 6, to 10 of a text in
    windows or of each of two texts that an encoder compares, and to 14 where the accuracy is to be exact. Beyond,
    estimated from pairs of complementary coalitions, as many as their error needs within the budget (stopping.py,
    shapley.py), with standard errors. With two texts come the interactions of their words (sides.py, product.py).
    """

    name: ClassVar = "shap"
    version: ClassVar = "3"
    title: ClassVar = "SHAP"
    reference: ClassVar = "Shapley 1953; Lundberg & Lee 2017, arXiv:1705.07874"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    promises: ClassVar = frozenset({Promise.COMPLETE, Promise.DUMMY, Promise.LINEAR})

    exact_players: int | None = Field(
        None,
        ge=1,
        le=14,
        title="Exact up to",
        description="Features up to which all coalitions are evaluated; each more doubles the work. By default 6.",
    )

    def explain(self, case: Case) -> Attribution:
        if case.inputs.sides is not None:
            return of_two_sides(self, case, exact_players=self.exact_players or EXACT_PLAYERS)
        scores, errors = self._found(case)
        return case.result(
            self,
            scores=scores,
            standard_errors=errors,
            game=_every_set(case) if errors is None else None,
            baseline_output=case.values(case.table.empty)[0],
            checks={
                "exact": float(errors is None),
                "relative_error": 0.0 if errors is None else relative_error(case, scores, errors),
            },
        )

    def rounds(self, case: Case) -> Iterator[Wanted]:
        if case.inputs.sides is not None:
            return
        if case.table.players > self._limit(case):
            yield from rounds(case)
        else:
            yield Wanted(all_coalitions(case.table.players))

    def _found(self, case: Case) -> tuple[FloatArray, FloatArray | None]:
        if case.table.players > self._limit(case):
            found = sampled(case)
            if not found.design.complete:
                return found.scores, found.errors
        keep = all_coalitions(case.table.players)
        return exact(case.values(case.table.logits(keep)), keep).T, None

    def _limit(self, case: Case) -> int:
        """Players up to which all coalitions are evaluated."""
        if self.exact_players is None or case.accuracy == "exact":
            return most_exact(case)
        return min(self.exact_players, case.most_exact)


def _every_set(case: Case) -> FloatArray | None:
    """The explained number of every set of regions of a picture, (targets, sets), so that a reader can hide some."""
    if case.inputs.input.kind != "image" or case.table.players > MOST_SETS:
        return None
    return case.values(case.table.logits(all_coalitions(case.table.players))).T
