"""An audit from its plan to what is stored: predict every row, find the worst gaps, ask the model about their words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from . import content as contents
from . import gaps
from .claims import claims_of
from .evidence import Evidence, ask_without, explain_texts, occurrences
from .material import Material
from .oracle import Oracle, audited_class, probabilities
from .plan import Plan
from .stored import Stored
from .values import Floats

Told = Callable[[float, str], None]
SHARD = 512  # rows that are predicted together: a job stores them as one piece, and a command does the same
MOST_EDITS = 200  # texts a word is taken out of
PREDICTING, EXPLAINING = 0.5, 0.45  # shares of the whole, for the progress


def predict(oracle: Oracle, material: Material, shard: int, *, target: int) -> Floats:
    """p(class | text) of one shard."""
    part = material.texts[SHARD * shard : SHARD * (shard + 1)]
    return probabilities(oracle.facts, oracle.logits(part), target=target)


def shards(material: Material) -> int:
    return -(-len(material.texts) // SHARD)


def run(plan: Plan, material: Material, oracle: Oracle, tell: Told) -> tuple[contents.Declared, Stored]:
    """All of it in this process. tell(share done, note)."""
    target = audited_class(oracle.facts, plan.audited)
    scores = []
    for shard in range(shards(material)):
        tell(PREDICTING * shard / shards(material), "predicting")
        scores.append(predict(oracle, material, shard, target=target))
    return finish(plan, material, oracle, scores, tell)


def finish(
    plan: Plan, material: Material, oracle: Oracle, scores: Sequence[Floats], tell: Told
) -> tuple[contents.Declared, Stored]:
    """What follows the predictions: the gaps, and the evidence of their words."""
    target = audited_class(oracle.facts, plan.audited)
    stored = store(material, np.concatenate(scores) if scores else np.zeros(0))
    declared = contents.Declared(
        plan=plan,
        model=oracle.facts,
        target=target,
        source={**material.source, "left_out": dict(material.left_out)},
    )
    if plan.explain.gaps:
        stored = explained(plan, stored, material, oracle, target=target, tell=tell)
    return declared, stored


def store(material: Material, scores: Floats) -> Stored:
    twins = np.arange(len(material.texts)) >= material.count
    return Stored(
        hashes=tuple(hashlib.sha256(text.encode()).hexdigest() for text in material.texts),
        scores=scores,
        labels=material.labels,
        membership=material.membership,
        clusters=material.clusters,
        twins=twins,
        functions=material.functions,
        pairs=material.pairs,
        texts={},
    )


def explained(plan: Plan, stored: Stored, material: Material, oracle: Oracle, *, target: int, tell: Told) -> Stored:
    """The stored rows with word scores of the worst gaps and of some texts of every group, and the edits."""
    measured = gaps.measure(plan, stored)
    worst = gaps.worst(measured, plan.explain.gaps)
    sides = [gaps.sampled(measured, test, plan) for test in worst]
    pushed = gaps.pushed(measured, plan)
    rows = {row for one, other in sides for row in (*one, *other)} | {row for group in pushed for row in group}
    methods = [plan.explain.method]

    def told(share: float, note: str) -> None:
        tell(PREDICTING + EXPLAINING * share, f"explaining {note}")

    found = explain_texts(oracle, material, rows, target=target, methods=methods, seed=plan.seed, tell=told)
    if plan.explain.second is not None and plan.explain.second != plan.explain.method:
        both = {row for group in pushed for row in group[: max(2, plan.explain.each // 2)]}
        found += explain_texts(
            oracle, material, both, target=target, methods=[plan.explain.second], seed=plan.seed,
            tell=told,
        )  # fmt: skip
    evidence = Evidence(explained=found)
    edits: list[tuple[int, str, list[int]]] = []
    for number, (test, (own, other)) in enumerate(zip(worst, sides, strict=True)):
        texts = evidence.of(plan.explain.method)
        inside = [int(measured.at[row]) for row in np.flatnonzero(gaps.sides(measured, test)[0])]
        for claim in claims_of([texts[r] for r in own], [texts[r] for r in other], seed=plan.seed):
            holding = [row for row in inside if occurrences(material.texts[row], claim.word)]
            edits.append((number, claim.word, holding[:MOST_EDITS]))
    edited = ask_without(oracle, material, edits, target=target)
    return replace(
        stored,
        texts={each.row: material.texts[each.row] for each in found},
        evidence=Evidence(explained=found, edited=edited),
    )
