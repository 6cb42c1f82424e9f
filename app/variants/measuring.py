"""Behaviour of a model on variants: how often its prediction changes, and how often it does not do what it must."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..audit.data.values import Bools, Floats, Interval, Ints
from ..audit.statistics.exact import sign_flip
from ..audit.statistics.intervals import wilson_clustered
from ..compare.flips import flips_of
from ..workbench.study.frame import Frame
from .schemas import BehaviourOut, Must, Recipe

SHOWN = 8  # examples of a failure


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """A model's answers to n variants and to the rows they were made of.

    parents (n,): numbers of those rows. recipes (n,). before, after (n,): numbers of the predicted classes, −1 without
    one. shares_before, shares_after (n, classes): probabilities. right (n, 2): whether the row and the variant are
    right; labelled (n,): whether that can be said.
    """

    classes: tuple[str, ...]
    parents: Ints
    recipes: Ints
    before: Ints
    after: Ints
    shares_before: Floats
    shares_after: Floats
    right: tuple[Bools, Bools]
    labelled: Bools


@dataclass(frozen=True, eq=False, slots=True)
class Behaviour:
    """out: without examples. failing: variants that fail, those that change the most first. change (n,): of the
    probability that the recipe goes by."""

    out: BehaviourOut
    failing: Ints
    change: Floats


def answers_of(rows: Frame, variants: Frame, parents: Ints, recipes: Ints) -> Answers:
    """rows, variants: the frames of one model. Its classes are in both in one order."""
    shares = [_shares(each) for each in (rows, variants)]
    return Answers(
        classes=variants.classes, parents=parents, recipes=recipes,
        before=rows.predicted.codes[parents].astype(np.int64), after=variants.predicted.codes.astype(np.int64),
        shares_before=shares[0][parents], shares_after=shares[1], right=(rows.right[parents], variants.right),
        labelled=rows.judged[parents] & variants.judged,
    )  # fmt: skip


def _shares(frame: Frame) -> Floats:
    """Probabilities (n, classes); NaN where they are not kept, which is so for many classes."""
    if frame.probabilities is None:
        return np.full((len(frame), len(frame.classes)), np.nan)
    return frame.probabilities.astype(np.float64)


def behaviour_of(answers: Answers, number: int, recipe: Recipe, *, chosen: int, seed: int = 0) -> Behaviour:
    """number: of the recipe. chosen: rows that it was tried on. Raises BadRequest for a class that is not there."""
    must = recipe.expected
    recipe.refuse_unknown(answers.classes)
    own = answers.recipes == number
    said = own & (answers.before >= 0) & (answers.after >= 0)
    if must in ("rise", "fall"):  # without probabilities nothing can be said of them
        said &= ~np.isnan(answers.shares_before).any(axis=1) & ~np.isnan(answers.shares_after).any(axis=1)
    asked = np.flatnonzero(said)
    parents = answers.parents[asked]
    flipped = answers.before[asked] != answers.after[asked]
    column = (
        np.full(len(asked), answers.classes.index(recipe.target)) if must in ("rise", "fall") else answers.before[asked]
    )
    change = answers.shares_after[asked, column] - answers.shares_before[asked, column]
    failed = _failed(must, flipped, change, recipe.by)
    told = np.isfinite(change)
    order = np.argsort(-np.nan_to_num(np.abs(change)), kind="stable")
    labelled = asked[answers.labelled[asked]]
    pairs = flips_of(answers.right[0][labelled], answers.right[1][labelled])
    out = BehaviourOut(
        recipe=recipe, must=must, rows=len(np.unique(answers.parents[own])),
        unchanged=chosen - len(np.unique(answers.parents[own])), n=len(asked),
        flipped=int(flipped.sum()), rate=_mean(flipped), interval=_ends(wilson_clustered(flipped, parents)),
        failed=int(failed.sum()), failure=_mean(failed), failure_interval=_ends(wilson_clustered(failed, parents)),
        change=float(change[told].mean()) if told.any() else None, labelled=len(labelled), better=pairs.better,
        worse=pairs.worse, p=_p(answers, labelled, pairs.p, seed), examples=(),
    )  # fmt: skip
    return Behaviour(out, asked[order[failed[order]]], _spread(asked, change, len(answers.parents)))


def _spread(rows: Ints, values: Floats, n: int) -> Floats:
    found = np.full(n, np.nan)
    found[rows] = values
    return found


def _failed(must: Must, flipped: Bools, change: Floats, by: float) -> Bools:
    match must:
        case "stay":
            return flipped
        case "flip":
            return ~flipped
        case "rise":
            return ~(change > by)
        case "fall":
            return ~(change < -by)


def _p(answers: Answers, rows: Ints, exact: float, seed: int) -> float | None:
    """McNemar's test supposes independent rows: where rows have several variants the signs of their sums are tested."""
    if not len(rows):
        return None
    parents = answers.parents[rows]
    _, places = np.unique(parents, return_inverse=True)
    if len(parents) == places.max() + 1:
        return exact
    first, second = (side[rows].astype(np.float64) for side in answers.right)
    return sign_flip(second - first, places, seed=seed)


def _mean(values: Bools) -> float | None:
    return float(values.mean()) if len(values) else None


def _ends(interval: Interval | None) -> tuple[float, float] | None:
    return None if interval is None else (interval.low, interval.high)
