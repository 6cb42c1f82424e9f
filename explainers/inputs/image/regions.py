"""Regions of a picture: cells of the model's view gathered by a grid or along edges, their outlines and places.

A region is a set of cells, so that what is hidden is exactly what the outline shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from ...contract import FloatArray, Ids, Patch
from ...contract.question import Pixels
from .view import Place

MOST_PATCHES = 64
SUPERPIXELS = 14  # that are asked for, of which SLIC makes fewer
REGIONS = 10  # all 1,024 sets of them are evaluated
FEWEST = 4  # where there are no edges to follow, squares are taken
SMOOTHED = 0.01  # width of the Gaussian before superpixels, as a share of the side: noise has no edges
PARTS = 4  # that a region is cut into for more detail
SPLIT = 3  # regions that are cut, the strongest
COMPACTNESS = 12.0  # of superpixels: larger numbers make them squarer
DOWN = ("upper", "middle", "lower")
ACROSS = ("left", "middle", "right")
Ring = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a region lies, such as "upper left", and its share of the picture."""

    where: str
    share: float

    def __str__(self) -> str:
        return f"{self.where}, {100 * self.share:.{0 if self.share >= 0.095 else 1}f} % of the picture"


def grid(rows: int, columns: int, *, most: int = MOST_PATCHES) -> Ids:
    """(rows, columns) the square of each cell, at most so many squares, numbered in reading order."""
    block = ceil(sqrt(rows * columns / most))
    while ceil(rows / block) * ceil(columns / block) > most:
        block += 1
    down, across = np.arange(rows) // block, np.arange(columns) // block
    return np.asarray(down[:, None] * (across[-1] + 1) + across[None, :], dtype=np.int64)


def along_edges(view: Pixels, rows: int, columns: int) -> Ids:
    """(rows, columns) the region of each cell: superpixels (SLIC) of the view, about REGIONS and no more of them;
    squares of a grid where it has no edges."""
    from skimage.segmentation import slic

    smooth = SMOOTHED * min(view.shape[:2])
    pixels = slic(view, n_segments=SUPERPIXELS, compactness=COMPACTNESS, sigma=smooth, start_label=0, channel_axis=-1)
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    cells = pixels.reshape(rows, height, columns, width).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    counts = np.stack([(cells == label).sum(axis=2) for label in range(pixels.max() + 1)])
    colours = view.reshape(rows, height, columns, width, 3).mean(axis=(1, 3))
    labels = in_order(_merged(counts.argmax(axis=0), colours))
    return labels if labels.max() + 1 >= FEWEST else grid(rows, columns, most=REGIONS)


def _merged(labels: Ids, colours: FloatArray) -> Ids:
    """Labels with the smallest region given to the neighbour of the nearest mean colour, until there are no more than
    REGIONS. colours: (rows, columns, 3) of the cells."""
    labels = labels.copy()
    while len(found := np.unique(labels)) > REGIONS:
        least = min(found.tolist(), key=lambda label: int((labels == label).sum()))
        own = colours[labels == least].mean(axis=0)
        away = {
            each: float(np.abs(colours[labels == each].mean(axis=0) - own).sum()) for each in _beside(labels, least)
        }
        labels[labels == least] = min(away, key=lambda each: away[each])
    return labels


def _beside(labels: Ids, label: int) -> list[int]:
    padded = np.pad(labels, 1, constant_values=-1)
    inside = padded == label
    around = [np.roll(inside, step, axis) for axis in (0, 1) for step in (1, -1)]
    touching = np.unique(padded[np.any(around, axis=0) & ~inside])
    return [int(each) for each in touching if each >= 0]


def in_order(labels: Ids) -> Ids:
    """Labels numbered from 0 in reading order of the regions' first cells."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return np.asarray(order[inverse.reshape(labels.shape)], dtype=np.int64)


def split(labels: Ids, chosen: Sequence[int]) -> Ids:
    """Labels in which each of the chosen regions is cut into up to PARTS pieces of equal size."""
    made = labels * PARTS
    for label in chosen:
        places = np.argwhere(labels == label)
        for number, half in enumerate(_halves(places)):
            for second, part in enumerate(_halves(half)):
                made[part[:, 0], part[:, 1]] = label * PARTS + 2 * number + second
    return in_order(made)


def _halves(places: Ids) -> tuple[Ids, ...]:
    """Cells (cells, 2) cut across their longer extent into two of equal number; a single cell stays whole."""
    if len(places) < 2:
        return (places,)
    axis = int(np.ptp(places, axis=0).argmax())
    ordered = places[np.lexsort((places[:, 1 - axis], places[:, axis]))]
    return ordered[: len(ordered) // 2], ordered[len(ordered) // 2 :]


def patches(labels: Ids, *, cell: int, place: Place, width: int, height: int) -> tuple[Patch, ...]:
    """The regions as parts of the picture (width, height), in its pixels."""
    rows, columns = labels.shape
    x = _edges(place.left, cell * place.across, columns, width)
    y = _edges(place.top, cell * place.down, rows, height)
    found = []
    for label in range(int(labels.max()) + 1):
        rings = tuple(_pixels(ring, x, y) for ring in outlines(labels == label))
        xs, ys = (sorted(each for ring in rings for each in ring[axis::2]) for axis in (0, 1))
        box = (xs[0], ys[0], xs[-1], ys[-1])
        mask = () if len(rings) == 1 and len(rings[0]) == 8 else rings
        patch = Patch(box=box, mask=mask)
        found.append(patch.model_copy(update={"place": str(whereabouts(patch, width, height))}))
    return tuple(found)


def _edges(start: float, step: float, count: int, most: int) -> list[int]:
    found: list[int] = np.clip(np.round(start + step * np.arange(count + 1)), 0, most).astype(int).tolist()
    return found


def _pixels(ring: Ring, x: Sequence[int], y: Sequence[int]) -> Ring:
    corners = zip(ring[::2], ring[1::2], strict=True)
    return tuple(each for column, row in corners for each in (x[column], y[row]))


def outlines(inside: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> tuple[Ring, ...]:
    """Closed rings of corners (column, row, column, row …) around the cells that are inside."""
    ahead: dict[tuple[int, int], list[tuple[int, int]]] = {}
    padded = np.pad(inside, 1)
    for row, column in np.argwhere(inside).tolist():
        corners = [(column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1)]
        beside = ((row, column + 1), (row + 1, column + 2), (row + 2, column + 1), (row + 1, column))
        for side, neighbour in enumerate(beside):
            if not padded[neighbour]:
                ahead.setdefault(corners[side], []).append(corners[(side + 1) % 4])
    rings = []
    while ahead:
        start = min(ahead)
        ring, at = [start], ahead[start].pop()
        while at != start:
            ring.append(at)
            at = ahead[at].pop()
        ahead = {corner: following for corner, following in ahead.items() if following}
        rings.append(_without_straights(ring))
    return tuple(rings)


def _without_straights(ring: list[tuple[int, int]]) -> Ring:
    count = len(ring)
    turns = [
        corner
        for number, corner in enumerate(ring)
        if not any(ring[number - 1][axis] == corner[axis] == ring[(number + 1) % count][axis] for axis in (0, 1))
    ]
    return tuple(each for corner in turns for each in corner)


def rings_of(patch: Patch) -> tuple[Ring, ...]:
    """The outline of a region, of a rectangle its four corners."""
    left, top, right, bottom = patch.box
    return patch.mask or ((left, top, right, top, right, bottom, left, bottom),)


def whereabouts(patch: Patch, width: int, height: int) -> Whereabouts:
    """Where a region lies in a picture (width, height), by its centre of mass, and how much of it it is."""
    area = x = y = 0.0
    for ring in rings_of(patch):
        corners = np.array(ring, dtype=np.float64).reshape(-1, 2)
        after = np.roll(corners, -1, axis=0)
        cross = corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]
        area += cross.sum() / 2
        x, y = (total + ((corners[:, axis] + after[:, axis]) * cross).sum() / 6 for axis, total in enumerate((x, y)))
    if area == 0:
        x, y = (patch.box[0] + patch.box[2]) / 2, (patch.box[1] + patch.box[3]) / 2
    else:
        x, y = x / area, y / area
    down, across = DOWN[_third(y / height)], ACROSS[_third(x / width)]
    where = "in the middle" if down == across else f"{down} {across}"
    return Whereabouts(where=where, share=abs(area) / (width * height))


def _third(share: float) -> int:
    return min(2, max(0, int(3 * share)))
