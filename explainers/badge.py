"""How far an explanation can be trusted, judged from its own evidence.

A badge is the worst of its reasons. Every reason has a code to translate by, an English sentence and its values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .contract import Attribution, Badge, Explainer, Level, Notice, Promise, ValueName

# Above a fifth the model has read so little of the text that no method can say what it looked at.
UNKNOWN_SHARE = 0.20
# Integrated gradients stop at 1 %, exact Shapley values leave none; at 10 % the missing part is as large as a middling
# word of a ten-word text.
RESIDUAL_SOUND, RESIDUAL_ROUGH = 0.01, 0.10
# A residual is measured against the way from the baseline to the text, or against this where the two outputs are close.
SMALLEST_GAP = 0.1
SMALLEST_GAP_OF_PROBABILITY = 0.025  # a probability changes by at most a quarter of its log-odds
# Standard error over the size of the scores, both as norms: at .1 the order of the strongest words is settled, at .3
# the top five of two seeds share hardly more than half.
ERROR_SOUND, ERROR_ROUGH = 0.10, 0.30
# LIME's straight line: what it leaves unexplained is at most a fifth, at most half.
R2_SOUND, R2_ROUGH = 0.80, 0.50
# How far the line passes by the text's own output, as a share of what it tells.
LOCAL_SOUND, LOCAL_ROUGH = 0.25, 0.50
# Kendall's τ with the scores on random weights: three quarters and more of all pairs in the same order.
SAME_WITHOUT_LEARNING = 0.5

_WORST_FIRST: tuple[Level, ...] = ("distrust", "rough", "sound")


class Finding(NamedTuple):
    level: Level
    reason: Notice


def badge_of(attribution: Attribution, explainer: Explainer) -> Badge:
    """The worst finding decides the level; reasons come worst first, the method's own evidence always among them."""
    found = [*_of_input(attribution), *_of_method(attribution, explainer), *_of_faithfulness(attribution, explainer)]
    found.sort(key=lambda finding: _WORST_FIRST.index(finding.level))
    return Badge(level=found[0].level, reasons=tuple(finding.reason for finding in found))


def relative_residual(attribution: Attribution) -> float | None:
    """|residual| over |f(x) − f(baseline)|, the largest over the targets; None where the method leaves no residual."""
    residual = attribution.residual
    if residual is None or attribution.baseline_output is None:
        return None
    gap = np.maximum(np.abs(attribution.output - attribution.baseline_output), smallest_gap(attribution.value))
    return float((np.abs(residual) / gap).max())


def smallest_gap(value: ValueName) -> float:
    """The scale of a residual where input and baseline have nearly the same output."""
    return SMALLEST_GAP_OF_PROBABILITY if value == "probability" else SMALLEST_GAP


def _of_input(attribution: Attribution) -> Iterator[Finding]:
    players = len(attribution.features)
    unknown = sum(not feature.known for feature in attribution.features)
    if players and unknown / players > UNKNOWN_SHARE:
        text = f"The model cannot read {unknown} of the {players} parts of this text."
        yield _finding("distrust", "unknown_players", text, unknown=unknown, players=players)
    if attribution.unseen and attribution.focus is None:
        text = "The text is longer than the model reads; what was cut is not explained."
        yield _finding("rough", "cut", text, unseen=len(attribution.unseen))


def _of_method(attribution: Attribution, explainer: Explainer) -> Iterator[Finding]:
    """The evidence that fits the method: sampling error, fit, residual, or none at all."""
    checks = attribution.checks
    if checks.get("exact"):
        yield _finding("sound", "exact", "Exact: every combination of the words was evaluated.")
    elif (error := checks.get("relative_error")) is not None:
        text = f"Sampled: the scores carry an error of {error:.0%}."
        yield _finding(_level(error, ERROR_SOUND, ERROR_ROUGH), "sampling_error", text, error=error)
    yield from _of_weights(checks.get("randomisation_tau"))
    yield from _of_parts(checks.get("parts_error"))
    yield from _of_owen(checks.get("owen_distance"))
    if (r2 := checks.get("r2")) is not None:
        yield _of_fit(r2)
        yield from _of_line(checks.get("local_error"))
        yield from _of_samples(checks.get("effective_samples"), checks.get("wanted_samples"))
    elif (flips := checks.get("flips")) is not None:
        yield from _of_edit(flips)
    elif Promise.COMPLETE in explainer.promises:
        yield from _of_residual(attribution)
    elif Promise.LINEAR in explainer.promises:
        yield _finding("sound", "measured", "Every score is a change that was measured on the model.")
    elif explainer.scale == "signed":
        text = "A slope at this one point: it misses saturated effects, and the scores do not add up to the output."
        yield _finding("rough", "slope_only", text)
    else:
        # Without scores nothing about the mechanism can be tried on the model.
        level: Level = "distrust" if attribution.scores is None else "rough"
        yield _finding(
            level,
            "mechanism",
            "A mechanism, not an attribution: it cannot say whether a word speaks for or against the class.",
        )


def _of_fit(r2: float) -> Finding:
    text = f"A straight line fits the model here with R² {r2:.2f}."
    return _finding(_level(-r2, -R2_SOUND, -R2_ROUGH), "fit", text, r2=r2)


def _of_line(missed: float | None) -> Iterator[Finding]:
    if missed is not None and missed > LOCAL_SOUND:
        text = f"The line passes by the text's own output: it misses {missed:.0%} of what it tells."
        yield _finding(_level(missed, LOCAL_SOUND, LOCAL_ROUGH), "line_misses_text", text, missed=missed)


def _of_samples(effective: float | None, wanted: float | None) -> Iterator[Finding]:
    if effective is not None and wanted is not None and effective < wanted:
        text = f"Based on {effective:.0f} effective samples, fewer than the {wanted:.0f} that are needed."
        yield _finding("distrust", "few_samples", text, effective=effective, wanted=wanted)


def _of_parts(error: float | None) -> Iterator[Finding]:
    if error is not None and error > ERROR_SOUND:
        text = f"The scores of single parts are off by {error:.0%}, though their sum is right."
        yield _finding(_level(error, ERROR_SOUND, ERROR_ROUGH), "parts_error", text, error=error)


def _of_owen(distance: float | None) -> Iterator[Finding]:
    if distance is not None and distance > ERROR_SOUND:
        text = f"Owen values, {distance:.0%} away from the Shapley values: parts share with their neighbours first."
        yield _finding("rough", "owen", text, distance=distance)


def _of_edit(flips: float) -> Iterator[Finding]:
    if flips:
        yield _finding("sound", "edit_tried", "The edit was tried on the model, and the prediction changes.")
    else:
        yield _finding("rough", "no_edit", "No edit of this size changes the prediction.")


def _of_weights(tau: float | None) -> Iterator[Finding]:
    if tau is not None and tau > SAME_WITHOUT_LEARNING:
        text = f"A model with random weights gets nearly the same scores (τ {tau:.2f})."
        yield _finding("distrust", "same_without_learning", text, tau=tau)


def _of_residual(attribution: Attribution) -> Iterator[Finding]:
    residual = relative_residual(attribution)
    if residual is None:
        return
    if not np.isfinite(residual):
        yield _finding("distrust", "not_finite", "The model's output is not a finite number here.")
        return
    text = f"Adds up to the output within {residual:.1%}."
    yield _finding(_level(residual, RESIDUAL_SOUND, RESIDUAL_ROUGH), "residual", text, residual=residual)


def _of_faithfulness(attribution: Attribution, explainer: Explainer) -> Iterator[Finding]:
    """A method that does no better than chance on this very text: all the worse for one without other evidence."""
    alone = not explainer.promises
    measured, tau = attribution.faithfulness, attribution.checks.get("leave_one_out_tau")
    # Evidence of another kind is outweighed only by what cannot be chance.
    if measured is not None and (measured.comprehensiveness.value if alone else measured.comprehensiveness.high) < 0:
        text = "Masking its strongest parts moves the prediction less than masking random ones."
        found = attribution.checks["aopc_comprehensiveness"] or 0.0
        random = found - measured.comprehensiveness.value
        yield _finding("distrust" if alone else "rough", "no_better_than_random", text, found=found, random=random)
    if alone and tau is not None and tau <= 0:
        text = f"Its ranking is unrelated to the measured effect of each part (τ {tau:.2f})."
        yield _finding("distrust", "not_the_measured_order", text, tau=tau)


def _level(value: float, sound: float, rough: float) -> Level:
    """Smaller is better."""
    return "sound" if value <= sound else "rough" if value <= rough else "distrust"


def _finding(level: Level, code: str, text: str, **values: float) -> Finding:
    return Finding(level, Notice(code=code, text=text, values=values))
