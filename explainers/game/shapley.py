"""Shapley values from a table of coalitions: exact from all of them, else the posterior mean of a Gaussian process.

Write a coalition as x in {-1, 1}^n and the game in its Walsh expansion v(x) = sum_T c_T prod_{i in T} x_i. Then
phi_i = sum over odd T containing i of 2 c_T / |T|: Shapley values are a linear functional of the odd coefficients,
and the odd part is what a coalition and its complement differ by, g(S) = (v(S) - v(complement of S)) / 2.

Prior: c_T ~ N(0, prod_{i in T} b_i) with 0 <= b_i < 1, single players c more. Its covariance is closed form,
k(x, y) = sinh(sum_i atanh(b_i) x_i y_i) up to a constant, and so is the posterior mean of phi given the evaluated
pairs (Bayesian quadrature, O'Hagan 1991). It interpolates every pair, so it is complete, and it uses what weighted
least squares (KernelSHAP, Lundberg & Lee 2017) takes for noise. How fast effects fall with their order, and how far
strong players interact more, is chosen by the marginal likelihood. Measured: docs/decisions/0006 and 0017.

Standard errors also count what the prior does not foresee: effects of high orders that fall more slowly, and the
rounding of bf16. Both look like noise on the pairs, whose size the marginal likelihood chooses. A process that
interpolates says too little of its error, one that takes all of that for noise too much: the geometric mean of the two
is what was seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product
from math import comb, sqrt
from typing import Any

import numpy as np

from ..contract import BoolArray, FloatArray
from .threads import on_one_thread

TRIPLES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # variance of all triples over that of all single players
SINGLES = (0.0, 3.0)  # variance of a single player beyond what the product law gives it
CONTRASTS = (0.5, 1.0)  # how far a player with a large value is taken to interact more
NOISES = (1e-4, 1e-3)  # variance of noise over that of a pair
FLOOR = 0.15  # of the mean size: a player without an effect of its own may still interact
LARGEST = 0.95
JITTER = 1e-9
MOST_PAIRS = 2048  # fitted together: 32 MB and a tenth of a second a fit
NODES, WEIGHTS = (half for half in np.polynomial.legendre.leggauss(12))
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2  # Gauss-Legendre on [0, 1]
SQUARE_NODES, SQUARE_WEIGHTS = np.outer(NODES, NODES).ravel(), np.outer(WEIGHTS, WEIGHTS).ravel()


@on_one_thread
def exact(values: FloatArray, keep: BoolArray) -> FloatArray:
    """Shapley values (players, targets) from the values (2^n, targets) of all coalitions `keep` (2^n, players)."""
    players = keep.shape[1]
    sizes = keep.sum(axis=1)
    inside = np.array([0.0] + [1 / (players * comb(players - 1, s - 1)) for s in range(1, players + 1)])
    outside = np.array([1 / (players * comb(players - 1, s)) for s in range(players)] + [0.0])
    weights = np.where(keep, inside[sizes][:, None], -outside[sizes][:, None])  # (2^n, players)
    found: FloatArray = weights.T @ values
    return found


@lru_cache(maxsize=16)
def all_coalitions(players: int) -> BoolArray:
    """(2^n, n), in binary order: the first row is empty, the last is whole."""
    keep: BoolArray = ((np.arange(2**players)[:, None] >> np.arange(players)) & 1).astype(bool)
    return keep


def estimate(
    keep: BoolArray, odd: FloatArray, *, pause: Callable[[], None] = lambda: None
) -> tuple[FloatArray, FloatArray]:
    """Shapley values and their standard errors, both (players, targets), from pairs of complements.

    keep: (pairs, players), one coalition of each pair, the last of them the whole.
    odd: (pairs, targets), g = (v(S) - v(complement of S)) / 2.
    pause: called between fits; what it raises ends the work.
    More than MOST_PAIRS are fitted in parts, each with the whole, and averaged: memory grows with the square of what is
    fitted together and time with the cube.
    """
    parts = -(-len(keep) // MOST_PAIRS)
    found = []
    for part in range(parts):
        rows = np.arange(part, len(keep) - 1, parts)
        rows = np.append(rows, len(keep) - 1)
        found.append(_estimated(keep[rows], odd[rows], pause))
    scores, errors = (np.array(each) for each in zip(*found, strict=True))
    return scores.mean(axis=0), np.sqrt((errors**2).mean(axis=0) / parts)


def _linalg() -> Any:
    """Loaded with the first fit: 17 MB that a process which only lists the methods has no use for."""
    from scipy import linalg

    return linalg


def _estimated(keep: BoolArray, odd: FloatArray, pause: Callable[[], None]) -> tuple[FloatArray, FloatArray]:
    signs = np.where(keep, 1.0, -1.0)
    fit = partial(_paused_fit, pause, signs, odd)
    best = _best(fit, np.ones(keep.shape[1]))
    mean = best.mean()
    noisy = [fit(best.importance, *law, best.singles) for law in product(TRIPLES, NOISES)]
    doubting = max([best, *noisy], key=lambda fit: fit.evidence)
    return mean, np.sqrt(best.spread() * doubting.spread())


def _best(fit: Callable[..., _Posterior], even: FloatArray) -> _Posterior:
    """The interpolating fit of most evidence: first with equal players, then with strong players interacting most."""
    fits = [fit(even, triples, 0.0, singles) for triples, singles in product(TRIPLES, SINGLES)]
    first = max(fits, key=lambda fit: fit.evidence)
    size = np.abs(first.mean()).mean(axis=1)
    if size.any():
        relative = size / size.mean() + FLOOR
        contrasts = product(TRIPLES, CONTRASTS)
        fits = [fit(relative**contrast, triples, 0.0, first.singles) for triples, contrast in contrasts]
    return max([first, *fits], key=lambda fit: fit.evidence)


def _paused_fit(pause: Callable[[], None], *asked: Any) -> _Posterior:
    pause()
    return _fit(*asked)


@on_one_thread
def _fit(
    signs: FloatArray, odd: FloatArray, importance: FloatArray, triples: float, noise: float, singles: float
) -> _Posterior:
    players = signs.shape[1]
    slope = sqrt(6 * triples / max((players - 1) * (players - 2), 1))  # C(n, 3) b^3 = triples * n b
    strength = np.minimum(slope * importance / importance.mean(), LARGEST)
    kernel = covariance(signs, signs, strength, singles)
    added = np.append(np.full(len(odd) - 1, noise), 0.0) + JITTER  # the whole, in fp32, has no noise
    kernel[np.diag_indices_from(kernel)] *= 1 + added
    linalg = _linalg()
    factor = linalg.cho_factor(kernel, lower=True, check_finite=False)
    white = linalg.solve_triangular(factor[0], odd, lower=True, check_finite=False)
    variance = np.maximum((white**2).mean(axis=0), np.finfo(float).tiny)
    moved = variance[odd.any(axis=0)]  # a target that nothing moves would speak for the smoothest law
    surprise = 0.5 * float(np.log(moved).mean()) if len(moved) else 0.0
    evidence = -len(odd) * (surprise + float(np.log(np.diag(factor[0])).mean()))
    solved = linalg.cho_solve(factor, odd, check_finite=False)
    return _Posterior(signs, importance, strength, singles, factor, solved, variance, evidence)


@dataclass(frozen=True, slots=True)
class _Posterior:
    signs: FloatArray  # (pairs, players)
    importance: FloatArray  # (players,)
    strength: FloatArray  # b, (players,)
    singles: float
    factor: tuple[FloatArray, bool]
    solved: FloatArray  # K^-1 g, (pairs, targets)
    variance: FloatArray  # of the process, (targets,)
    evidence: float  # log marginal likelihood up to a constant, mean over targets that move

    @on_one_thread
    def mean(self) -> FloatArray:
        found: FloatArray = self._cross() @ self.solved
        return found

    @on_one_thread
    def spread(self) -> FloatArray:
        """Posterior standard deviation of each value, (players, targets)."""
        cross = self._cross()
        explained = (cross.T * _linalg().cho_solve(self.factor, cross.T, check_finite=False)).sum(axis=0)
        prior = (
            4 * self.strength * (_even_integral(self.strength[None], SQUARE_NODES, SQUARE_WEIGHTS)[0] + self.singles)
        )
        found: FloatArray = np.sqrt(np.maximum(prior - explained, 0)[:, None] * self.variance[None])
        return found

    def _cross(self) -> FloatArray:
        return cross_covariance(self.signs, self.strength, self.singles)


def covariance(first: FloatArray, second: FloatArray, strength: FloatArray, singles: float) -> FloatArray:
    """Covariance of g at two sets of coalitions (first, second), both in signs (rows, players)."""
    inner = (first * np.arctanh(strength)) @ second.T
    scale = np.exp(0.5 * np.log1p(-(strength**2)).sum())
    found: FloatArray = scale * np.sinh(inner) + singles * (first * strength) @ second.T
    return found


def cross_covariance(signs: FloatArray, strength: FloatArray, singles: float) -> FloatArray:
    """Covariance of phi_i and g(x), (players, rows): sum over odd T containing i of 2/|T| prod b_j x_j."""
    scaled = signs * strength
    found: FloatArray = (2 * scaled * (_even_integral(scaled, NODES, WEIGHTS) + singles)).T
    return found


def _even_integral(scaled: FloatArray, nodes: FloatArray, weights: FloatArray) -> FloatArray:
    """Integral over t of the even part of prod_{j != i} (1 + t scaled_j), (rows, players).

    t^(|T|-1) integrates to 1/|T| over [0, 1]; with t = rs over the unit square to 1/|T|^2.
    """
    both, halves = np.concatenate([nodes, -nodes]), np.concatenate([weights, weights]) / 2
    if len(scaled) == 1:  # many nodes, in one piece
        factors = 1 + both[:, None] * scaled
        found: FloatArray = ((halves * factors.prod(axis=1))[:, None] / factors).sum(axis=0, keepdims=True)
        return found
    total = np.zeros_like(scaled)
    for node, weight in zip(both, halves, strict=True):
        factors = 1 + node * scaled
        total += weight * factors.prod(axis=1, keepdims=True) / factors
    return total
