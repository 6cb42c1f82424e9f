from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from ..badge import smallest_gap
from ..base import Case, Explainer, Need, Promise
from ..types import Attribution, FloatArray, Notice

FIRST_POINTS = 9  # one batch; with fewer no sentence came within the tolerance
BATCH_POINTS = 32
BATCH_TOKENS = 4096  # bounds the memory of the backward pass on long texts


class IntegratedGradients(Explainer):
    """Gradients gathered on the straight way from the baseline to the input: ∫ ∇v(b + α (x − b)) · (x − b) dα.

    A score is the sum over a player's tokens; special tokens do not move, so nothing is lost between tokens and players
    and the scores add up to v(x) − v(b). The integral is the midpoint rule, whose points are tripled (9, 27, 81 …, each
    set holds the one before) until the sum is right for every class. checks: `gradient_rows`, all the points that were
    evaluated; `converged`, 1 or 0.
    """

    name: ClassVar = "integrated-gradients"
    title: ClassVar = "Integrated gradients"
    reference: ClassVar = "Sundararajan, Taly & Yan 2017, arXiv:1703.01365"
    needs: ClassVar = frozenset({Need.OUTPUTS, Need.GRADIENTS})
    promises: ClassVar = frozenset({Promise.COMPLETE, Promise.DUMMY, Promise.LINEAR})

    tolerance: float = Field(
        0.01,
        gt=0,
        le=0.5,
        title="Tolerance",
        description="Stop when the scores add up to the change of the output within this share of it.",
    )
    most_points: int = Field(
        243,
        ge=FIRST_POINTS,
        le=6561,
        title="Most points",
        description="Points on the way from the baseline at most; 9, 27, 81, 243 … are tried in turn.",
    )

    def explain(self, case: Case) -> Attribution:
        output, baseline_output = case.values(case.table.whole)[0], case.values(case.table.empty)[0]
        gap = np.maximum(np.abs(output - baseline_output), smallest_gap(case.value))  # (targets,)
        points, scores, residual = 0, np.zeros((len(case.targets), len(case.inputs.features))), np.inf
        integrals = nested_midpoints(case, most=self.most_points)
        # `not <=`, so that a residual that is no number goes on to the last point and is reported.
        while not residual <= self.tolerance and (found := next(integrals, None)):
            points, products = found
            scores = case.inputs.by_player(products)
            residual = float((np.abs(output - baseline_output - scores.sum(axis=1)) / gap).max())
        converged = residual <= self.tolerance
        return case.result(
            self,
            scores=scores,
            output=output,
            baseline_output=baseline_output,
            checks={"gradient_rows": float(points), "converged": float(converged)},
            forward_passes=points,
            warnings=() if converged else (_not_converged(points, residual),),
        )


def nested_midpoints(case: Case, *, most: int) -> Iterator[tuple[int, FloatArray]]:
    """(points so far, integral (targets, tokens)) after 9, 27, 81 … midpoints; every point is evaluated once."""
    total: FloatArray = np.zeros((len(case.targets), len(case.inputs.tokens)))
    size = max(1, min(BATCH_POINTS, BATCH_TOKENS // max(1, len(case.inputs.tokens))))
    points = FIRST_POINTS
    while points <= most:
        fresh = fresh_midpoints(points)
        for start in range(0, len(fresh), size):
            case.progress(start / len(fresh), f"{points - len(fresh) + start} points")
            batch = fresh[start : start + size]
            found = case.model.path_gradients(case.inputs, batch, value=case.value, targets=case.targets)
            total = total + found.products.sum(axis=1, dtype=np.float64)
        yield points, total / points
        points *= 3


def fresh_midpoints(points: int) -> FloatArray:
    """(i + ½) / points without those that the third as many midpoints hold already: of each three the middle one."""
    midpoints: FloatArray = (np.arange(points) + 0.5) / points
    return midpoints if points == FIRST_POINTS else midpoints[np.arange(points) % 3 != 1]


def _not_converged(points: int, residual: float) -> Notice:
    return Notice(
        code="not_converged",
        text=f"After {points} points the scores still miss the change of the output by {residual:.1%}.",
        values={"points": points, "residual": residual},
    )
