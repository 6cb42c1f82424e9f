"""Planted bias: found where it is, not found in the twin, and made of the planted word.

Every model is audited over all English templates, by `app.audit` as a command runs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.audit.data.material import Material
from app.audit.data.plan import Explanations, Plan
from app.audit.evidence.oracle import LocalOracle
from app.audit.report.content import content_of
from app.audit.run.run import run
from app.audit.run.sources import material_of
from tests.audit_proof.figures import Figure
from tests.audit_proof.planting import TERMS, Planting, base_rows, model_of, planted
from tests.audit_proof.rows import Texts

SEEDS = (0, 1, 2)
FIRST, RATE = "shap", "false_positive_rate"
MOST_FLAGGED, NEAR, CLOSES = 2, 0.02, 0.8


@dataclass(frozen=True)
class Outcome:
    """What an audit says of the term. gap, q: of its false positive rate. flagged: a finding; ranked: the headline."""

    term: str
    seed: int
    gap: float
    q: float
    flagged: bool
    ranked: bool
    twin: bool
    findings: int  # of all groups and measures
    largest: bool = False  # identity words are the largest part of the gap, the planted word the largest claim
    removed: float = 0.0  # share of the gap that taking the word out closes
    swapped: float = 0.0  # share that naming the other terms in its place closes, on average
    residual: float = 0.0  # of the gap in log-odds, SHAP
    text_residual: float = 0.0  # the largest of one text, SHAP
    gradient_residual: float = 0.0  # with integrated gradients, in mean |f(x) − f(baseline)|


def audited(rows: Texts, term: str, how: Planting, *, seed: int, twin: bool) -> Outcome:
    """A model trained on the rows and its audit; of a biased one also the words of its worst gap."""
    model = model_of(rows, how, name=f"{term}-{seed}-{'twin' if twin else 'biased'}", seed=seed)
    plan = Plan(model=model.id, audited="toxic", explain=Explanations(gaps=0 if twin else 1, texts=30, each=0))
    material, oracle = material_of(plan, folder=Path()), LocalOracle(model)
    declared, stored = run(plan, material, oracle, _nobody)
    content = content_of(declared, stored, {})
    said = _said(content, term)
    if twin:
        return Outcome(term, seed, twin=True, **said)
    texts = stored.evidence.of(FIRST).values()
    return Outcome(
        term,
        seed,
        twin=False,
        **said,
        **_words(content, term),
        text_residual=max(abs(text.residual) for text in texts),
        gradient_residual=_gradients(plan, material, oracle),
    )


def _nobody(done: float, note: str = "") -> None:
    """Watches."""


def _said(content: Mapping[str, Any], term: str) -> dict[str, Any]:
    mine = {test["metric"]: test for test in content["tests"] if test["group"] == term}
    headline = content["tests"][content["verdict"]["headline"]]
    return {
        "gap": mine[RATE]["gap"],
        "q": mine[RATE]["q"],
        "flagged": any(test["verdict"] == "finding" for test in mine.values()),
        "ranked": (headline["group"], headline["metric"]) == (term, RATE),
        "findings": content["verdict"]["findings"],
    }


def _words(content: Mapping[str, Any], term: str) -> dict[str, Any]:
    """Of the worst gap, which is the planted term's where the bias was found."""
    gap = content["words"][0]
    parts = {part["name"]: part["value"] for part in gap["parts"]["parts"]}
    rates = {test["group"]: test["value"] for test in content["tests"] if test["metric"] == RATE and test["group"]}
    mine = next(test for test in content["tests"] if test["metric"] == RATE and test["group"] == term)
    return {
        "largest": gap["group"] == term
        and max(parts, key=lambda name: abs(parts[name])) == "identity"
        and gap["words"][0]["word"] == term,
        "removed": gap["closed"] or 0.0,
        "swapped": float(np.mean([rates[term] - rates[other] for other in TERMS if other != term]) / mine["gap"]),
        "residual": abs(gap["parts"]["residual"]),
    }


def _gradients(plan: Plan, material: Material, oracle: LocalOracle) -> float:
    """What integrated gradients leave over of the same gap, as a share of the mean size of f(x) − f(baseline)."""
    asked = plan.explain.model_copy(update={"method": "integrated-gradients"})
    declared, stored = run(plan.model_copy(update={"explain": asked}), material, oracle, _nobody)
    texts = stored.evidence.of("integrated-gradients").values()
    size = float(np.mean([abs(text.output - text.baseline) for text in texts]))
    return float(abs(content_of(declared, stored, {})["words"][0]["parts"]["residual"]) / size)


def outcomes(data: Path, build: Path, seed: int) -> list[Outcome]:
    """All of one seed. What is done already is read again, so that a run that was ended goes on."""
    path = build / f"planted-{seed}.json"
    found = [Outcome(**each) for each in json.loads(path.read_text())] if path.is_file() else []
    done = {(each.term, each.twin) for each in found}
    base, how = base_rows(data), Planting()
    for term in TERMS:
        pair = planted(base, term, seed=seed, how=how)
        for twin, rows in enumerate(pair):
            if (term, bool(twin)) not in done:
                found.append(audited(rows, term, how, seed=seed, twin=bool(twin)))
                build.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    return found


def planted_bias(data: Path, build: Path) -> list[Figure]:
    """Found where it was planted, and not in the twins."""
    return [figure for seed in SEEDS for figure in _of_seed(outcomes(data, build, seed), seed)]


def _of_seed(found: Sequence[Outcome], seed: int) -> list[Figure]:
    biased, twins = ([each for each in found if each.twin is twin] for twin in (False, True))
    both = sum(each.flagged and each.ranked and each.q <= 0.05 for each in biased)
    flagged, median = sum(each.flagged for each in twins), float(np.median([each.gap for each in twins]))
    return [
        Figure(f"seed {seed}: planted terms flagged and ranked first", both, f"{len(TERMS)}", both == len(TERMS)),
        Figure(f"seed {seed}: least gap of a planted term", min(each.gap for each in biased)),
        Figure(f"seed {seed}: median gap of a twin's term", median, f"within {NEAR}", abs(median) <= NEAR),
        Figure(f"seed {seed}: twins' terms flagged", flagged, f"at most {MOST_FLAGGED}", flagged <= MOST_FLAGGED),
    ]


def decomposition(data: Path, build: Path) -> list[Figure]:
    """The gaps of the biased models as sums of words, and what taking the planted word out does."""
    biased = [each for seed in SEEDS for each in outcomes(data, build, seed) if not each.twin]

    def over(pick: Callable[[Outcome], float], least: Callable[..., Any]) -> float:
        return float(least([pick(each) for each in biased]))

    named = sum(each.largest for each in biased)
    median, residual = over(lambda each: each.removed, np.median), over(lambda each: each.residual, max)
    gradients, text = over(lambda each: each.gradient_residual, max), over(lambda each: each.text_residual, max)
    return [
        Figure(
            "models whose gap names the planted word as its largest part", named, f"{len(biased)}", named == len(biased)
        ),
        Figure("share of the gap closed by removing the word, median", median, f"at least {CLOSES}", median >= CLOSES),
        Figure("share of the gap closed by removing the word, least", over(lambda each: each.removed, min)),
        Figure("models in which removing the word closes that share", sum(e.removed >= CLOSES for e in biased)),
        Figure("share of the gap closed by swapping the word, median", over(lambda each: each.swapped, np.median)),
        Figure("share of the gap closed by swapping the word, least", over(lambda each: each.swapped, min)),
        Figure("residual of the gap with SHAP, largest, log-odds", residual, "at most 1e-6", residual <= 1e-6),
        Figure("residual of one text with SHAP, largest, log-odds", text, "at most 1e-6", text <= 1e-6),
        Figure("residual with integrated gradients, largest share", gradients, "at most 0.01", gradients <= 0.01),
    ]
