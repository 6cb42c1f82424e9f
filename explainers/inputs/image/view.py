"""How a model prepares a picture: resized, cut out in the middle, its colours scaled; and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...contract import FloatArray
from ...contract.question import Pixels
from ...errors import BadInput, BadModel
from .files import MOST_PIXELS

FILE = "preprocessor_config.json"
LARGEST_SIDE = 1024  # pixels that a model may read
MOST_RESIZED = 4 * LARGEST_SIDE  # pixels of a side before the view is cut out
SQUEEZED_FROM = 384  # ConvNext: the middle of a larger picture is cut out below so many pixels, from them on none is
Sides = tuple[int, int]
Colours = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the model's view lies in the picture: x of the picture = left + x of the view · across, y likewise."""

    left: float
    top: float
    across: float
    down: float


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The view (height, width) of a model, and how it is made of a picture.

    shortest: the shorter side is resized to so many pixels and the middle is cut out; None: squeezed to `resized`
    (height, width), or straight to the view, whatever the proportions. resample: Pillow's number of the filter (2
    bilinear, 3 bicubic). scale: before mean and spread, of values 0 to 255.
    """

    height: int
    width: int
    shortest: int | None = None
    resized: Sides | None = None
    resample: int = 2
    scale: float = 1 / 255
    mean: Colours = (0.5, 0.5, 0.5)
    spread: Colours = (0.5, 0.5, 0.5)

    def seen(self, pixels: Pixels) -> tuple[Pixels, Place]:
        """The view as pixels (height, width, 3), and where it lies in the picture. Raises BadInput for a picture so
        narrow that it would have too many pixels once its shorter side is resized."""
        from PIL import Image

        rows, columns, _ = pixels.shape
        height, width = self._resized(rows, columns)
        if height * width > MOST_PIXELS:
            raise BadInput(
                f"the picture of {columns:,} x {rows:,} pixels would be {width:,} x {height:,} once its shorter side "
                f"has {self.shortest}; a picture may have {MOST_PIXELS:,} together: cut out the part that matters"
            )
        image = Image.fromarray(pixels)
        if (width, height) != image.size:
            image = image.resize((width, height), Image.Resampling(self.resample))
        top, left = (height - self.height) // 2, (width - self.width) // 2
        if (top, left) != (0, 0) or (height, width) != (self.height, self.width):
            image = image.crop((left, top, left + self.width, top + self.height))  # black where it reaches beyond
        across, down = columns / width, rows / height
        view: Pixels = np.asarray(image, dtype=np.uint8)
        return view, Place(left=left * across, top=top * down, across=across, down=down)

    def _resized(self, rows: int, columns: int) -> tuple[int, int]:
        if self.shortest is None:
            return self.resized or (self.height, self.width)
        short, long = min(rows, columns), max(rows, columns)
        longer = max(1, int(self.shortest * long / short))
        return (self.shortest, longer) if rows <= columns else (longer, self.shortest)

    def scaled(self, view: Pixels) -> FloatArray:
        """(3, height, width), the numbers that the network is given."""
        mean, spread = (np.array(each)[:, None, None] for each in (self.mean, self.spread))
        numbers: FloatArray = (view.transpose(2, 0, 1) * self.scale - mean) / spread
        return numbers


def view_of(settings: Mapping[str, Any]) -> View:
    """The view that a preprocessor_config.json describes. Raises BadModel for a step that is not followed."""
    if settings.get("do_resize", True) is not True:
        raise BadModel(f"{FILE}: do_resize is off; pictures have many sizes, and the model reads one")
    shortest, resized, view = _sizes(settings)
    if view is None:
        raise BadModel(f"{FILE}: neither size nor crop_size names the height and width that the model reads")
    if not all(16 <= side <= LARGEST_SIDE for side in view):
        raise BadModel(f"{FILE}: the model reads {view[0]} x {view[1]} pixels; a side of 16 to {LARGEST_SIDE} is read")
    if shortest is not None and shortest < max(view):
        raise BadModel(f"{FILE}: the shortest side is {shortest} pixels, less than the view that is cut out of it")
    normal = settings.get("do_normalize", True) is not False
    return View(
        height=view[0],
        width=view[1],
        shortest=shortest,
        resized=resized,
        resample=_whole(settings, "resample", 2, allowed=range(6)),
        scale=_number(settings, "rescale_factor", 1 / 255) if settings.get("do_rescale", True) is not False else 1.0,
        mean=_colours(settings, "image_mean", 0.5) if normal else (0.0, 0.0, 0.0),
        spread=_colours(settings, "image_std", 0.5) if normal else (1.0, 1.0, 1.0),
    )


def _sizes(settings: Mapping[str, Any]) -> tuple[int | None, Sides | None, Sides | None]:
    """View.shortest, View.resized, and height and width of the view; None for a view that nothing names."""
    given, crops = settings.get("size", 224), settings.get("do_center_crop") is True
    crop = _size(settings.get("crop_size", 224)) if crops else None
    if not isinstance(given, dict) or "shortest_edge" not in given:
        size = _size(given)
        return None, size, crop if crops else size
    edge = given["shortest_edge"]
    if not _is_side(edge):
        most = MOST_RESIZED
        raise BadModel(f"{FILE}: shortest_edge is {str(edge)[:40]}; it must be a number of pixels, 1 to {most}")
    if settings.get("crop_pct") is None:
        return edge, None, crop if crops else (edge, edge)
    if edge >= SQUEEZED_FROM:
        return None, (edge, edge), (edge, edge)
    share = _number(settings, "crop_pct", 1.0)
    if edge / share > MOST_RESIZED:
        raise BadModel(f"{FILE}: crop_pct is {share:g}; a side of {edge} pixels may be that share of {MOST_RESIZED}")
    return int(edge / share), None, (edge, edge)


def _size(given: Any) -> Sides | None:
    if isinstance(given, dict):
        given = [given.get("height"), given.get("width")]
    sides = given if isinstance(given, list) else [given, given]
    return (sides[0], sides[1]) if len(sides) == 2 and all(map(_is_side, sides)) else None


def _is_side(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST_RESIZED


def _whole(settings: Mapping[str, Any], name: str, usual: int, *, allowed: range) -> int:
    given = settings.get(name, usual)
    if isinstance(given, bool) or not isinstance(given, int) or given not in allowed:
        raise BadModel(f"{FILE}: {name} is {str(given)[:40]}; it must be one of {', '.join(map(str, allowed))}")
    return given


def _number(settings: Mapping[str, Any], name: str, usual: float) -> float:
    given = settings.get(name, usual)
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= 1:
        raise BadModel(f"{FILE}: {name} is {str(given)[:40]}; it must be a number above 0 and at most 1")
    return float(given)


def _colours(settings: Mapping[str, Any], name: str, usual: float) -> Colours:
    given = settings.get(name, [usual] * 3)
    listed = given if isinstance(given, list) else [given] * 3
    plain = [each for each in listed if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(plain) != 3 or (name == "image_std" and min(plain) <= 0):
        raise BadModel(f"{FILE}: {name} must be three numbers, of red, green and blue")
    return float(plain[0]), float(plain[1]), float(plain[2])
