from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
from pydantic import Field

from ..badge import smallest_gap
from ..contract import Attribution, Case, Explainer, FloatArray, Need, Notice, Promise
from ..game.table import CoalitionTable

FIRST_STRETCHES = 4
FIRST_POINTS = 2 * FIRST_STRETCHES + 1  # one batch
STRAY = 3  # errors of stretches that cancel each other may be so many times the tolerance
PARTS = 5  # and the scores of single players, as a norm
BATCH_POINTS = 32
BATCH_TOKENS = 4096  # bounds the memory of the backward pass on long texts


class IntegratedGradients(Explainer):
    """Gradients gathered on the straight way from the baseline to the input: ∫ ∇v(b + α (x − b)) · (x − b) dα.

    A score is the sum over a player's tokens; special tokens do not move, so nothing is lost between tokens and players
    and the scores add up to v(x) − v(b). The way is divided into stretches, each integrated by Simpson's rule. By how
    much a stretch is missed is known, v(end) − v(start) less the sum of its scores; by how much single scores are off
    where their errors cancel in that sum, a rule of a higher order through neighbouring points tells. The stretches
    missed most are halved until sum and scores are right for every class. Tokens that are hidden or deleted have no
    place to start from: the path then begins at zero embeddings, and the record says so. checks: `gradient_rows`, all
    the points that were evaluated; `parts_error`, about what the scores are off by as a share of their size, both as
    norms, the largest over classes: what the stretches miss and what they doubt, added up; `converged`, 1 or 0.
    """

    name: ClassVar = "integrated-gradients"
    title: ClassVar = "Integrated gradients"
    reference: ClassVar = "Sundararajan, Taly & Yan 2017, arXiv:1703.01365"
    version: ClassVar = "3"
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
        description="Points on the way from the baseline at most; 9 at first, then more where they are needed.",
    )

    def explain(self, case: Case) -> Attribution:
        case = on_a_path(case)
        output, baseline_output = case.values(case.table.whole)[0], case.values(case.table.empty)[0]
        gap = np.maximum(np.abs(output - baseline_output), smallest_gap(case.value))  # (targets,)
        for found in refined(case, most=self.most_points):
            scores = case.inputs.by_player(found.integral)
            residual = float((np.abs(output - baseline_output - scores.sum(axis=1)) / gap).max())
            stray = float((np.abs(found.missed).sum(axis=0) / gap).max())
            parts = stray + _share(found.doubts.sum(axis=0), np.linalg.norm(scores, axis=1))
            close = residual <= self.tolerance and stray <= STRAY * self.tolerance
            if close and parts <= PARTS * self.tolerance:
                break
        converged = residual <= self.tolerance
        return case.result(
            self,
            scores=scores,
            output=output,
            baseline_output=baseline_output,
            checks={"gradient_rows": float(found.points), "parts_error": parts, "converged": float(converged)},
            forward_passes=found.points,
            warnings=() if converged else (_not_converged(found.points, residual),),
        )


def on_a_path(case: Case) -> Case:
    """The case itself, or against zero embeddings where what is absent has no embedding."""
    if case.inputs.baseline not in ("hidden", "deleted"):
        return case
    inputs = replace(case.inputs, baseline="zero")
    table = CoalitionTable(case.model, inputs, progress=case.progress, whole=case.table.whole)
    return replace(case, inputs=inputs, table=table)


@dataclass(frozen=True, slots=True)
class Path:
    """The state of the integral after so many `points`.

    integral: (targets, tokens). missed: (stretches, targets), what each stretch lacks of v(end) − v(start). doubts:
    (stretches, targets), by how much the rule of higher order has other scores, as a norm over players.
    """

    points: int
    integral: FloatArray
    missed: FloatArray
    doubts: FloatArray


def refined(case: Case, *, most: int) -> Iterator[Path]:
    """Finer every time; the stretches that are halved are those which miss most, in the sum or in single scores."""
    way = _Way(case)
    edges = np.linspace(0, 1, FIRST_STRETCHES + 1)
    while True:
        way.visit(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2]))
        integrals, missed = way.integrals(edges)
        doubts = np.linalg.norm(case.inputs.by_player(way.finer(edges) - integrals), axis=2)
        yield Path(len(way.values), integrals.sum(axis=0), missed, doubts)
        halved = min(max(2, len(missed) // 3), (most - len(way.values)) // 2)
        if halved < 1:
            return
        worst = np.argsort(-np.maximum(np.abs(missed), doubts / PARTS).max(axis=1), kind="stable")[:halved]
        edges = np.sort(np.concatenate([edges, (edges[worst] + edges[worst + 1]) / 2]))


def _share(errors: FloatArray, sizes: FloatArray) -> float:
    """The largest share of errors (targets,) in the size of the scores (targets,); 0 where all scores are 0."""
    return float((errors[sizes > 0] / sizes[sizes > 0]).max(initial=0.0))


class _Way:
    """The points that were visited so far: each is evaluated once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.values: dict[float, FloatArray] = {}  # (targets,)
        self.products: dict[float, FloatArray] = {}  # (targets, tokens)
        self.batch = max(1, min(BATCH_POINTS, BATCH_TOKENS // max(1, len(case.inputs.tokens))))

    def visit(self, points: FloatArray) -> None:
        fresh = np.array(sorted({float(point) for point in points} - self.values.keys()))
        for start in range(0, len(fresh), self.batch):
            self.case.progress(start / len(fresh), f"{len(self.values)} points")
            batch = fresh[start : start + self.batch]
            found = self.case.model.path_gradients(
                self.case.inputs, batch, value=self.case.value, targets=self.case.targets
            )
            values = self.case.values(found.logits)
            for position, point in enumerate(batch.tolist()):
                self.values[point] = values[position]
                self.products[point] = found.products[:, position]

    def integrals(self, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Simpson's rule on each stretch (stretches, targets, tokens), and what it misses (stretches, targets)."""
        starts, ends = edges[:-1], edges[1:]
        first, middle, last = (
            np.array([self.products[float(point)] for point in points])
            for points in (starts, (starts + ends) / 2, ends)
        )
        found = ((ends - starts) / 6)[:, None, None] * (first + 4 * middle + last)
        moved = np.diff(np.array([self.values[float(point)] for point in edges]), axis=0)
        return found, moved - found.sum(axis=2)

    def finer(self, edges: FloatArray) -> FloatArray:
        """The stretches (stretches, targets, tokens) by the polynomial through their three points and the two nearest
        beside them."""
        every = np.sort(np.concatenate([edges, (edges[1:] + edges[:-1]) / 2]))
        found = []
        for number, (start, end) in enumerate(pairwise(edges)):
            first = min(max(0, 2 * number - 1), len(every) - 5)
            through = every[first : first + 5]
            weights = _weights(through, start, end)
            products = np.array([self.products[float(point)] for point in through])  # (points, targets, tokens)
            found.append(np.tensordot(weights, products, axes=1))
        return np.array(found)


def _weights(points: FloatArray, start: float, end: float) -> FloatArray:
    """(points,): weights that integrate every polynomial through the points from start to end."""
    middle, half = (start + end) / 2, (end - start) / 2
    powers = np.arange(len(points))
    moments = (1 - (-1.0) ** (powers + 1)) / (powers + 1)  # of [−1, 1]
    solved = np.linalg.solve(((points - middle) / half)[None] ** powers[:, None], moments)
    return np.asarray(half * solved, dtype=np.float64)


def _not_converged(points: int, residual: float) -> Notice:
    return Notice(
        code="not_converged",
        text=f"After {points} points the scores still miss the change of the output by {residual:.1%}.",
        values={"points": points, "residual": residual},
    )
