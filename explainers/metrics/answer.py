"""Why the model says what it says: the facts on which the methods and the measured effects agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..contract import (
    Answer,
    Attribution,
    BoolArray,
    Case,
    FloatArray,
    Head,
    Level,
    Need,
    Reason,
    Removal,
    Without,
    WordOutput,
)
from .claims import WORTH_CLAIMING, changes_of
from .ranks import is_signed, scores_of, strongest_first

MOST_REASONS = 3
MOST_AGAINST = 2
WORTH_NAMING = 1 / 3  # of the strongest player that could be named: what is weaker is no main reason
MOST_TOGETHER = 5  # players of a set that a sentence can name
KINDS: dict[Head, str] = {"single": "class", "multi": "label", "regression": "value", "tokens": "token"}


@dataclass(frozen=True, slots=True)
class _Vote:
    """The scores of one counted method, in shares of its largest score."""

    method: str
    level: Level
    signed: bool
    shares: FloatArray  # (players,)


def answer_of(attributions: Sequence[Attribution], removals: Sequence[Removal], case: Case) -> Answer:
    """The facts of the answer for the predicted class, see `Answer`; its `text` is left to the renderer.

    Reads the leave-one-out rows of the table, those of `removals` and of edits, and at most two rows more: the model
    without the two and three strongest reasons.
    """
    votes, distrusted = _votes(attributions)
    measured = Need.OUTPUTS in case.model.offers and bool(votes or distrusted)
    kind = KINDS[case.model.head]
    said = case.prediction.main
    facts = Answer.model_validate(
        {
            "kind": kind,
            "said": said,
            "number": _number(case.table.whole[0], said.index, case),
            "several": kind == "value" and len(case.prediction.labels) > 1,
            "holds": kind != "label" or bool(case.table.whole[0, said.index] > 0),
            "word": _word(case),
            "players": case.inputs.players,
            "measured": measured,
            "methods": tuple(vote.method for vote in votes),
            "distrusted": distrusted,
            "trust": "rough" if votes else "distrust",
        }
    )
    if not measured:
        return facts
    reasons, against = _named(votes, case)
    agreeing = tuple(vote.method for vote in votes if _agrees(vote, reasons, against))
    named = facts.model_copy(update={"reasons": reasons, "against": against, "agreeing": agreeing})
    settled = bool(reasons or against) and 2 * len(agreeing) > len(votes)
    sound = settled and any(vote.level == "sound" for vote in votes)
    edits = [edit.players for found in attributions for edit in found.edits]
    tried = _tried(named, [*(removal.players for removal in removals), *edits], case)
    return named.model_copy(update={"trust": "sound" if sound else facts.trust, **tried})


def _votes(attributions: Sequence[Attribution]) -> tuple[list[_Vote], tuple[str, ...]]:
    """The methods that count, and the names of those with scores that do not."""
    votes, distrusted = [], []
    for found in attributions:
        scores = scores_of(found)
        if scores is None:
            continue
        level = "distrust" if found.badge is None or not np.isfinite(scores).all() else found.badge.level
        if level == "distrust":
            distrusted.append(found.method.name)
            continue
        top = float(np.abs(scores).max()) or 1.0
        votes.append(_Vote(found.method.name, level, is_signed(found), scores / top))
    return votes, tuple(distrusted)


def _named(votes: Sequence[_Vote], case: Case) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """The players for and against on which most methods with sign and the measured change agree."""
    signed = [vote for vote in votes if vote.signed]
    if not signed:
        return (), ()
    falls, moved = changes_of(case)
    shares = np.stack([vote.shares for vote in signed])  # (methods, players)
    strength = shares.mean(axis=0)
    candidates: dict[int, list[Reason]] = {1: [], -1: []}
    for player in strongest_first(np.abs(strength)):
        sign = 1 if falls[player] > 0 else -1
        says = sign * shares[:, player] >= WORTH_CLAIMING
        if sign * falls[player] >= moved and 2 * says.sum() > len(signed) and sign * strength[player] > 0:
            methods = tuple(vote.method for vote, yes in zip(signed, says, strict=True) if yes)
            found = Reason(player=player, strength=float(strength[player]), fall=float(falls[player]), methods=methods)
            candidates[sign].append(found)
    top = max((abs(found.strength) for both in candidates.values() for found in both), default=0.0)
    main = {
        sign: tuple(found for found in both if abs(found.strength) >= WORTH_NAMING * top)
        for sign, both in candidates.items()
    }
    return main[1][:MOST_REASONS], main[-1][:MOST_AGAINST]


def _agrees(vote: _Vote, reasons: Sequence[Reason], against: Sequence[Reason]) -> bool:
    """Whether the method's strongest player is among the named, none of which it gives the other sign."""
    first = [found.player for found in reasons]
    other = [found.player for found in against]
    if not (first or other) or not vote.shares.any():
        return False
    if not vote.signed:
        return int(np.argmax(vote.shares)) in (*first, *other)
    top = int(np.argmax(vote.shares)) if first else int(np.argmin(vote.shares))
    return top in (first or other) and bool((vote.shares[first] >= 0).all() and (vote.shares[other] <= 0).all())


def _tried(facts: Answer, known: Sequence[tuple[int, ...]], case: Case) -> dict[str, object]:
    """The predictions without one player, and without several together."""
    falls = case.output.falls(said=facts.said.index, ends=case.table)
    pillars = [found.player for found in (facts.reasons if falls else facts.against)]
    if facts.kind in ("value", "token"):
        return {"without": _without([tuple(pillars)], case)[0] if pillars else None}
    alone = case.table.leave_one_out()
    single = [(int(player),) for player in np.flatnonzero(_flips(alone, case))]
    wider = [tuple(pillars[:size]) for size in range(2, len(pillars) + 1)]
    players = case.table.players
    sets = list(dict.fromkeys(tuple(sorted(each)) for each in (*wider, *known)))
    sets = [each for each in sets if 2 <= len(each) <= min(MOST_TOGETHER, players - 1)]
    if single:
        return {"flips": tuple(_most_moved(single, case)), "tried": len(sets)}
    turned = [each for each, flips in zip(sets, _flips(_rows(sets, case), case), strict=True) if flips]
    smallest = [each for each in turned if len(each) == min(map(len, turned))]
    without = next(iter(_most_moved(smallest, case)), None)
    return {"flips": (), "without": without, "tried": len(sets)}


def _most_moved(sets: Sequence[tuple[int, ...]], case: Case) -> list[Without]:
    """The predictions without each set, the largest change of the explained class first."""
    said = case.prediction.main.index
    values = case.output.value(_rows(sets, case), case.output.values[0], [said])[:, 0]
    falls = case.output.falls(said=said, ends=case.table)
    order = np.argsort(values if falls else -values, kind="stable")
    return _without([sets[at] for at in order], case)


def _without(sets: Sequence[tuple[int, ...]], case: Case) -> list[Without]:
    found = []
    for players, row in zip(sets, _rows(sets, case), strict=True):
        rival = case.output.predicted(row) if case.model.head == "single" else None
        said = rival or case.prediction.main
        found.append(Without(players=players, said=said, number=_number(row, said.index, case)))
    return found


def _rows(sets: Sequence[tuple[int, ...]], case: Case) -> FloatArray:
    """Columns of the table without each set, fp32: they are shown as predictions."""
    keep = np.ones((len(sets), case.table.players), dtype=bool)
    for row, players in enumerate(sets):
        keep[row, list(players)] = False
    return case.table.logits(keep, precision="fp32")


def _flips(rows: FloatArray, case: Case) -> BoolArray:
    turned: BoolArray = case.output.flips(rows, said=case.prediction.main.index, ends=case.table)
    return turned & np.isfinite(rows).all(axis=1)


def _number(row: FloatArray, target: int, case: Case) -> float:
    return float(case.output.probability(row[None], target)[0])


def _word(case: Case) -> str | None:
    """The word of a token classifier that is explained."""
    asked = case.inputs.outputs
    if not isinstance(asked, WordOutput) or asked.word is None or asked.word >= len(case.prediction.words):
        return None
    return case.prediction.words[asked.word].text
