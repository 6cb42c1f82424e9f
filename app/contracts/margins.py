"""Figures over the texts of a contract, held against its margins: accuracy, calibration, gaps, words, agreement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .._library import explainers
from ..audit.data.plan import Plan, Table
from ..audit.data.values import Bools, Floats, Rows
from ..audit.evidence.oracle import Oracle
from ..audit.family.findings import Test
from ..audit.family.gaps import measure
from ..audit.measures.calibration import calibration
from ..audit.run.run import store
from ..audit.run.sources import table
from ..audit.statistics.intervals import wilson
from ..changes import reasons
from ..changes.gaps import rows_of
from ..changes.material import NO_LABEL, Texts
from ..errors import BadRequest
from ..web.formatting import number, percent, shorten, signed
from .contract import Accuracy, Agreement, Calibration, Gap, Words
from .golden import SHOWN
from .outcomes import held_against
from .schemas import CheckOut, Outcome

Told = Callable[[float], None]


def check_accuracy(asked: Accuracy, texts: Texts, logits: Floats) -> CheckOut:
    known = _labelled(texts, "accuracy")
    right = (logits.argmax(axis=1) == texts.labels)[known]
    interval = wilson(int(right.sum()), len(right))
    assert interval is not None
    value = float(right.mean())
    ends = f"{percent(interval.low, 1)} to {percent(interval.high, 1)}"
    return CheckOut(
        kind="accuracy",
        name="Accuracy",
        outcome=held_against(interval.low, interval.high, asked.at_least, at_least=True),
        told=f"{percent(value, 1)} ({ends}) of {len(right):,} texts",
        value=value,
        low=interval.low,
        high=interval.high,
        limit=asked.at_least,
        at_least=True,
    )


def check_calibration(asked: Calibration, texts: Texts, scores: Floats, last: int, *, seed: int) -> CheckOut:
    """scores: p(last class | text). Few texts show an error even where there is none: that much is no failure."""
    known = _labelled(texts, "calibration")
    rows = Rows(scores=scores[known], labels=(texts.labels == last)[known])
    found = calibration(rows, np.ones(int(known.sum()), dtype=bool), seed=seed)
    outcome: Outcome = "undecided"
    told = f"{found.n} texts with labels are too few"
    if found.error is not None and found.perfect_high is not None:
        beyond = found.error > max(asked.at_most, found.perfect_high)
        outcome = "passed" if found.error <= asked.at_most else "failed" if beyond else "undecided"
        told = (
            f"error {number(found.error, 3)}; perfectly calibrated, {found.n:,} texts show up to "
            f"{number(found.perfect_high, 3)}"
        )
    return CheckOut(
        kind="calibration", name="Calibration", outcome=outcome, told=told, value=found.error, limit=asked.at_most
    )


def check_gap(asked: Gap, texts: Texts, scores: Floats, classes: tuple[str, ...], *, seed: int) -> list[CheckOut]:
    """One check for each group that has enough texts."""
    if missing := [name for name in asked.groups if name not in texts.groups]:
        there = ", ".join(texts.groups) or "none"
        raise BadRequest(f"gap: there is no column of groups {missing[0]!r}", cure=f"Columns named in groups: {there}.")
    columns = asked.groups or tuple(texts.groups)
    if not columns and asked.terms is None:
        raise BadRequest("gap: no groups are named", cure="Name columns in groups, or terms = 'en' or 'zh'.")
    chosen = replace(texts, groups={name: texts.groups[name] for name in columns})
    label = "label" if texts.labelled else None
    data = Table(path=texts.name, text="text", label=label, groups=columns, terms=asked.terms)
    plan = Plan(
        model="-", data=data, audited=classes[-1], metrics=(asked.metric,), margin=max(asked.at_most, 1e-6), seed=seed
    )
    material = table(data, list(rows_of(chosen, classes)), audited=classes[-1], seed=seed, classes=classes)
    tests = measure(plan, store(material, scores.round(6))).comparison.tests
    usable = [test for test in tests if test.group is not None and test.gap is not None and test.mirror_of is None]
    if not usable:
        told = "no group has enough texts"
        return [CheckOut(kind="gap", name=asked.metric.replace("_", " "), outcome="undecided", told=told)]
    return [_gap(test, asked) for test in usable]


def _gap(test: Test, asked: Gap) -> CheckOut:
    """The size of one gap: between the near and the far end of its interval, 0 where that holds 0."""
    low, high = (None, None) if test.interval is None else (test.interval.low, test.interval.high)
    near = far = None
    ends = ""
    if low is not None and high is not None:
        near, far = max(low, -high, 0.0), max(abs(low), abs(high))
        ends = f" ({signed(low, 3)} to {signed(high, 3)})"
    return CheckOut(
        kind="gap",
        name=f"{test.group}: {asked.metric.replace('_', ' ')}",
        outcome=held_against(near, far, asked.at_most, at_least=False),
        told=f"{signed(test.gap, 3)} to the others{ends}, {test.n} texts",
        value=test.gap,
        low=low,
        high=high,
        limit=asked.at_most,
    )


def check_words(
    oracle: Oracle, asked: Words, texts: Texts, *, seed: int, tell: Told
) -> tuple[CheckOut, list[explainers.Attribution]]:
    """Mean share of the absolute score that the words have, and the explanations of the worst texts."""
    wanted = {word.casefold() for word in asked.words}
    holding = [row for row, text in enumerate(texts.texts) if _holds(text, wanted)]
    drawn = np.random.default_rng(seed).permutation(holding)[: asked.texts].tolist()
    shares: list[tuple[float, explainers.Attribution]] = []
    for answer in reasons.answers_of(oracle, texts.texts, drawn, seed=seed, tell=tell).values():
        scores = np.abs(np.asarray(answer.scores)[answer.row()])
        on = np.array([span.text.strip().casefold() in wanted for span in answer.spans])
        if on.any() and scores.sum() > 0:
            shares.append((float(scores[on].sum() / scores.sum()), answer))
    found = reasons.mean_of(np.array([share for share, _ in shares], dtype=np.float64), seed=seed)
    outcome = held_against(found.low, found.high, asked.at_most, at_least=False)
    told = f"no text holds one of the {len(asked.words)} words"
    if found.value is not None:
        ends = "" if found.low is None else f" ({percent(found.low, 1)} to {percent(found.high, 1)})"
        told = f"{percent(found.value, 1)}{ends} of the score lies on {len(asked.words)} words, {len(shares)} texts"
    worst = [answer for _, answer in sorted(shares, key=lambda each: -each[0])[:SHOWN]]
    check = CheckOut(
        kind="words", name=asked.name, outcome=outcome, told=told, value=found.value, low=found.low, high=found.high,
        limit=asked.at_most, examples=tuple(shorten(answer.text, 200) for answer in worst),
    )  # fmt: skip
    return check, worst


def _holds(text: str, words: set[str]) -> bool:
    folded = text.casefold()
    return any(word in folded for word in words)


def check_agreement(
    oracle: Oracle, baseline: Oracle, twin: Oracle | None, asked: Agreement, texts: Texts, *, seed: int, tell: Told
) -> CheckOut:
    """τ with the baseline: not less than the twin's by more than the margin, or at least a number."""
    drawn = np.random.default_rng(seed).permutation(len(texts.texts))[: asked.texts].tolist()
    sides = [baseline, oracle, *([twin] if twin else [])]
    found = []
    for at, side in enumerate(sides):

        def told(share: float, at: int = at) -> None:
            tell((at + share) / len(sides))

        found.append(reasons.explained(side, texts.texts, drawn, seed=seed, tell=told))
    logits = baseline.logits([texts.texts[row] for row in drawn])
    classes = {row: int(line.argmax()) for row, line in zip(drawn, logits, strict=True)}
    own = reasons.alike(found[0], found[1], classes)
    tau = reasons.likeness_of(own, seed=seed).tau
    name = f"Agreement with {baseline.facts.id}"
    if twin is None:
        assert asked.at_least is not None
        outcome = held_against(tau.low, tau.high, asked.at_least, at_least=True)
        ends = f" ({number(tau.low)} to {number(tau.high)})"
        return CheckOut(
            kind="agreement", name=name, outcome=outcome, told=f"τ = {number(tau.value)}{ends}, {len(own.rows)} texts",
            value=tau.value, low=tau.low, high=tau.high, limit=asked.at_least, at_least=True,
        )  # fmt: skip
    gap = reasons.difference_of(own, reasons.alike(found[0], found[2], classes), seed=seed)
    outcome = held_against(gap.low, gap.high, -asked.margin, at_least=True)
    told_ = f"τ = {number(tau.value)}, {signed(gap.value)} ({signed(gap.low)} to {signed(gap.high)}) against its twin"
    return CheckOut(
        kind="agreement", name=name, outcome=outcome, told=f"{told_}, {len(own.rows)} texts", value=gap.value,
        low=gap.low, high=gap.high, limit=-asked.margin, at_least=True,
    )  # fmt: skip


def _labelled(texts: Texts, what: str) -> Bools:
    known: Bools = texts.labels != NO_LABEL
    if not known.any():
        raise BadRequest(f"{what}: {texts.name} has no labels", cure="Name their column in label.")
    return known
