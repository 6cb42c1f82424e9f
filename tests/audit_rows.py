"""Rows and groups drawn at random, for tests and figures of the audit library."""

from __future__ import annotations

import numpy as np

from app.audit.data.groups import Membership, from_mentions
from app.audit.data.values import Bools, Rows


def partition(groups: int, size: int) -> Membership:
    """Groups of one size that share no row."""
    of = np.repeat(np.arange(groups), size)
    return named(of[:, None] == np.arange(groups))


def overlapping(groups: int, size: int, rng: np.random.Generator, *, share: float = 0.3) -> Membership:
    """Every row is of one group, and of each other one with a small probability."""
    inside = partition(groups, size).inside
    return named(inside | (rng.random(inside.shape) < share / groups))


def named(inside: Bools) -> Membership:
    names = [f"group {g}" for g in range(inside.shape[1])]
    return from_mentions(names, ["axis"] * len(names), inside)


def rows(n: int, rng: np.random.Generator, *, prevalence: float = 0.5, ties: bool = False) -> Rows:
    """Labels, and scores that know something of them; with ties only ten different scores."""
    labels = rng.random(n) < prevalence
    scores = 1 / (1 + np.exp(-(rng.normal(size=n) + 2 * labels - 1)))
    return Rows(np.round(scores, 1) if ties else scores, labels)
