"""Explanations over a long time: memory over 2,000 different ones, and bf16 against fp32 over 100 sentences."""

from __future__ import annotations

import gc
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import explainers
from explainers import runner
from explainers.contract import Question
from explainers.metrics.ranks import kendall_tau
from explainers.registry import build
from tests.soak.figures import Figure

MOST_GROWTH = 50  # MB over 2,000 different explanations
LEAST_AGREEMENT = 0.99  # Kendall's τ of SHAP between bf16 and fp32, the mean of 100 sentences
SUBJECTS = ("film", "script", "cast", "ending", "music", "opening", "story", "camera", "pace", "dialogue")
VERBS = ("is", "was", "seems", "feels", "becomes", "stays", "looks", "sounds", "turns", "remains")
JUDGED = ("good", "dull", "witty", "clumsy", "gorgeous", "slow", "moving", "flat", "clever", "noisy")
TAILS = ("to me", "at first", "in the end", "all along", "without a doubt")


def texts(count: int) -> list[str]:
    """Different sentences of five to eight words."""
    made = product(SUBJECTS, VERBS, JUDGED, TAILS)
    return [f"the {a} {b} {c} {d}" for (a, b, c, d), _ in zip(made, range(count), strict=False)]


def long_texts(count: int) -> list[str]:
    """Different sentences of 12 to 18 players, so that they are sampled."""
    plain = texts(5 * count)[::5]
    other = list(reversed(plain))
    return [f"{first}, but {second}" for first, second in zip(plain, other, strict=True)][:count]


def resident() -> float:
    """MB of this process in memory (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def memory_growth(model: Any, *, count: int, first: int) -> float:
    """MB that panels of `count` different texts add, after `first` others."""
    start = 0.0
    for number, text in enumerate(texts(first + count)):
        if number == first:
            gc.collect()
            start = resident()
        runner.panel(model, Question(text=text))
    gc.collect()
    return resident() - start


def agreements(model: Any, count: int) -> list[float]:
    """Kendall's τ of SHAP in bf16 with SHAP in fp32, one a sentence; each result says which arithmetic it used."""
    found = []
    for text in long_texts(count):
        both = [
            runner.explain(model, Question(text=text, precision=precision), build("shap"))
            for precision in ("fp32", "bf16")
        ]
        assert [each.precision for each in both] == ["fp32", "bf16"]
        scores = [np.asarray(each.scores)[each.row()] for each in both]
        found.append(kendall_tau(*scores) or 0.0)
    return found


def memory(folder: Path) -> list[Figure]:
    """Panels of 2,000 different texts in one process."""
    grown = memory_growth(explainers.load_model(), count=2000, first=50)
    return [Figure("memory over 2,000 different panels", grown, MOST_GROWTH, "MB")]


def precision(folder: Path) -> list[Figure]:
    """SHAP of 100 sentences in both arithmetics, where the processor has bf16 and the model's check passes."""
    found = agreements(explainers.load_model(), 100)
    return [
        Figure("1 - mean Kendall's tau, bf16 and fp32", 1 - float(np.mean(found)), 1 - LEAST_AGREEMENT),
        Figure("1 - lowest Kendall's tau", 1 - min(found)),
    ]
