"""How far does a map depend on chance? The same question asked again with other seeds, and what the answers share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..contract import Attribution, FloatArray
from ..errors import BadInput
from .agreement import order_agreement
from .ranks import is_signed

STILL = 1e-3  # of the largest score: smaller moves are those of arithmetic
PAINTED = 0.1  # of the largest score: a smaller one has no colour on a heat map


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Scores of one class over several answers to one question.

    scores: (runs, features). taus: Kendall's τ-b of every two runs, without those that do not exist (constant scores).
    strongest: the feature that has the largest size in most runs, `times` of them; None where all scores are 0.
    turned: features that one run paints for the class and another against it. still: no score moves by more than a
    thousandth of the largest one.
    """

    scores: FloatArray
    taus: tuple[float, ...]
    strongest: int | None
    times: int
    turned: tuple[int, ...]
    still: bool

    @property
    def runs(self) -> int:
        return len(self.scores)

    @property
    def low(self) -> FloatArray:
        """The least score of each feature (features,)."""
        found: FloatArray = self.scores.min(axis=0)
        return found

    @property
    def high(self) -> FloatArray:
        """The largest score of each feature (features,)."""
        found: FloatArray = self.scores.max(axis=0)
        return found

    @property
    def least_tau(self) -> float | None:
        """The rank correlation of the two runs that differ most; None where none exists."""
        return min(self.taus, default=None)


def spread(answers: Sequence[Attribution], target: int | str | None = None) -> Spread:
    """Spread of the scores of a class (by default the predicted one) over answers of one method to one question.

    Raises BadInput for fewer than two answers, for answers without scores and for those of different features, and
    KeyError for a class that one of them leaves out.
    """
    rows = [found.scores[found.row(target)] for found in answers if found.scores is not None]
    if len(rows) < 2 or len(rows) < len(answers):
        raise BadInput(f"a spread needs two or more answers with scores; there are {len(rows)} of {len(answers)}")
    if len({(found.method.name, found.features) for found in answers}) > 1:
        raise BadInput("the answers are of different methods or features; ask one question with several seeds")
    scores = np.stack(rows).astype(np.float64)
    return _spread(scores, signed=is_signed(answers[0]))


def _spread(scores: FloatArray, *, signed: bool) -> Spread:
    sizes = np.abs(scores)
    tops = sizes.max(axis=1, initial=0.0, keepdims=True)
    painted = sizes >= PAINTED * np.maximum(tops, np.finfo(np.float64).tiny)
    turned = (painted & (scores > 0)).any(axis=0) & (painted & (scores < 0)).any(axis=0)
    known = Counter(int(row.argmax()) for row in sizes if row.size and row.max() > 0).most_common(1)
    taus = (order_agreement(first, second, signed) for first, second in combinations(scores, 2))
    return Spread(
        scores=scores,
        taus=tuple(tau for tau in taus if tau is not None),
        strongest=known[0][0] if known else None,
        times=known[0][1] if known else 0,
        turned=tuple(int(k) for k in np.flatnonzero(turned)),
        still=bool(np.ptp(scores, axis=0).max(initial=0.0) <= STILL * tops.max(initial=0.0)),
    )
