"""Slices that are found: a planted one comes first, and chance announces none."""

from __future__ import annotations

import numpy as np
import pytest

from app.workbench.study.figures import corrected, figures_of
from app.workbench.study.finder import deviance, find, halves_of
from app.workbench.study.frame import Frame, Named
from app.workbench.study.language import Contains, conditions, written
from app.workbench.study.saying import said

CLASSES = ("no", "yes")
VOCABULARY = [f"w{number}" for number in range(120)]


def made(seed: int, rows: int, *, planted: str | None = None, share: float = 0.03, group: bool = False) -> Frame:
    """Random texts of a skewed vocabulary; 12 % of the predictions are wrong, and nearly all of the planted rows."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, len(VOCABULARY) + 1)
    texts = [" ".join(rng.choice(VOCABULARY, size=rng.integers(3, 20), p=weights / weights.sum())) for _ in range(rows)]
    labels, wrong = rng.integers(0, 2, rows), rng.random(rows) < 0.12
    where = rng.choice(rows, int(share * rows), replace=False)
    source = np.zeros(rows, dtype=np.int64)
    if planted is not None:
        for row in where:
            texts[row] = f"{texts[row]} {planted}"
        wrong[where] = rng.random(len(where)) < 0.9
    if group:
        source[where] = 1
        wrong[where] = rng.random(len(where)) < 0.5
    return Frame(
        texts=texts, classes=CLASSES, label=Named(CLASSES, labels),
        predicted=Named(CLASSES, np.where(wrong, 1 - labels, labels)), confidence=rng.random(rows),
        groups={"source": Named(("a", "b"), source)},
    )  # fmt: skip


def test_a_planted_word_comes_first() -> None:
    """Three of a hundred rows hold a word that turns the label: in every one of 20 data sets, first and confirmed."""
    first = 0
    for seed in range(20):
        found = find(made(seed, 1_000, planted="zorbly"), seed=seed)
        best = found.candidates[0]
        first += best.confirmed and Contains("zorbly") in conditions(best.condition)

    assert first >= 18


def test_chance_announces_nothing() -> None:
    """Forty data sets whose errors have nothing to do with the texts; the figure over 200 is in docs/datasets.md."""
    announced = sum(bool(find(made(1_000 + seed, 400), seed=seed).announced) for seed in range(40))

    assert announced <= 4  # of 40 at 5 % or less: 5 would be seen in under 5 % of runs


def test_a_group_is_found_with_figures_of_the_other_half() -> None:
    """The search does not see the half that the figures are of; texts of the same words are in one half."""
    frame = made(5, 2_000, share=0.15, group=True)
    found = find(frame, seed=1)
    first, second = halves_of(frame, seed=1)
    best = found.announced[0]

    assert said(best.condition) == "source “b”"
    assert not (first & second).any()
    assert (first | second).sum() == frame.judged.sum() == sum(found.halves)
    mask = frame.groups["source"].equals("b")
    assert best.held.n == int((second & mask).sum())
    assert best.held.right == int((second & mask & frame.right).sum())
    assert all(second[row] and frame.wrong[row] and mask[row] for row in best.examples)
    assert best.held.detectable is not None
    assert best.held.gap is not None
    assert best.held.gap < -best.held.detectable


def test_same_texts_do_not_confirm_themselves() -> None:
    """A hundred copies of one wrong text are one text."""
    frame = made(7, 300)
    texts, wrong = [*frame.texts, *["zorbly it is"] * 60], np.r_[frame.wrong, np.ones(60, bool)]
    labels = np.zeros(360, dtype=np.int64)
    copied = Frame(
        texts=texts, classes=CLASSES, label=Named(CLASSES, labels), predicted=Named(CLASSES, wrong.astype(np.int64)),
        confidence=np.ones(360),
    )  # fmt: skip

    assert not any("zorbly" in written(each.condition) for each in find(copied).announced)


def test_too_few_rows_find_nothing() -> None:
    """No row, few rows, and a model that is always right."""
    assert find(made(0, 0)).candidates == ()
    assert find(made(0, 12)).candidates == ()
    right = made(3, 200)
    always = Frame(
        texts=right.texts, classes=CLASSES, label=right.label, predicted=right.label, confidence=right.confidence
    )
    assert find(always).candidates == ()


def test_deviance_is_the_likelihood_ratio() -> None:
    """By hand for 9 wrong of 10 beside 10 of 90; a slice that is better has none."""

    def log_likelihood(events: float, n: float) -> float:
        return float(events * np.log(events / n) + (n - events) * np.log(1 - events / n))

    expected = 2 * (log_likelihood(9, 10) + log_likelihood(10, 90) - log_likelihood(19, 100))

    assert deviance(np.array([10.0]), np.array([9.0]), 100, 19.0) == pytest.approx(expected)
    assert deviance(np.array([40.0]), np.array([1.0]), 100, 19.0) == 0


def test_figures_of_a_slice() -> None:
    """Rows without a label count among the rows of a slice and not for its accuracy."""
    frame = Frame(
        texts=["a"] * 40, classes=CLASSES, label=Named(CLASSES, np.r_[np.zeros(30, int), -np.ones(10, int)]),
        predicted=Named(CLASSES, np.r_[np.zeros(20, int), np.ones(10, int), np.zeros(10, int)]),
        confidence=np.ones(40),
    )  # fmt: skip
    mask = np.arange(40) >= 15
    (found,) = corrected([figures_of(frame, mask)])

    assert (found.rows, found.n, found.right, found.rest, found.rest_right) == (25, 15, 5, 15, 15)
    assert found.gap == pytest.approx(5 / 15 - 1)
    assert found.q == found.p
    assert found.p is not None
    assert found.p < 0.001
    assert figures_of(frame, np.ones(40, bool)).gap is None
