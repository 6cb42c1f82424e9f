"""Golden texts and behaviours: predictions that are known, words that carry them, pairs that flip or stay."""

from __future__ import annotations

import numpy as np

from .._library import explainers
from ..audit.evidence.oracle import Oracle, probabilities
from ..changes.reasons import METHOD
from ..errors import BadRequest
from ..web.formatting import percent, shorten, signed
from .contract import Behaviour, Golden
from .outcomes import together
from .schemas import CheckOut, Outcome

SURE = 2.0  # standard errors of a score
SHOWN = 5  # failing examples


def check_golden(oracle: Oracle, golden: Golden, *, seed: int) -> tuple[CheckOut, explainers.Attribution | None]:
    """The check, and the explanation where words are asked about. Raises BadRequest for a class that is not there."""
    facts = oracle.facts
    if golden.predicts not in facts.labels:
        raise BadRequest(
            f"golden: {golden.predicts[:80]!r} is no class of {facts.id}", cure=f"It has {', '.join(facts.labels)}."
        )
    target = facts.labels.index(golden.predicts)
    logits = oracle.logits([golden.text])
    chance = float(probabilities(facts, logits, target=target)[0])
    said = facts.labels[int(logits[0].argmax())]
    outcomes: list[Outcome] = ["passed" if said == golden.predicts else "failed"]
    told = [f"predicts {said} ({percent(chance)} {golden.predicts})"]
    if golden.at_least is not None and chance < golden.at_least:
        outcomes.append("failed")
        told.append(f"{percent(golden.at_least)} was asked for")
    answer = None
    if golden.carried_by or golden.not_carried_by:
        question = explainers.Question.about(golden.text, players="word", long_text="cut", seed=seed, also=target)
        (answer,) = oracle.explain([question], METHOD)
        for outcome, line in _words(answer, golden):
            outcomes.append(outcome)
            told.append(line)
    found = CheckOut(
        kind="golden",
        name=shorten(golden.text, 80),
        outcome=together(outcomes),
        told="; ".join(told),
        value=chance,
        limit=golden.at_least,
        at_least=True,
        examples=(golden.text,),
    )
    return found, answer


def _words(answer: explainers.Attribution, golden: Golden) -> list[tuple[Outcome, str]]:
    """An outcome for each word that must carry the class, and one for those that must not."""
    row = answer.row(golden.predicts)
    assert answer.scores is not None
    scores = np.asarray(answer.scores[row], dtype=np.float64)
    errors = np.zeros_like(scores) if answer.standard_errors is None else np.asarray(answer.standard_errors[row])
    names = [_folded(feature.text) for feature in answer.features]
    order = np.argsort(-np.abs(scores), kind="stable").tolist()
    found: list[tuple[Outcome, str]] = []
    for word in golden.carried_by:
        at = [number for number, name in enumerate(names) if name == _folded(word)]
        if not at:
            raise BadRequest(f"golden: {word!r} is no word of {golden.text[:80]!r}", cure="Write it as the text does.")
        best = max(at, key=lambda number: scores[number])
        rank = order.index(best) + 1
        outcome: Outcome = "passed" if rank <= golden.top and scores[best] > SURE * errors[best] else "failed"
        if outcome == "failed" and abs(scores[best]) <= SURE * errors[best]:
            outcome = "undecided"
        found.append((outcome, f"“{word}” has {signed(float(scores[best]))}, place {rank}"))
    if golden.not_carried_by:
        wanted = set(map(_folded, golden.not_carried_by))
        inside = np.array([name in wanted for name in names])
        total = max(float(np.abs(scores).sum()), 1e-12)
        share, error = (
            float(np.abs(scores[inside]).sum()) / total,
            SURE * float(np.hypot.reduce(errors[inside], initial=0)) / total,
        )
        outcome = (
            "passed" if share + error <= golden.at_most else "failed" if share - error > golden.at_most else "undecided"
        )
        found.append((outcome, f"{', '.join(golden.not_carried_by)}: {percent(share, 1)} of the score"))
    return found


def check_behaviour(oracle: Oracle, asked: Behaviour) -> CheckOut:
    """Counts the pairs that flip or stay, of those listed and of these alone."""
    logits = oracle.logits([text for pair in asked.pairs for text in pair]).argmax(axis=1).reshape(-1, 2)
    flips = logits[:, 0] != logits[:, 1]
    right = flips if asked.must == "flip" else ~flips
    share = float(right.mean())
    wrong = [f"{asked.pairs[at][0]} → {asked.pairs[at][1]}" for at in np.flatnonzero(~right)[:SHOWN]]
    verb = "flip" if asked.must == "flip" else "stay"
    return CheckOut(
        kind="behaviour",
        name=asked.name,
        outcome="passed" if share >= asked.share else "failed",
        told=f"{int(right.sum())} of {len(right)} pairs {verb}",
        value=share,
        limit=asked.share,
        at_least=True,
        examples=tuple(wrong),
    )


def _folded(word: str) -> str:
    """A word as it is compared: a mark of punctuation beside it aside."""
    return word.strip().casefold().strip(".,;:!?\"'()[]，。；：！？“”‘’（）") or word.strip()
