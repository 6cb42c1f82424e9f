"""How far estimated Shapley values are from the exact ones on the same game, ours and shap's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from .. import runner
from ..contract import BoolArray, Case, FloatArray, Model, Progress, Question, silent
from ..game.sampling import design_for
from ..game.shapley import all_coalitions, exact
from ..game.stopping import estimated
from ..methods.shap import Shap
from ..methods.shap_partition import neighbours, seeded

Game = Callable[[BoolArray], FloatArray]  # (rows, players) -> (rows,), the value of the predicted class
MOST_EXACT = 14


def relative_error(found: FloatArray, wanted: FloatArray) -> float:
    """‖found − wanted‖ / ‖wanted‖; where all wanted values are 0, ‖found‖ itself."""
    size = float(np.linalg.norm(wanted))
    return float(np.linalg.norm(found - wanted)) / (size or 1.0)


def game_of(case: Case) -> Game:
    """The case's own game: same players, masked token ids, log-odds; read through its table."""
    row = case.targets.index(case.prediction.main.index)
    return lambda keep: case.values(case.table.logits(np.asarray(keep, dtype=bool)))[:, row]


def sampled_values(case: Case, *, budget: int, seed: int) -> FloatArray:
    """Estimated from so many evaluations, neither fewer nor exact, for the predicted class."""
    scores, _ = estimated(case, design_for(case.table.players, budget, seed, exact_players=0))
    found: FloatArray = scores[case.targets.index(case.prediction.main.index)]
    return found


def whence_values(case: Case) -> FloatArray:
    """SHAP as the panel gives it, for the predicted class."""
    found = Shap().explain(case)
    assert found.scores is not None
    scores: FloatArray = found.scores[found.row()]
    return scores


def shap_values(case: Case, name: str, *, seed: int) -> FloatArray:
    """shap's Partition or Permutation explainer with its default max_evals."""
    import shap

    game, players = game_of(case), case.table.players
    with seeded(seed):
        if name == "partition":
            explainer = shap.explainers.Partition(game, _TreeMasker(players))
        else:
            explainer = shap.explainers.Permutation(game, _Masker(players), seed=seed)
        found = explainer(np.ones((1, players)), silent=True)
    return np.asarray(found.values[0], dtype=float).reshape(players)


def antithetic(game: Game, players: int, *, budget: int, seed: int) -> FloatArray:
    """Antithetic permutation sampling (Mitchell et al. 2022): random orders, each walked forwards and backwards.

    A pair of walks costs 2 (players − 1) evaluations beside whole and empty, which are counted once. The last order is
    cut where the budget ends.
    """
    rng = np.random.default_rng(seed)
    ends = game(np.array([[False] * players, [True] * players]))
    total, count, left = np.zeros(players), np.zeros(players), budget - 2
    while left >= 2 * (players - 1):
        order = rng.permutation(players)
        for walk in (order, order[::-1]):
            inner = np.tril(np.ones((players, players), dtype=bool), -1)[1:]  # first 1, 2 … n−1 of the walk
            keep = np.zeros((players - 1, players), dtype=bool)
            keep[:, walk] = inner
            values = np.concatenate([ends[:1], game(keep), ends[1:]])
            total[walk] += np.diff(values)
            count[walk] += 1
        left -= 2 * (players - 1)
    return total / np.maximum(count, 1)


def least_squares(game: Game, players: int, *, rows: int, seed: int) -> FloatArray:
    """Paired KernelSHAP without replacement (Lundberg & Lee 2017; Covert & Lee 2021): a reference that shares no
    estimator with SHAP here. Complete, by the constraint that the values add up."""
    design = design_for(players, rows, seed, 1)
    ends = game(np.array([[False] * players, [True] * players]))
    gap, sizes = float(ends[1] - ends[0]), design.keep.sum(axis=1)
    kernel = np.array([0.0] + [1 / (comb(players, s) * s * (players - s)) for s in range(1, players)])
    weights = kernel[sizes] / design.inclusion
    values = game(design.keep) - ends[0]
    # The last player is what the others leave of the gap.
    last = design.keep[:, -1].astype(float)
    rest = design.keep[:, :-1] - last[:, None]
    scaled = rest * weights[:, None]
    first = np.linalg.solve(scaled.T @ rest, scaled.T @ (values - last * gap))
    return np.append(first, gap - first.sum())


def reference(case: Case, *, rows: int) -> tuple[FloatArray, float | None]:
    """Exact values where they cost at most `rows` evaluations or there are at most 14 players, else the mean of two
    independent estimates of `rows` rows and their relative distance."""
    game, players = game_of(case), case.table.players
    if players <= MOST_EXACT or 2**players <= rows:
        keep = all_coalitions(players)
        return exact(game(keep)[:, None], keep)[:, 0], None
    first, second = (least_squares(game, players, rows=rows, seed=seed) for seed in (101, 102))
    mean = (first + second) / 2
    return mean, relative_error(first, second)


def errors_of(model: Model, text: str, *, rows: int, seeds: int, progress: Progress = silent) -> dict[str, Any]:
    """Relative errors on one text, each the mean over seeds, all in fp32; whence_bf16 against the same reference."""
    asked = Question.about(text, precision="fp32")
    progress(0.0, f"reference values of {len(text.split())} words")
    wanted, distance = reference(runner.case_of(model, asked, progress=progress), rows=rows)
    found: dict[str, list[float]] = {"whence": [], "partition": [], "permutation": []}
    for seed in range(seeds):
        progress(seed / seeds, "error over seeds")
        fresh = runner.case_of(model, asked.model_copy(update={"seed": seed}))
        found["whence"].append(relative_error(whence_values(fresh), wanted))
        for name in ("partition", "permutation"):
            found[name].append(relative_error(shap_values(runner.case_of(model, asked), name, seed=seed), wanted))
    mean: dict[str, Any] = {name: float(np.mean(listed)) for name, listed in found.items()}
    half = None
    if model.half_check is not None and model.half_check.ok:
        half = relative_error(
            whence_values(runner.case_of(model, asked.model_copy(update={"precision": "bf16"}))), wanted
        )
    return {**mean, "whence_bf16": half, "reference_distance": distance}


def seed_errors(
    model: Model, texts: Sequence[str], *, budgets: Sequence[int] = (128, 256), seeds: int, progress: Progress = silent
) -> dict[str, dict[str, float | None]]:
    """By budget: mean relative error of our estimator and of antithetic permutation, from one exact table a text."""
    found: dict[tuple[int, str], list[float]] = {}
    for position, text in enumerate(texts):
        progress(position / len(texts), "error over seeds at nine words")
        case = runner.case_of(model, Question.about(text, precision="fp32"))
        game, wanted = game_of(case), reference(case, rows=0)[0]
        for budget in budgets:
            for seed in range(seeds):
                ours = sampled_values(case, budget=budget, seed=seed)
                theirs = antithetic(game, case.table.players, budget=budget, seed=seed)
                found.setdefault((budget, "whence"), []).append(relative_error(ours, wanted))
                found.setdefault((budget, "antithetic"), []).append(relative_error(theirs, wanted))
    return {str(budget): _compared(found, budget) for budget in budgets}


def _compared(found: dict[tuple[int, str], list[float]], budget: int) -> dict[str, float | None]:
    whence, antithetic_error = (float(np.mean(found[budget, name])) for name in ("whence", "antithetic"))
    return {
        "whence": whence,
        "antithetic": antithetic_error,
        "ratio": whence / antithetic_error if antithetic_error else None,
    }


def top_overlap(scores: Sequence[FloatArray], *, top: int = 5) -> float:
    """Mean share of the strongest players, by size, that two runs have in common."""
    chosen = [set(np.argsort(-np.abs(values), kind="stable")[:top].tolist()) for values in scores]
    shares = [len(a & b) / min(top, len(scores[0])) for a, b in combinations(chosen, 2)]
    return float(np.mean(shares))


def overlap_of(model: Model, texts: Sequence[str], *, seeds: int = 5, progress: Progress = silent) -> float:
    """Top-5 overlap between seeds at default settings, the mean over texts."""
    shares = []
    for position, text in enumerate(texts):
        progress(position / len(texts), "overlap between seeds")
        runs = [whence_values(runner.case_of(model, Question.about(text, seed=seed))) for seed in range(seeds)]
        shares.append(top_overlap(runs))
    return float(np.mean(shares))


class _Masker:
    """A masker as shap wants it: rows of kept players are handed on as they are."""

    def __init__(self, players: int) -> None:
        self.shape = (1, players)
        self.invariants = None

    def __call__(self, mask: BoolArray, _row: Any) -> tuple[BoolArray]:
        return (np.asarray(mask, dtype=bool)[None],)


class _TreeMasker(_Masker):
    """With a tree of neighbouring players, for the partition explainer."""

    def __init__(self, players: int) -> None:
        super().__init__(players)
        self.clustering = neighbours(players)
