"""The map of a picture: its regions as paths over it, and as rows of a table that says where each lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._library import explainers
from ..ask.schemas import ExplanationOut, PanelOut
from ..draw import heatmap
from .painting import Painted


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One region. path: its outline as SVG draws it; x, y: where its number stands, in pixels of the picture.

    without: the probability of the class when the region is absent, where the model was asked that.
    """

    number: int
    where: str
    share: float
    path: str
    x: float
    y: float
    step: int
    score: float | None
    error: float | None
    without: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The part of the picture that the model reads, in pixels; None where that is all of it."""

    left: int
    top: int
    right: int
    bottom: int


def regions_of(panel: PanelOut, found: ExplanationOut, painted: Painted) -> tuple[Region, ...]:
    """The regions in reading order, with what each does to the number that is explained."""
    scores, without = painted.scores, painted.without
    top = 0.0 if scores is None else heatmap.largest(scores)
    width, height = size_of(panel)
    made = []
    for number, patch in enumerate(patches_of(found)):
        score = None if scores is None else float(scores[number])
        place = explainers.whereabouts(patch, width, height)
        x, y = _inside(patch)
        made.append(
            Region(
                number=number + 1,
                where=place.where,
                share=place.share,
                path=_path(patch),
                x=x,
                y=y,
                step=0 if score is None else heatmap.step_of(score, top),
                score=score,
                error=_error(painted, number),
                without=None if without is None else float(without[number]),
            )
        )
    return tuple(made)


def size_of(panel: PanelOut) -> tuple[int, int]:
    """Width and height of the picture in pixels."""
    given = panel.input
    assert isinstance(given, explainers.ImageInput)
    assert given.width is not None
    assert given.height is not None
    return given.width, given.height


def read_part(panel: PanelOut, found: ExplanationOut) -> Read | None:
    """The box around all regions, which alone the model sees; None where that is the whole picture."""
    lefts, tops, rights, bottoms = zip(*(patch.box for patch in patches_of(found)), strict=True)
    width, height = size_of(panel)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    if (left, top, right, bottom) == (0, 0, width, height):
        return None
    return Read(left=left, top=top, right=right, bottom=bottom)


def patches_of(found: Any) -> Sequence[explainers.Patch]:
    """The features of a picture."""
    return [feature for feature in found.features if isinstance(feature, explainers.Patch)]


def _path(patch: explainers.Patch) -> str:
    """`M x y L …Z` for each ring."""
    rings = explainers.rings_of(patch)
    return "".join(
        "M" + "L".join(f"{x} {y}" for x, y in zip(ring[::2], ring[1::2], strict=True)) + "Z" for ring in rings
    )


def _inside(patch: explainers.Patch) -> tuple[float, float]:
    """A point within the region: the middle of the widest stretch of a line through it."""
    rings = [np.array(ring, dtype=float).reshape(-1, 2) for ring in explainers.rings_of(patch)]
    best = (0.0, (patch.box[0] + patch.box[2]) / 2, (patch.box[1] + patch.box[3]) / 2)
    for part in (0.5, 0.35, 0.65):
        y = patch.box[1] + part * (patch.box[3] - patch.box[1]) + 0.01
        crossed = sorted(
            float(a[0])
            for ring in rings
            for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)
            if a[0] == b[0] and min(a[1], b[1]) <= y < max(a[1], b[1])
        )
        for left, right in zip(crossed[::2], crossed[1::2], strict=False):
            best = max(best, (right - left, (left + right) / 2, y))
    return best[1], best[2]


def _error(painted: Painted, number: int) -> float | None:
    error = None if painted.errors is None else float(painted.errors[number])
    return error if error is not None and np.isfinite(error) else None
