"""Matches of the list of terms, for a person to say whether they are mentions: groups found by terms are only as good.
The share that is right among those that somebody read is the precision of the matcher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..data.lexicon import Mention
from ..data.material import Match
from ..data.plan import Checked, Plan
from ..data.values import Figure
from ..evidence.stored import Stored
from ..statistics.intervals import wilson

EACH = 20  # matches of a group
AROUND = 60  # characters before and after


@dataclass(frozen=True)
class Read:
    """The matches of a group: a sample, and what somebody found who read some. precision: None where nobody did."""

    group: str
    sample: Sequence[dict[str, Any]]
    checked: int
    wrong: int
    precision: Figure | None


def sampled(texts: Sequence[str], mentions: Sequence[Sequence[Mention]], *, seed: int) -> tuple[Match, ...]:
    """Up to 20 matches of every group, drawn by the seed, in the order of the texts."""
    by_group: dict[str, list[tuple[int, Mention]]] = {}
    for row, found in enumerate(mentions):
        for mention in found:
            by_group.setdefault(mention.group, []).append((row, mention))
    rng = np.random.default_rng(seed)
    return tuple(
        _match(texts[row], row, mention)
        for _, found in sorted(by_group.items())
        for row, mention in (found[at] for at in sorted(rng.permutation(len(found))[:EACH].tolist()))
    )


def matches_of(stored: Stored, plan: Plan) -> dict[str, Any] | None:
    """For the content of a report; None where no group was found by terms."""
    if not stored.matches:
        return None
    read = {each.group: each for each in plan.checked}
    names = dict.fromkeys(match.group for match in stored.matches)
    return {
        "groups": [_read(name, stored.matches, read.get(name)) for name in names],
        "precision": _precision(sum(each.matches for each in plan.checked), sum(each.wrong for each in plan.checked)),
    }


def _match(text: str, row: int, mention: Mention) -> Match:
    before, after = text[max(0, mention.start - AROUND) : mention.start], text[mention.end : mention.end + AROUND]
    return Match(row, mention.group, mention.start, before, text[mention.start : mention.end], after)


def _read(name: str, matches: Sequence[Match], checked: Checked | None) -> Read:
    sample = [asdict(match) for match in matches if match.group == name]
    if checked is None:
        return Read(name, sample, 0, 0, None)
    return Read(name, sample, checked.matches, checked.wrong, _precision(checked.matches, checked.wrong))


def _precision(checked: int, wrong: int) -> Figure | None:
    return Figure((checked - wrong) / checked, checked, wilson(checked - wrong, checked)) if checked else None
