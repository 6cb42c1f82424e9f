"""Shapley values and interactions of a game that is an inner product, v(S, T) = f(S) · g(T).

S are players of the first side, T of the second. Let every player be there with probability q and write F(q) = E f(S)
and G(q) = E g(T). Then φ_i = ∫ ∂_i F · G dq over [0, 1] for a player of the first side (Owen 1972), and the Shapley
interaction index is ∫ ∂_i F · ∂_j G dq between the sides and ∫ ∂_ij F · G dq within one (Grabisch & Roubens 1999).
The integrands are polynomials of a degree below n + m, which Gauss-Legendre nodes integrate without error: all
2^n + 2^m vectors give what brute force over 2^(n + m) pairs gives.

A side with more players is sampled in pairs of complements (sampling.py). A polynomial of the second order is fitted to
its vectors and differentiated exactly; what it leaves is averaged, each row divided by the probability with which it
was drawn, so that the fit takes out noise and adds no error of its own. Standard errors are a jackknife over groups of
pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..contract import BoolArray, FloatArray
from .sampling import Design, design_for
from .shapley import all_coalitions
from .threads import on_one_thread

MOST_NODES = 32  # exact up to 64 players; beyond, the polynomial is smooth
GROUPS = 10  # of the jackknife
PER_COLUMN = 3  # rows for each number fitted, at least; else the fit has no products
RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Coalitions:
    """Sets of one side's players, `keep` (rows, players), and the probability (rows,) with which each was drawn.

    pair: (rows,) the number of the pair of complements that a row belongs to, −1 for a row that is certain.
    """

    keep: BoolArray
    inclusion: FloatArray
    pair: np.ndarray[tuple[int], np.dtype[np.int64]]

    @property
    def complete(self) -> bool:
        """Every set is there: nothing is left to chance."""
        return bool(len(self.keep) == 2 ** self.keep.shape[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductValues:
    """Shapley values (players,) and interaction indices of pairs (players, players), diagonal zero, of both sides in
    one row, those of the first before those of the second; the standard errors are None where nothing is sampled."""

    scores: FloatArray
    pairs: FloatArray
    score_errors: FloatArray | None = None
    pair_errors: FloatArray | None = None


def coalitions_of(players: int, *, budget: int, seed: int, exact_players: int) -> Coalitions:
    """All sets of up to `exact_players` players, else pairs of complements within the budget, empty and whole first.

    Raises ValueError where the budget does not reach every size of a set: an estimate would have no part of them.
    """
    if players <= exact_players:
        keep = all_coalitions(players)
        return Coalitions(keep, np.ones(len(keep)), np.full(len(keep), -1))
    if budget < least_budget(players):
        raise ValueError(f"{players} players need a budget of {least_budget(players)} at least")
    drawn = design_for(players, budget, seed, exact_players)
    ends = np.array([np.zeros(players, dtype=bool), np.ones(players, dtype=bool)])
    half = len(drawn.keep) // 2
    return Coalitions(
        np.concatenate([ends, drawn.keep]),
        np.concatenate([np.ones(2), drawn.inclusion]),
        np.concatenate([[-1, -1], np.tile(_numbered(drawn, half), 2)]),
    )


def least_budget(players: int) -> int:
    """Rows below which a side of so many players is not estimated: two pairs of every size."""
    return 2 * players + 2


def _numbered(drawn: Design, half: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Pairs that were drawn by chance, numbered in order; −1 for those of a size that is complete."""
    chance = drawn.inclusion[:half] < 1
    return np.where(chance, np.cumsum(chance) - 1, -1)


@dataclass(frozen=True, slots=True)
class Side:
    """One side's sets of players and the vector (rows, width) that each gives."""

    coalitions: Coalitions
    vectors: FloatArray

    @property
    def whole(self) -> FloatArray:
        """The vector (width,) with every player."""
        return self._end(True)

    @property
    def empty(self) -> FloatArray:
        """The vector (width,) without any."""
        return self._end(False)

    def _end(self, kept: bool) -> FloatArray:
        row: FloatArray = self.vectors[(self.coalitions.keep == kept).all(axis=1).argmax()]
        return row


@on_one_thread
def product_values(first: Side, second: Side, *, pause: Callable[[], None] = lambda: None) -> ProductValues:
    """Every player's Shapley value and every pair's interaction.

    pause: called between the parts of the work; what it raises ends it.
    """
    scores, pairs = _valued(first, second, None)
    if first.coalitions.complete and second.coalitions.complete:
        return ProductValues(scores=scores, pairs=pairs)
    left_out = []
    for group in range(GROUPS):
        pause()
        left_out.append(_valued(first, second, group))
    score_errors, pair_errors = (_jackknifed(np.array(each)) for each in zip(*left_out, strict=True))
    return ProductValues(
        scores=_completed(first, second, scores, score_errors),
        pairs=pairs,
        score_errors=score_errors,
        pair_errors=pair_errors,
    )


def _jackknifed(estimates: FloatArray) -> FloatArray:
    found: FloatArray = np.sqrt((GROUPS - 1) * estimates.var(axis=0))
    return found


def _completed(first: Side, second: Side, scores: FloatArray, errors: FloatArray) -> FloatArray:
    """Complete the scores: what they lack of v(whole) − v(empty) goes to the players in proportion to their doubt."""
    gap = first.whole @ second.whole - first.empty @ second.empty - scores.sum()
    doubt = errors**2 + np.finfo(float).tiny
    completed: FloatArray = scores + doubt / doubt.sum() * gap
    return completed


def _valued(first: Side, second: Side, left_out: int | None) -> tuple[FloatArray, FloatArray]:
    """Scores and pairs, without one group of the sampled pairs where it is named."""
    one, other = _Moments(first, left_out), _Moments(second, left_out)
    n, m = one.players, other.players
    scores, pairs = np.zeros(n + m), np.zeros((n + m, n + m))
    nodes, weights = np.polynomial.legendre.leggauss(min(-(-(n + m) // 2), MOST_NODES))
    for q, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        here, there = one.at(q), other.at(q)
        scores[:n] += weight * (here.slopes @ there.mean)
        scores[n:] += weight * (there.slopes @ here.mean)
        pairs[:n, n:] += weight * (here.slopes @ there.slopes.T)
        pairs[:n, :n] += weight * here.curvature(there.mean)
        pairs[n:, n:] += weight * there.curvature(here.mean)
    pairs[n:, :n] = pairs[:n, n:].T
    np.fill_diagonal(pairs, 0)
    return scores, (pairs + pairs.T) / 2  # symmetric to the last bit


@dataclass(frozen=True, slots=True)
class _At:
    """F(q) (width,), ∂_i F(q) (players, width), and ∂_ij F(q) · direction (players, players)."""

    mean: FloatArray
    slopes: FloatArray
    curvature: Callable[[FloatArray], FloatArray]


class _Moments:
    """The multilinear extension of one side: a fitted polynomial, and weighted means of what it leaves."""

    def __init__(self, side: Side, left_out: int | None) -> None:
        sets = side.coalitions
        kept = np.ones(len(sets.keep), dtype=bool)
        if left_out is not None:
            kept = (sets.pair < 0) | (sets.pair % GROUPS != left_out)
        self.keep = sets.keep[kept].astype(float)
        self.players = sets.keep.shape[1]
        self.sizes = self.keep.sum(axis=1)
        before = np.bincount(sets.keep.sum(axis=1), minlength=self.players + 1)
        after = np.bincount(self.sizes.astype(int), minlength=self.players + 1)
        shares = (after / np.maximum(before, 1))[self.sizes.astype(int)]
        self.inclusion = sets.inclusion[kept] * shares
        vectors = side.vectors[kept]
        self.fit = None if sets.complete else _Polynomial(self.keep, vectors)
        self.rest = vectors if self.fit is None else vectors - self.fit.values(self.keep)

    def at(self, q: float) -> _At:
        weights = q**self.sizes * (1 - q) ** (self.players - self.sizes) / self.inclusion
        weights /= weights.sum()
        moved = (self.keep - q) / (q * (1 - q))
        mean, slopes = weights @ self.rest, (moved * weights[:, None]).T @ self.rest
        if self.fit is not None:
            mean, slopes = mean + self.fit.mean(q), slopes + self.fit.slopes(q)

        def curvature(direction: FloatArray) -> FloatArray:
            along = weights * (self.rest @ direction)
            curved: FloatArray = (moved * along[:, None]).T @ moved
            return curved if self.fit is None else curved + self.fit.curvature(direction)

        return _At(mean, slopes, curvature)


class _Polynomial:
    """a + Σ b_i x_i + (Σ c_i x_i)(Σ x_j) / n, fitted by least squares to vectors (rows, width).

    Multilinear, with x_i² = x_i: singles s_i = b_i + c_i / n and pairs (c_i + c_j) / n.
    """

    def __init__(self, keep: FloatArray, vectors: FloatArray) -> None:
        rows, players = keep.shape
        self.players = players
        self.with_products = rows >= PER_COLUMN * (2 * players + 1)
        columns = self._columns(keep)
        moment = columns.T @ columns
        moment[np.diag_indices_from(moment)] += RIDGE * rows
        self.coefficients = np.linalg.solve(moment, columns.T @ vectors)
        products = self.coefficients[1 + players :]
        self.product = products if self.with_products else np.zeros_like(self.coefficients[1 : 1 + players])
        self.single = self.coefficients[1 : 1 + players] + self.product / players

    def _columns(self, keep: FloatArray) -> FloatArray:
        parts = [np.ones((len(keep), 1)), keep]
        if self.with_products:
            parts.append(keep * keep.mean(axis=1, keepdims=True))
        return np.concatenate(parts, axis=1)

    def values(self, keep: FloatArray) -> FloatArray:
        fitted: FloatArray = self._columns(keep) @ self.coefficients
        return fitted

    def mean(self, q: float) -> FloatArray:
        pairs = (self.players - 1) * self.product.sum(axis=0) / self.players  # Σ over i < j of (c_i + c_j) / n
        found: FloatArray = self.coefficients[0] + q * self.single.sum(axis=0) + q**2 * pairs
        return found

    def slopes(self, q: float) -> FloatArray:
        others = (self.players - 2) * self.product + self.product.sum(axis=0)  # Σ over j ≠ i of c_i + c_j
        found: FloatArray = self.single + q * others / self.players
        return found

    def curvature(self, direction: FloatArray) -> FloatArray:
        along = self.product @ direction / self.players
        found: FloatArray = along[:, None] + along[None]
        return found
