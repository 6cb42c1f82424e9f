"""Seconds of Whence's panel and of its peers in turn, and what follows from them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

Task = Callable[[], Any]


def in_turn(
    tasks: Mapping[str, Task], *, rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each task in each round. All take part in every round, so that a busy machine is busy for all."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            started = clock()
            task()
            seconds[name].append(clock() - started)
    return seconds


def compared(ours: Sequence[float], theirs: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median of ours, the sum of the peers' medians, and how many times longer they take."""
    whence, peers = median(ours), sum(median(seconds) for seconds in theirs.values())
    return {"ratio": peers / whence, "whence_s": whence, "peers_s": peers}


def geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values))


def with_geomean(by_length: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """The rows by length and the geometric mean of their ratios."""
    return {**by_length, "geomean": geometric_mean([row["ratio"] for row in by_length.values()])}
