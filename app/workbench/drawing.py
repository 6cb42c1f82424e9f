"""Curves and the map as paths: the server draws, the style sheet colours, and a table stands beside each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..audit.data.values import Floats, Ints
from .schemas import BenchRow
from .study.curves import Bin, Calibration, LengthBin, Ranking, Thresholds
from .watching.atlas import FIELDS, MAP_HEIGHT, MAP_WIDTH, Atlas

SHADES = 5


@dataclass(frozen=True, slots=True)
class Curve:
    """A path in a field of 360 by 172, with the axis at 30 … 350 by 12 … 150."""

    path: str
    top: float = 1.0
    ticks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    r: float


@dataclass(frozen=True, slots=True)
class Field:
    x: float
    y: float
    width: float
    height: float
    shade: int
    wrong: bool


@dataclass(frozen=True, slots=True)
class Region:
    number: int
    x: float
    y: float
    name: str
    rows: int
    inside: bool

    @property
    def anchor(self) -> str:
        """The side from which the name is written, so that it stays on the map."""
        return "start" if self.x < 70 else "end" if self.x > MAP_WIDTH - 70 else "middle"


@dataclass(frozen=True, slots=True)
class Map:
    """paths: of points, by `wrong` and by `in` for those chosen. fields: instead, where there are many points."""

    paths: tuple[tuple[str, str], ...]
    fields: tuple[Field, ...]
    regions: tuple[Region, ...]
    explained: tuple[float, float]
    points: int


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    step: int

    def cut(self, most: int) -> str:
        """The beginning of the text, with the blanks that part it from its neighbours."""
        return self.text if len(self.text) <= most else f"{self.text[:most].rstrip()}…"


def across(x: float) -> float:
    return 30 + 320 * x


def up(y: float, top: float = 1.0) -> float:
    return 150 - 138 * min(y, top) / top


def calibrated(found: Calibration | None) -> tuple[Curve, tuple[Dot, ...]] | None:
    """In a field of 150 by 134; the size of a dot is that of its bin."""
    if found is None:
        return None
    places = [(24 + 112 * each.says, 116 - 108 * each.holds, each.n) for each in found.bins]
    most = max(n for _, _, n in places)
    dots = tuple(Dot(x, y, 1.8 + 2.6 * (n / most) ** 0.5) for x, y, n in places)
    return Curve(_joined((x, y) for x, y, _ in places)), dots


def bars(bins: Sequence[Bin]) -> tuple[tuple[float, float, float, float], ...]:
    """x and height of the wrong and of the right rows, the histogram of confidence in a field of 360 by 172."""
    most = max((each.n for each in bins), default=1)
    return tuple(
        (across(each.low) + 1, 138 * (each.n - each.right) / most, 138 * each.right / most, 30.0) for each in bins
    )


def costs(found: Thresholds | None) -> Curve | None:
    """Costs beyond four times the least are cut off: they hide where it is low."""
    if found is None:
        return None
    worst = max(each.cost for each in found.curve)
    top = _rounded(min(worst, max(4 * found.least.cost, 2 * found.chosen.cost, 1e-9)))
    path = _joined((across(each.at), up(each.cost, top)) for each in found.curve)
    return Curve(path, top, tuple((up(top * k / 4, top), f"{top * k / 4:g}") for k in range(5)))


def ranked(found: Ranking | None) -> tuple[str, str] | None:
    if found is None:
        return None
    roc = _joined((across(x), up(y)) for x, y in found.roc)
    return roc, _joined((across(x), up(y)) for x, y in found.precision)


def lengths(found: Sequence[LengthBin]) -> Curve | None:
    """Share of wrong rows at the middle of each bin, from 0 to the largest upper end."""
    if len(found) < 2:
        return None
    top = _rounded(max(each.interval.high for each in found if each.interval is not None))
    places = [(across((k + 0.5) / len(found)), up(each.wrong / each.n, top)) for k, each in enumerate(found)]
    return Curve(_joined(places), top, tuple((up(top * k / 2, top), f"{100 * top * k / 2:g} %") for k in range(3)))


def whiskers(found: Sequence[LengthBin], curve: Curve) -> tuple[tuple[float, float, float, float], ...]:
    """x, the middle, and both ends of the interval of each bin."""
    lines = []
    for k, each in enumerate(found):
        if each.interval is not None:
            ends = up(each.interval.high, curve.top), up(each.interval.low, curve.top)
            lines.append((across((k + 0.5) / len(found)), up(each.wrong / each.n, curve.top), *ends))
    return tuple(lines)


def mapped(atlas: Atlas | None, clusters: Sequence[Sequence[str]], explained: tuple[float, float] | None) -> Map | None:
    """None where no row has a place. Regions are the clusters, with the words that the others have the least."""
    if atlas is None or explained is None:
        return None
    everything = atlas.inside == atlas.points
    paths: list[tuple[str, str]] = []
    if atlas.x is not None and atlas.y is not None:
        for inside in (False, True):
            for wrong in (False, True):
                rows = (atlas.chosen == inside) & (atlas.wrong == wrong)
                name = f"{'wrong' if wrong else 'right'}{' in' if inside and not everything else ''}"
                if rows.any():
                    paths.append((name, _points(atlas.x[rows], atlas.y[rows], cross=wrong)))
    regions = tuple(
        Region(
            each.number, each.x, each.y, _region(each.number, clusters[each.number]), each.rows,
            each.inside == each.rows and not everything,
        )
        for each in atlas.clusters
    )  # fmt: skip
    fields = _fields(atlas.fields.ravel(), atlas.bad.ravel()) if atlas.x is None else ()
    return Map(tuple(paths), fields, regions, explained, atlas.points)


def _region(number: int, words: Sequence[str]) -> str:
    return f"{number}: {', '.join(words[:2])}" if words else str(number)


def painted(row: BenchRow) -> tuple[Piece, ...]:
    """The text with the words of its explanation, where these occur once: of others one cannot tell which is meant."""
    most = max((abs(score) for _, score in row.words), default=0.0)
    places = []
    for word, score in row.words:
        found = [each.start() for each in re.finditer(re.escape(word), row.text)] if word.strip() else []
        step = round(5 * score / most) if most else 0
        if len(found) == 1 and step:
            places.append((found[0], found[0] + len(word), step))
    pieces, at = [], 0
    for start, end, step in sorted(places):
        if start >= at:
            pieces += [Piece(row.text[at:start], 0), Piece(row.text[start:end], step)]
            at = end
    return tuple(each for each in (*pieces, Piece(row.text[at:], 0)) if each.text)


def _joined(places: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _points(x: Floats, y: Floats, *, cross: bool) -> str:
    """A right row is a dot, made by the round end of a line of no length; a wrong one a cross."""
    mark = "m-3-3 6 6m0-6-6 6" if cross else "h0"
    return "".join(f"M{a:.1f} {b:.1f}{mark}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _fields(counts: Ints, bad: Ints) -> tuple[Field, ...]:
    """The chosen rows counted in fields; those where most are wrong are marked."""
    width, height = MAP_WIDTH / FIELDS[0], MAP_HEIGHT / FIELDS[1]
    most = np.log1p(counts.max(initial=1))
    return tuple(
        Field(
            (at % FIELDS[0]) * width, (at // FIELDS[0]) * height, width, height,
            int(np.ceil(SHADES * np.log1p(counts[at]) / most)), bool(2 * bad[at] > counts[at]),
        )
        for at in np.flatnonzero(counts).tolist()
    )  # fmt: skip


def _rounded(value: float) -> float:
    """The next number of one digit, such as .2, 3 or 40."""
    if value <= 0:
        return 1.0
    unit = 10 ** float(np.floor(np.log10(value)))
    return float(np.ceil(value / unit - 1e-9) * unit)
