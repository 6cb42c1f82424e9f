"""The texts that each group is compared with: those of the others, without the groups whose own gap would move them.

One group that is treated otherwise stands in the background of all the others, and with enough texts they all seem to
differ the other way. So the group whose gap stands out most is left out, then the one that stands out most of what is
left, until none does (forward selection). Rows of a group that is left out take no part on either side, or else they
would weigh on one alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from ..data.groups import Membership
from ..data.values import Bools, Floats

MOST_SHARED = 0.5  # a group of which more lies in the one that is left out is compared with it still there


def without(
    membership: Membership, left: Sequence[int], *, minimum: int
) -> tuple[Membership, tuple[tuple[str, ...], ...]]:
    """The membership with the rows of other groups that are left out on neither side, and the names of these for each
    group. A group that would have fewer rows than the minimum keeps all of them, and the ones it shares them with."""
    inside, background = membership.inside.copy(), membership.background.copy()
    shared = membership.inside.T.astype(np.float64) @ membership.inside[:, list(left)]
    sizes = membership.inside.sum(axis=0)
    rows: dict[tuple[int, ...], Bools] = {}
    names: list[tuple[str, ...]] = []
    for g in range(len(membership)):
        gone = tuple(s for at, s in enumerate(left) if s != g and shared[g, at] <= MOST_SHARED * sizes[g])
        if gone not in rows:
            rows[gone] = np.logical_not(membership.inside[:, list(gone)].any(axis=1))
        if int((inside[:, g] & rows[gone]).sum()) < minimum <= sizes[g]:
            gone = ()
        else:
            inside[:, g] &= rows[gone]
            background[:, g] &= rows[gone]
        names.append(tuple(membership.names[s] for s in gone))
    return replace(membership, inside=inside, background=background), tuple(names)


def left_out(
    membership: Membership,
    standardised: Callable[[Membership], Floats],
    *,
    threshold: float,
    minimum: int,
    never: Collection[int] = (),
) -> list[int]:
    """The groups to leave out, in that order. standardised: the gap of every group in its standard error, NaN where
    there is none; `threshold` of it is a gap of the group's own. A group whose rows another one needs to be compared
    with at all (of two groups the other one, a last pair of three) stays, as those of `never` do."""
    if not movable(membership):
        return []
    found: list[int] = []
    stay = set(never)
    while True:
        gaps = np.abs(standardised(without(membership, found, minimum=minimum)[0]))
        gaps[[*found, *stay]] = np.nan
        if np.isnan(gaps).all() or np.nanmax(gaps) < threshold:
            return found
        furthest = int(np.nanargmax(gaps))
        if _can_do_without(membership, [*found, furthest], minimum):
            found.append(furthest)
        else:
            stay.add(furthest)


def sides(membership: Membership, group: str, left: Sequence[str]) -> tuple[Bools, Bools]:
    """(rows,) twice: the group and what it is compared with, once the groups `left` of its test are left out."""
    g = membership.names.index(group)
    there = ~membership.inside[:, [membership.names.index(name) for name in left]].any(axis=1)
    return membership.inside[:, g] & there, membership.background[:, g] & there


def mirrors(membership: Membership) -> dict[int, int]:
    """The groups whose comparison is an earlier one's seen from the other side, and that one: a binary column."""
    seen: dict[tuple[bytes, bytes], int] = {}
    found: dict[int, int] = {}
    for g in range(len(membership)):
        own, other = (np.packbits(side[:, g]).tobytes() for side in (membership.inside, membership.background))
        if (other, own) in seen and membership.inside[:, g].any():
            found[g] = seen[other, own]
        else:
            seen.setdefault((own, other), g)
    return found


def compared_alike(membership: Membership, groups: Sequence[int]) -> list[tuple[Bools, list[int]]]:
    """Groups by the rows that they and what they are compared with make up together."""
    found: dict[bytes, tuple[Bools, list[int]]] = {}
    for g in groups:
        rows = membership.inside[:, g] | membership.background[:, g]
        found.setdefault(np.packbits(rows).tobytes(), (rows, []))[1].append(g)
    return list(found.values())


def movable(membership: Membership) -> bool:
    """Whether any group's rows are in another one's background."""
    return bool(membership.background[membership.inside.any(axis=1)].any())


def _can_do_without(membership: Membership, left: Sequence[int], minimum: int) -> bool:
    """Whether every group that has something to be compared with still has."""
    before = membership.background.sum(axis=0)
    after = without(membership, left, minimum=minimum)[0].background.sum(axis=0)
    return bool((after[before >= minimum] >= minimum).all())
