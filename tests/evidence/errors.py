"""Stated errors of sampled Shapley values against the true ones, on texts whose coalitions are all known.

Coverage of ± 1.96 standard errors by budget and arithmetic, and how often a text that stopped early is past the error
that was aimed at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from explainers import Model, Question, load_model
from explainers.contract import Accuracy, Arithmetic, Case, Encoded, FloatArray, HalfCheck, Precision
from explainers.game import stopping
from explainers.game.shapley import all_coalitions, exact
from explainers.runner import case_of
from explainers.testing import LinearModel
from tests.evidence.texts import texts_of

BUDGETS = (64, 128, 256, 512)
ARITHMETICS: tuple[Arithmetic, ...] = ("fp32", "bf16")
PRECISIONS: tuple[Precision, ...] = (*ARITHMETICS, "auto")  # auto: bf16 until it would err more than sampling
AIMED: tuple[Accuracy, ...] = ("draft", "normal")
CHUNK = 64


@dataclass(frozen=True)
class Known:
    """A text's game: logits (2^n, labels) of all coalitions in binary order, in each arithmetic."""

    players: int
    labels: tuple[str, ...]
    head: Any
    fp32: FloatArray
    bf16: FloatArray


class KnownModel(LinearModel):
    """A model that looks up what another one said of one text."""

    half_check = HalfCheck(supported=True, rank_agreement=1.0, value_error=0.0)

    def __init__(self, known: Known) -> None:
        super().__init__({})
        self.known, self.labels, self.head = known, known.labels, known.head

    def outputs(self, inputs: Encoded, keep: Any, *, precision: Arithmetic = "fp32") -> FloatArray:
        found: FloatArray = getattr(self.known, precision)[keep @ (1 << np.arange(self.known.players))]
        return found

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        return np.concatenate([self.known.fp32[-1:] for _ in inputs])


def errors(folder: Path, *, texts: int = 12, words: tuple[int, int] = (11, 11), seeds: int = 2) -> dict[str, Any]:
    """Both embedded models, each on so many training texts."""
    found = {}
    for id in ("sentiment", "toxicity"):
        model = load_model(id)
        games = (_stored(folder / f"{id}-{n}.npz", model, text) for n, text in enumerate(_texts(model, texts, words)))
        found[id] = figures(games, seeds=seeds)
    return found


def _texts(model: Model, count: int, words: tuple[int, int]) -> list[str]:
    """Texts with as many players as they have words."""
    found = texts_of(model.id, words=words, count=8 * count)
    fitting = [text for text in found if words[0] <= len(model.encode(Question.about(text)).features) <= words[1]]
    return fitting[:count]


def _stored(path: Path, model: Model, text: str) -> Known:
    inputs = model.encode(Question.about(text))
    players = len(inputs.features)
    if not path.exists():
        keep = all_coalitions(players)
        said = {
            precision: np.concatenate(
                [model.outputs(inputs, keep[at : at + CHUNK], precision=precision) for at in range(0, len(keep), CHUNK)]
            )
            for precision in ARITHMETICS
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, **said)
        part.rename(path)
    with np.load(path) as held:
        return Known(players, model.labels, model.head, held["fp32"], held["bf16"])


def figures(games: Iterable[Known], *, seeds: int, budgets: Sequence[int] = BUDGETS) -> dict[str, Any]:
    """covered: share of the players of the main target, by arithmetic and budget. past: share of the texts that stopped
    early, by what was aimed at; early: how many did. error: median relative error, by arithmetic and budget."""
    inside: dict[str, list[float]] = defaultdict(list)
    off: dict[str, list[float]] = defaultdict(list)
    past: dict[str, list[bool]] = defaultdict(list)
    for known in games:
        for precision in PRECISIONS:
            for seed in range(seeds):
                for rows, case in _spending(known, precision, seed, budgets):
                    scores, stated, truth = _main(case)
                    inside[f"{precision} {rows}"] += (np.abs(scores - truth) <= 1.96 * stated).tolist()
                    off[f"{precision} {rows}"].append(_relative(scores, truth))
                for accuracy in AIMED:
                    case = _case(known, precision, seed, accuracy=accuracy)
                    scores, _, truth = _main(case)
                    if len(stopping.sampled(case).design.keep) + 2 < stopping.budget_of(case):
                        past[f"{precision} {accuracy}"].append(_relative(scores, truth) > stopping.TARGETS[accuracy])
    return {
        "covered": {name: round(float(np.mean(each)), 4) for name, each in inside.items()},
        "error": {name: round(float(np.median(each)), 4) for name, each in off.items()},
        "past": {name: round(float(np.mean(each)), 4) for name, each in past.items()},
        "early": {name: len(each) for name, each in past.items()},
    }


def _spending(known: Known, precision: Precision, seed: int, budgets: Sequence[int]) -> Iterator[tuple[int, Case]]:
    """The text with each budget, all of which is spent."""
    for rows in budgets:
        case = _case(known, precision, seed, budget=rows)
        with mock.patch.dict(stopping.TARGETS, normal=1e-12):
            stopping.sampled(case)
        yield rows, case


def _case(known: Known, precision: Precision, seed: int, **asked: Any) -> Case:
    text = " ".join(f"w{number}" for number in range(known.players))
    case = case_of(KnownModel(known), Question.about(text, precision=precision, seed=seed, **asked))
    return replace(case, most_exact=1)


def _main(case: Case) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Scores, standard errors and true values of the main target, each (players,)."""
    row = case.targets.index(case.prediction.main.index)
    found = stopping.sampled(case)
    model = case.model
    assert isinstance(model, KnownModel)
    truth = exact(case.values(model.known.fp32), all_coalitions(model.known.players))
    return found.scores[row], found.errors[row], truth[:, row]


def _relative(scores: FloatArray, truth: FloatArray) -> float:
    return float(np.linalg.norm(scores - truth) / np.linalg.norm(truth))
