"""Every registered method on both tasks: the table that `whence selftest` prints and the page shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from .. import runner
from ..contract import Attribution, Progress, Question, silent
from ..registry import build
from .answers import answer_table
from .scoring import pair_auprc, word_auprc
from .task import LENGTH, TASKS, Sample, TaskName, judged_samples
from .training import Trained, train

RESULTS = Path(__file__).parent / "results.json"
FLOOR = 0.95
HELD: Mapping[TaskName, tuple[str, ...]] = {
    "word": ("shap", "lime", "integrated-gradients"),
    "pair": ("shap",),
}
TEXTS = 20  # judged texts a task and seed
SEEDS = 3
INTERACTIONS = "interactions"
PAIRED: tuple[TaskName, ...] = ("both", "pair")
MEASURES: Mapping[TaskName, Callable[[Attribution, tuple[int, ...]], float | None]] = {
    "word": word_auprc,
    "both": pair_auprc,
    "pair": pair_auprc,
}


def run_selftest(*, seeds: int = SEEDS, texts: int = TEXTS, progress: Progress = silent) -> dict[str, Any]:
    """Mean AUPRC of each method on each task, over `texts` texts for each of `seeds` models a task.

    In the tasks of two words SHAP answers with its interactions between players where that method is registered; what
    its scores alone find is then under "both_by_words" and "pair_by_words". None: the method does not rank words, or
    pairs. answers: the same of language models, where the source of every word they say is known (answers.py).
    """
    found: dict[str, dict[str, list[float | None]]] = {}
    accuracy: dict[str, list[float]] = {task: [] for task in TASKS}
    runs = [(task, seed) for task in TASKS for seed in range(seeds)]
    for position, (task, seed) in enumerate(runs):
        progress(0.8 * position / len(runs), f"training on the {task} task, seed {seed}")
        trained = train(task, seed=seed)
        accuracy[task].append(trained.accuracy)
        for name, value in _judge(trained, task, seed=seed, texts=texts):
            found.setdefault(name, {}).setdefault(task, []).append(value)
    answers = answer_table(seeds=seeds, texts=texts, progress=lambda done, note="": progress(0.8 + 0.2 * done, note))
    progress(1.0, "done")
    methods: dict[str, dict[str, float | None]] = {
        name: {task: _mean(by_task.get(task, [])) for task in TASKS} for name, by_task in found.items()
    }
    return {
        "methods": _with_interactions(methods),
        "answers": answers,
        "accuracy": {task: fmean(shares) for task, shares in accuracy.items()},
        "floor": FLOOR,
        "held": {task: list(names) for task, names in HELD.items()},
        "seeds": seeds,
        "texts": texts,
        "players": LENGTH,
    }


def missed(table: Mapping[str, Any]) -> list[str]:
    """The held figures that are below the floor, in words; empty when the test is passed."""
    figures = {(name, task): table["methods"][name][task] for task, names in HELD.items() for name in names}
    figures |= {(name, task): value for task, by in table["answers"].items() for name, value in by.items()}
    return [
        f"{name} reaches {value} on the {task} task, at least {FLOOR} is wanted"
        for (name, task), value in figures.items()
        if value is None or not value >= FLOOR
    ]


@cache
def selftest_results() -> dict[str, Any]:
    """The table of the last run that was stored with the package."""
    stored: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return stored


def _judge(trained: Trained, task: TaskName, *, seed: int, texts: int) -> list[tuple[str, float | None]]:
    names = runner.offered(trained.model)
    values: dict[str, list[float | None]] = {name: [] for name in names}
    for sample in judged_samples(task, texts, np.random.default_rng((seed, 1, TASKS.index(task)))):
        for name, explained in _explained(trained, sample, names, seed=seed).items():
            values[name].append(MEASURES[task](explained, sample.planted))
    return [(name, _mean(listed)) for name, listed in values.items()]


def _explained(trained: Trained, sample: Sample, names: tuple[str, ...], *, seed: int) -> dict[str, Attribution]:
    """Every method from one table, for the class that the planted words decide, without the measures of a panel."""
    question = Question.about(sample.text, precision="fp32", players="word", seed=seed)
    case = runner.case_of(trained.model, question)
    return {name: build(name).explain(case) for name in names}


def _with_interactions(methods: dict[str, dict[str, float | None]]) -> dict[str, dict[str, float | None]]:
    joint, shap = methods.get(INTERACTIONS), methods.get("shap")
    if joint is None or shap is None:
        return methods
    by_words = {f"{task}_by_words": shap[task] for task in PAIRED}
    return {**methods, "shap": {**shap, **{task: joint[task] for task in PAIRED}, **by_words}}


def _mean(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return fmean(there) if there else None
