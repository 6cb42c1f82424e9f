"""Texts a second where there are many: SHAP of a data set against shap's Partition explainer on the same rows."""

from __future__ import annotations

import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from .. import runner
from ..contract import Attribution, Model, Progress, Question
from ..many import explain_many
from ..registry import build
from . import timing
from .peers import Peer
from .texts import DOZEN

if TYPE_CHECKING:
    from .run import BenchOptions

PER_CALL = 100  # texts between two words about the progress
FOR_PEERS = 4  # of the texts: they take seconds a text


def many_texts(model: Model, options: BenchOptions, documented: Peer, batched: Peer) -> dict[str, Any]:
    """Texts of twelve words a second, together, one by one and by the peers, and the stated error of ours."""
    questions = [Question.about(text) for text in DOZEN]
    shap = build("shap")
    explain_many(model, questions, shap)  # warm
    few = DOZEN[:FOR_PEERS]
    seconds = timing.in_turn(
        {
            "together": partial(explain_many, model, questions, shap),
            "alone": lambda: [runner.explain(model, each, shap) for each in questions],
            "shap": lambda: [documented(text) for text in few],
            "shap_batched": lambda: [batched(text) for text in few],
        },
        rounds=options.rounds,
    )
    counts = {"together": len(DOZEN), "alone": len(DOZEN), "shap": len(few), "shap_batched": len(few)}
    rates = {name: counts[name] / median(seconds[name]) for name in counts}
    found = [each for each in explain_many(model, questions, shap) if isinstance(each, Attribution)]
    return {
        "texts": len(DOZEN),
        "a_second": rates,
        "ratio": rates["together"] / rates["shap"],
        "ratio_batched": rates["together"] / rates["shap_batched"],
        "evaluations": sum(each.forward_passes for each in found) / len(found),
        "stated_error": median([each.checks["relative_error"] or 0.0 for each in found]),
    }


def data_set(
    model: Model, options: BenchOptions, documented: Peer, batched: Peer, progress: Progress
) -> dict[str, Any]:
    """All texts of the options once at the budget that a data set has by default; the peers explain the first few of
    them, in every round."""
    questions, shap = [Question.about(text) for text in options.data_set], build("shap")
    few = options.data_set[: options.data_set_peers]
    explain_many(model, questions[:FOR_PEERS], shap)  # warm
    found: list[Attribution] = []
    spent = 0.0
    for start in range(0, len(questions), PER_CALL):
        progress(start / len(questions), f"{start:,} of {len(questions):,} texts")
        began = time.perf_counter()
        answers = explain_many(model, questions[start : start + PER_CALL], shap)
        spent += time.perf_counter() - began
        found += [each for each in answers if isinstance(each, Attribution)]
    theirs = timing.in_turn(
        {"shap": lambda: [documented(text) for text in few], "shap_batched": lambda: [batched(text) for text in few]},
        rounds=options.rounds,
    )
    rates = {name: len(few) / median(taken) for name, taken in theirs.items()}
    ours = len(questions) / spent
    return {
        "texts": len(questions),
        "explained": len(found),
        "words": options.data_set_words,
        "peers_texts": len(few),
        "a_second": {"whence": ours, **rates},
        "ratio": ours / rates["shap"],
        "ratio_batched": ours / rates["shap_batched"],
        "evaluations": sum(each.forward_passes for each in found) / max(1, len(found)),
        "stated_error": median([each.checks["relative_error"] or 0.0 for each in found]),
    }
