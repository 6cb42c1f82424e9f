"""Two models on the same rows, over all of them, the selection, and slice by slice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..audit.data.values import Bools, Ints
from ..audit.statistics.multiplicity import q_values
from ..compare.flips import Flips, flips_between
from .opening import PASSES, Opened, Slice, opened
from .schemas import VersusOut, Wish
from .study.frame import Frame
from .study.language import EVERY, Condition
from .study.saying import said

MOST_VERSUS = 40  # slices that two models are compared by


def versus(here: Opened, wish: Wish, condition: Condition, slices: Sequence[Slice]) -> tuple[VersusOut, ...]:
    """Slices have their q over the slices alone. Raises NotFound for a model that was not asked about these rows."""
    other = opened(here.session, here.dataset.project, here.dataset.id, wish.against)
    listed = [each for each in slices if each.condition != EVERY][:MOST_VERSUS]
    asked = (EVERY, condition, *(each.condition for each in listed))
    counts = dict.fromkeys(asked, np.zeros(4, dtype=np.int64))
    rows = dict.fromkeys(asked, 0)
    with PASSES:
        for first, second in zip(here.frames(dict.fromkeys(asked, ())), other.table.frames(()), strict=True):
            for each in counts:
                mask = here.choose(first, each)
                counts[each] = counts[each] + _cells(first, second, mask)
                rows[each] += int(mask.sum())
    wide = [("", "", _flips(counts[EVERY]))]
    if rows[condition] < rows[EVERY]:
        wide.append(("", "selection", _flips(counts[condition])))
    named = [(each.name or said(each.condition), each.key, _flips(counts[each.condition])) for each in listed]
    named = [each for each in named if each[2].n]
    qs = q_values([flips.p for _, _, flips in named])
    lines = [*((*each, None) for each in wide), *((*each, q) for each, q in zip(named, qs, strict=True))]
    return tuple(_shown(*line) for line in lines)


def _cells(first: Frame, second: Frame, mask: Bools) -> Ints:
    """Rows that both, only the second, only the first, and neither is right about."""
    together = mask & first.judged & second.judged
    places = 2 * first.right[together].astype(np.int64) + second.right[together]
    neither, better, worse, both = np.bincount(places, minlength=4).tolist()
    return np.array([both, better, worse, neither], dtype=np.int64)


def _flips(cells: Ints) -> Flips:
    both, better, worse, neither = cells.tolist()
    return flips_between(both=both, better=better, worse=worse, neither=neither)


def _shown(name: str, key: str, each: Flips, q: float | None) -> VersusOut:
    return VersusOut(
        name=name, key=key, n=each.n, accuracy=each.accuracy, better=each.better, worse=each.worse, both=each.both,
        neither=each.neither, difference=each.difference, p=each.p, q=q,
        interval=None if each.interval is None else (each.interval.low, each.interval.high),
    )  # fmt: skip
