"""The map of the texts as it is drawn: points one by one, or, where there are many, counted in fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...audit.data.values import Bools, Floats, Ints
from ..study.frame import Frame

MAP_WIDTH, MAP_HEIGHT, MARGIN = 400, 330, 12
MOST_POINTS = 12_000  # points that are drawn one by one; beyond they are counted in fields
FIELDS = 64, 53  # columns and lines


@dataclass(frozen=True, eq=False, slots=True)
class Cluster:
    """A cluster of states: its middle on the map, its rows, and how many of them are chosen."""

    number: int
    x: float
    y: float
    rows: int
    inside: int


@dataclass(frozen=True, eq=False, slots=True)
class Atlas:
    """points: rows that lie on the map, `inside` of them chosen. x, y, chosen, wrong (n,): of each point; None where
    there are too many. fields, bad (lines, columns): chosen rows in each field, and those of them that are wrong."""

    points: int
    inside: int
    x: Floats | None
    y: Floats | None
    chosen: Bools
    wrong: Bools
    fields: Ints
    bad: Ints
    clusters: tuple[Cluster, ...]


class Placing:
    """Draws the rows of a selection among all others, part by part."""

    columns = frozenset(("place", "clusters"))

    def __init__(self, clusters: int) -> None:
        self._points = self._inside = 0
        self._kept: list[tuple[Floats, Floats, Bools, Bools]] = []
        self._fields = np.zeros((2, FIELDS[1] * FIELDS[0]), dtype=np.int64)
        self._across = np.zeros((clusters, MAP_WIDTH + 1), dtype=np.int64)
        self._down = np.zeros((clusters, MAP_HEIGHT + 1), dtype=np.int64)
        self._chosen = np.zeros(clusters, dtype=np.int64)

    def add(self, frame: Frame, mask: Bools) -> None:
        if frame.place is None:
            return
        known = ~np.isnan(frame.place[:, 0])
        x = MARGIN + (MAP_WIDTH - 2 * MARGIN) * (frame.place[known, 0].astype(np.float64) + 1) / 2
        y = MAP_HEIGHT - MARGIN - (MAP_HEIGHT - 2 * MARGIN) * (frame.place[known, 1].astype(np.float64) + 1) / 2
        inside, wrong = mask[known], frame.wrong[known]
        self._points += len(x)
        self._inside += int(inside.sum())
        if self._points <= MOST_POINTS:
            self._kept.append((x, y, inside, wrong))
        else:
            self._kept.clear()
        self._count(x[inside], y[inside], wrong[inside])
        if frame.clusters is not None:
            self._gather(x, y, frame.clusters[known].astype(np.int64), inside)

    def _count(self, x: Floats, y: Floats, wrong: Bools) -> None:
        column = np.clip((x * (FIELDS[0] / MAP_WIDTH)).astype(np.int64), 0, FIELDS[0] - 1)
        line = np.clip((y * (FIELDS[1] / MAP_HEIGHT)).astype(np.int64), 0, FIELDS[1] - 1)
        place = line * FIELDS[0] + column
        width = self._fields.shape[1]
        self._fields[0] += np.bincount(place, minlength=width)
        self._fields[1] += np.bincount(place[wrong], minlength=width)

    def _gather(self, x: Floats, y: Floats, clusters: Ints, inside: Bools) -> None:
        own = (clusters >= 0) & (clusters < len(self._chosen))
        numbers = clusters[own]
        for counts, places in ((self._across, x[own]), (self._down, y[own])):
            width = counts.shape[1]
            spots = numbers * width + np.clip(places.astype(np.int64), 0, width - 1)
            counts += np.bincount(spots, minlength=counts.size).reshape(counts.shape)
        self._chosen += np.bincount(numbers[inside[own]], minlength=len(self._chosen))

    def found(self) -> Atlas | None:
        """None where no row has a place."""
        if not self._points:
            return None
        kept = [np.concatenate(each) for each in zip(*self._kept, strict=True)] if self._kept else None
        x, y, chosen, wrong = kept or (None, None, np.zeros(0, bool), np.zeros(0, bool))
        clusters = tuple(
            Cluster(k, _middle(self._across[k]), _middle(self._down[k]), rows, int(self._chosen[k]))
            for k, rows in enumerate(self._across.sum(axis=1).tolist())
            if rows
        )
        fields, bad = self._fields.reshape(2, FIELDS[1], FIELDS[0])
        return Atlas(self._points, self._inside, x, y, chosen, wrong, fields, bad, clusters)


def _middle(counts: Ints) -> float:
    """The median of places that are counted by whole pixels."""
    return float(np.searchsorted(np.cumsum(counts), counts.sum() / 2)) + 0.5
