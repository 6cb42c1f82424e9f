from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from ..badge import smallest_gap
from ..contract import Attribution, BoolArray, Case, Explainer, FloatArray, Need, Promise, Wanted
from ..game.sampling import Design, lime_law, lime_rows
from ..game.stopping import full_design, most_exact, rounds, sampled
from ..game.threads import on_one_thread

WANTED_PER_COEFFICIENT = 3  # a relative error of about a tenth, as the Shapley values have where they stop
CHUNK = 8


class Lime(Explainer):
    """The weights of a linear model fitted around the text, near coalitions counting more than far ones.

    The fit is lime's own (`lime_base`); the neighbourhood is the shared coalition table instead of drawn strings.
    Each row weighs π(S)·P(S)/q(S): π is lime's kernel, P the law LIME draws by, q the expected number of times the
    neighbourhood holds S. With all coalitions this is the limit of LIME for infinitely many samples.
    """

    name: ClassVar = "lime"
    version: ClassVar = "3"
    title: ClassVar = "LIME"
    reference: ClassVar = "Ribeiro, Singh & Guestrin 2016, arXiv:1602.04938"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    promises: ClassVar = frozenset({Promise.LINEAR})  # where others interact, a word without effect may get a little

    kernel_width: float = Field(25, gt=0, le=1000, title="Kernel width", description="LIME's default for text is 25.")
    num_features: int | None = Field(
        None, ge=1, title="Features", description="Keep only the strongest; the others get 0. All by default."
    )

    def explain(self, case: Case) -> Attribution:
        design, keep, weights, inclusion = self._neighbourhood(case)
        values = case.values(case.table.logits(keep))  # (rows, targets)
        fits = [self._fit(keep, weights, values[:, [t]]) for t in range(values.shape[1])]
        scores = np.stack([scores for scores, _, _ in fits])
        intercepts = np.array([intercept for _, intercept, _ in fits])
        errors = standard_errors(keep, weights, inclusion, values - intercepts - keep @ scores.T)
        row = case.targets.index(case.prediction.main.index)
        return case.result(
            self,
            scores=scores,
            standard_errors=None if design.complete else errors,
            checks={
                "r2": fits[row][2],
                "local_error": _local_error(case, scores, intercepts)[row],
                "effective_samples": effective_samples(weights),
                "wanted_samples": None if design.complete else float(wanted_samples(case.table.players)),
            },
        )

    def rounds(self, case: Case) -> Iterator[Wanted]:
        if not _few(case):
            yield from rounds(case)
        yield Wanted(self._neighbourhood(case)[1])

    def _neighbourhood(self, case: Case) -> tuple[Design, BoolArray, FloatArray, FloatArray]:
        """The design of the table, and the rows that are read with their weights and inclusion (neighbourhood)."""
        design = full_design(case) if _few(case) else sampled(case).design
        found = neighbourhood(design, self.kernel_width, seed=case.seed, may_draw=case.budget is None)
        return design, *found

    @on_one_thread
    def _fit(self, keep: BoolArray, weights: FloatArray, values: FloatArray) -> tuple[FloatArray, float, float]:
        """lime_base's weighted fit of one target: coefficients (players,), intercept and the weighted R²."""
        from lime.lime_base import LimeBase
        from sklearn.linear_model import LinearRegression

        players = keep.shape[1]
        base = LimeBase(kernel_fn=lambda _: weights, random_state=0)  # nothing is drawn
        intercept, found, r2, _ = base.explain_instance_with_data(
            keep.astype(float),
            values,
            distances=np.zeros(len(keep)),
            label=0,
            num_features=min(self.num_features or players, players),
            feature_selection="none" if self.num_features is None else "highest_weights",
            model_regressor=LinearRegression(),  # the ridge penalty of 1 vanishes for infinitely many samples
        )
        scores = np.zeros(players)
        for feature, coefficient in found:
            scores[feature] = coefficient
        return scores, float(intercept), float(r2)


def _few(case: Case) -> bool:
    return case.table.players <= most_exact(case)


def _local_error(case: Case, scores: FloatArray, intercepts: FloatArray) -> FloatArray:
    """By how much each line (targets,) misses the text's own output, as a share of what there is to explain.

    The text itself weighs nothing in the limit: a game that only the whole text wins is fitted by 0 with R² = 1.
    """
    output, baseline_output = case.values(case.table.whole)[0], case.values(case.table.empty)[0]
    told = np.maximum(np.abs(output - baseline_output), np.abs(scores).sum(axis=1))
    missed: FloatArray = np.abs(output - intercepts - scores.sum(axis=1)) / np.maximum(told, smallest_gap(case.value))
    return missed


def neighbourhood(
    design: Design, kernel_width: float, *, seed: int, may_draw: bool = True
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Coalitions (rows, players), their weights and the probability (at most 1) that a row was in.

    The table's own design with the empty coalition, and, unless a budget forbids it, rows of LIME's law where those
    would weigh too few samples.
    """
    players = design.keep.shape[1]
    drawn = np.zeros((0, players), dtype=bool)
    rng = np.random.default_rng((seed, 1))
    while True:
        found = _weighted(design, drawn, kernel_width)
        if design.complete or not may_draw or effective_samples(found[1]) >= wanted_samples(players):
            return found
        drawn = np.concatenate([drawn, lime_rows(players, CHUNK, rng)])


def _weighted(design: Design, drawn: BoolArray, kernel_width: float) -> tuple[BoolArray, FloatArray, FloatArray]:
    """A drawn row may repeat one of the design: both count, each at the weight of the two sources together."""
    players = design.keep.shape[1]
    ends = np.zeros((1, players), dtype=bool)
    if players == 1:  # the removed word alone has no slope: LIME's original row joins it
        ends = np.array([[False], [True]])
    keep = np.concatenate([design.keep, ends, drawn])
    by_size = np.zeros(players + 1)
    by_size[[0, players]] = 1.0
    by_size[design.keep.sum(axis=1)] = design.inclusion
    held = by_size[keep.sum(axis=1)]
    law = lime_law(keep)
    if players == 1:
        law = np.ones(2)
    expected = held + len(drawn) * law
    return keep, kernel(keep, kernel_width) * law / expected, np.minimum(expected, 1)


def kernel(keep: BoolArray, width: float) -> FloatArray:
    """lime_text's: sqrt(exp(-d²/width²)) of the cosine distance, times 100, between a row and the whole text."""
    distance = 100 * (1 - np.sqrt(keep.mean(axis=1)))
    found: FloatArray = np.sqrt(np.exp(-(distance**2) / width**2))
    return found


@on_one_thread
def standard_errors(keep: BoolArray, weights: FloatArray, inclusion: FloatArray, residuals: FloatArray) -> FloatArray:
    """Standard errors (targets, players) of weighted least squares under sampling (Binder 1983): rows that had to be
    in add nothing."""
    rows = np.concatenate([keep, np.ones((len(keep), 1), dtype=bool)], axis=1).astype(float)
    bread = np.linalg.pinv((rows * weights[:, None]).T @ rows)
    errors = []
    for residual in residuals.T:
        influence = rows * (weights * residual * np.sqrt(1 - inclusion))[:, None]
        variance = np.diag(bread @ (influence.T @ influence) @ bread)[:-1]
        errors.append(np.sqrt(np.maximum(variance, 0)))  # rounding may leave −0 where rows determine a weight
    return np.stack(errors)


def wanted_samples(players: int) -> int:
    return WANTED_PER_COEFFICIENT * (players + 1)


def effective_samples(weights: FloatArray) -> float:
    """(Σw)² / Σw² (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())
