"""Coalitions of several texts in one pass.

Rows of one length, one after the other, in passes of the same shapes as a text alone gets: a pass is full of rows of
whichever texts wait, and none of them sees another. Which row of a pass a coalition is, and what else the pass holds,
changes no bit of what is said of it; a model for which that is not so (`Model.shares`) is asked text by text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

import numpy as np

from ..contract import Arithmetic, BoolArray, Wanted
from .batches import pass_for
from .table import CoalitionTable

Part: TypeAlias = tuple[CoalitionTable, BoolArray]


def know_together(asked: Sequence[tuple[CoalitionTable, Wanted]]) -> None:
    """Afterwards every table knows the coalitions that it was asked for. Tables of one model. Raises Cancelled."""
    alike: dict[tuple[Arithmetic, bytes], list[Part]] = defaultdict(list)
    for table, wanted in asked:
        for keep, precision in table.unknown(wanted.keep, precision=wanted.precision):
            shape = table.model.shares(table.inputs, precision=precision)
            if shape is None:
                table.ask(keep, precision)
            else:
                alike[precision, shape].append((table, keep))
    for (precision, _), parts in alike.items():
        _shared(parts, precision)


def _shared(parts: Sequence[Part], precision: Arithmetic) -> None:
    first = parts[0][0]
    shape = pass_for(first.inputs.size, precision, device=first.model.device)
    waiting = [(table, row) for table, keep in parts for row in keep]
    for start, stop in shape.parts(len(waiting)):
        held = list(_by_table(waiting[start:stop]))
        sent = [(each.inputs, keep) for each, keep in held]
        if missing := shape.filled(stop - start) - (stop - start):  # rows of the last text again, which are not read
            table, last = held[-1]
            sent.append((table.inputs, last[np.arange(missing) % len(last)]))
        found = first.model.outputs_of_many(sent, precision=precision)
        at = 0
        for each, keep in held:
            each.take(keep, found[at : at + len(keep)], precision)
            at += len(keep)


def _by_table(rows: Sequence[tuple[CoalitionTable, BoolArray]]) -> Iterator[Part]:
    """The rows of one table that follow each other, as one array."""
    for _, each in groupby(rows, key=lambda row: id(row[0])):
        same = list(each)
        yield same[0][0], np.array([row for _, row in same])
