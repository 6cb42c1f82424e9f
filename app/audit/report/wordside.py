"""The part of a report that leads from a gap to words, computed from the stored word scores and edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from ..data.plan import Plan
from ..data.values import Floats
from ..evidence.attribution import WORD_CLASSES, identity_lift, identity_push, identity_share
from ..evidence.claims import claimed_and_measured, claims_of, measured, side, trust
from ..evidence.decomposition import Decomposition, causal_check, decompose
from ..evidence.evidence import MENTION, Edited, Evidence, ExplainedText
from ..evidence.stored import Stored
from ..evidence.words import plain_word
from ..family import gaps
from ..family.findings import Test
from ..family.gaps import Measured
from ..statistics.permutation import gap_test


def words(plan: Plan, stored: Stored, found: Measured, worst: Sequence[Test]) -> list[dict[str, Any]]:
    """For each gap looked into: its parts in log-odds, and its words with what they claim and what was measured."""
    texts = stored.evidence.of(plan.explain.method)
    out = []
    for number, test in enumerate(worst):
        own, other = ([texts[row] for row in side] for side in gaps.sampled(found, test, plan))
        if not own or not other:
            continue
        edited = [each for each in stored.evidence.edited if each.gap == number]
        tried = len(gaps.tried(found, test, plan))
        claims = measured(
            claims_of(own, other, seed=plan.seed),
            edited,
            stored.scores,
            threshold=found.rows.threshold,
            rows=tried,
        )
        out.append(
            {
                "metric": test.metric,
                "group": test.group,
                "method": plan.explain.method,
                "n": len(own),
                "other_n": len(other),
                "full_gap": full_gap(found, test),
                "parts": decomposed(plan, stored, own, other),
                "words": claims,
                "agreement": claimed_and_measured(claims),
                "badge": trust(claims),
                "closed": closed(found, test, edited, stored.scores, rows=tried),
            }
        )
    return out


def decomposed(plan: Plan, stored: Stored, own: list[ExplainedText], other: list[ExplainedText]) -> Decomposition:
    blocks = stored.blocks
    return decompose(side(own, blocks), side(other, blocks), seed=plan.seed, resamples=plan.resamples)


def full_gap(found: Measured, test: Test) -> float:
    """The gap in mean log-odds over all texts of the two sides, beside that of the explained ones."""
    inside, background = gaps.sides(found, test)
    scores = np.clip(found.rows.scores, 1e-6, 1 - 1e-6)
    odds = np.log(scores / (1 - scores))
    return float(odds[inside].mean() - odds[background].mean())


def closed(found: Measured, test: Test, edited: Sequence[Edited], scores: Floats, *, rows: int) -> float | None:
    """The share of the rate gap that is gone once no identity is named in the tried texts of the group, `rows` of them,
    all its words taken out together; None where no text names one."""
    mine = [each for each in edited if each.word == MENTION]
    before, after = scores[[each.row for each in mine]], np.array([each.score for each in mine])
    check = causal_check(before >= found.rows.threshold, after >= found.rows.threshold)
    return None if check is None or not test.gap else -check.change(rows) / test.gap


def quality(plan: Plan, stored: Stored, found: Measured) -> dict[str, Any] | None:
    """Identity share, lift and push of every group; how good the explanations are and how far methods agree there."""
    if not stored.evidence.explained or not plan.explain.each:
        return None
    first = stored.evidence.of(plan.explain.method)
    second = stored.evidence.of(plan.explain.second) if plan.explain.second else {}
    groups: list[dict[str, Any]] = []
    pushes: list[tuple[int, int, float]] = []  # stored row, group, push
    for g, rows in enumerate(gaps.pushed(found, plan)):
        texts = [first[row] for row in rows if row in first]
        measures = [(text.row, values) for text in texts if (values := _identity(text)) is not None]
        pushes += [(row, g, values[2]) for row, values in measures]
        groups.append(
            {
                "group": found.membership.names[g],
                "n": len(texts),
                **{
                    name: _mean([values[at] for _, values in measures])
                    for at, name in enumerate(("share", "lift", "push"))
                },
                "comprehensiveness": _mean([text.comprehensiveness for text in texts]),
                "sufficiency": _mean([text.sufficiency for text in texts]),
                "agreement": _mean([_tau(text, second.get(text.row)) for text in texts]),
            }
        )
    return {
        "method": plan.explain.method,
        "second": plan.explain.second,
        "unit": "log-odds",
        "groups": groups,
        "disparity": disparity(plan, stored, pushes, len(found.membership)),
        **{f"{name}_gap": _spread([group[name] for group in groups]) for name in ("comprehensiveness", "agreement")},
    }


def _identity(text: ExplainedText) -> tuple[float, float, float] | None:
    """(share, lift, push) of the identity words; None where the text names none or nothing has a score."""
    scores = np.array([word.score for word in text.words])
    identity = np.array([word.part == WORD_CLASSES[0] for word in text.words])
    share, lift = identity_share(scores, identity), identity_lift(scores, identity)
    return None if share is None or lift is None else (share, lift, identity_push(scores, identity))


def disparity(
    plan: Plan, stored: Stored, pushes: Sequence[tuple[int, int, float]], groups: int
) -> dict[str, Any] | None:
    """Largest minus smallest mean push over groups, with the permutation p and what chance alone makes of it."""
    if not pushes:
        return None
    values = np.array([push for *_, push in pushes])
    inside = np.zeros((len(pushes), groups), dtype=bool)
    inside[np.arange(len(pushes)), [g for _, g, _ in pushes]] = True
    used = np.flatnonzero(inside.sum(axis=0) >= 2)
    inside = inside[:, used]
    kept = inside.any(axis=1)
    if len(used) < 2:
        return None
    blocks = stored.blocks
    at = np.array([row for row, *_ in pushes])[kept]
    tested = gap_test(
        values[kept], inside[kept], ~inside[kept], blocks=None if blocks is None else blocks[at], seed=plan.seed
    )
    return {"value": float(np.ptp(tested.levels)), "p": tested.spread_p, "chance": tested.chance, "n": int(kept.sum())}


def examples(plan: Plan, stored: Stored, found: Measured, worst: Sequence[Test]) -> list[dict[str, Any]]:
    """Explained texts that the model gets wrong, gap by gap, the surest mistakes first, with their word scores."""
    evidence = stored.evidence
    texts = evidence.of(plan.explain.method)
    out = []
    for number, test in enumerate(worst):
        wrong = [
            row for row in gaps.sampled(found, test, plan)[0] if row in texts and _failed(stored, found, test, row)
        ]
        threshold = found.rows.threshold
        wrong.sort(key=lambda row: (-abs(stored.scores[row] - threshold), row))
        out.append(
            {
                "metric": test.metric,
                "group": test.group,
                "failing": len(wrong),
                "texts": [_example(stored, evidence, texts[row], number) for row in wrong[: plan.explain.examples]],
            }
        )
    return out


def _failed(stored: Stored, found: Measured, test: Test, row: int) -> bool:
    """Whether the text counts against the model in the measure; of a share of all texts, whether it is in the share."""
    selected = bool(stored.scores[row] >= found.rows.threshold)
    if test.metric == "accuracy" and stored.labels is not None:
        return selected != bool(stored.labels[row])
    return not selected if test.metric in ("true_positive_rate", "false_negative_rate") else selected


def _example(stored: Stored, evidence: Evidence, text: ExplainedText, gap: int) -> dict[str, Any]:
    strongest = max(text.words, key=lambda word: abs(word.score), default=None)
    without, wanted = None, plain_word(strongest.text) if strongest is not None else ""
    if wanted:
        without = next(
            (each.score for each in evidence.edited if (each.gap, each.row, each.word) == (gap, text.row, wanted)), None
        )
    return {
        "row": text.row,
        "text": stored.texts[text.row],
        "score": float(stored.scores[text.row]),
        "words": [[word.start, word.end, round(word.score, 4)] for word in text.words],
        "strongest": wanted if strongest is not None else None,
        "without": without,
    }


def _tau(one: ExplainedText, other: ExplainedText | None) -> float | None:
    if other is None or len(one.words) < 3 or len(one.words) != len(other.words):
        return None
    tau = stats.kendalltau([w.score for w in one.words], [w.score for w in other.words]).statistic
    return None if np.isnan(tau) else float(tau)


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def _spread(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return max(there) - min(there) if len(there) > 1 else None
