"""Scenes of up to three coloured shapes on a plain ground: their pixels, their caption, and where each word comes from.

A caption names the shapes from left to right, each with its place to the next: "a red circle left of a blue square".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from ..contract import FloatArray
from ..contract.question import Pixels

SIDE = 48  # pixels of a scene as the model reads it; places and sizes below are in them
SHAPES = ("circle", "square", "triangle", "cross", "ring")
COLOURS = {
    "red": (206, 38, 38),
    "yellow": (235, 188, 20),
    "green": (34, 139, 60),
    "blue": (40, 80, 200),
    "purple": (134, 52, 160),
    "black": (28, 28, 28),
}
MOST = 3  # shapes of a scene
SMALLEST, LARGEST = 13.0, 17.0  # sides of a shape
APART = 1.5  # pixels between the boxes of two shapes, at least
AHEAD = 4.0  # pixels by which a shape lies left of the next, at least, so that their order is plain
CLEAR = 3.0  # pixels between the two distances of a pair, across and down, so that their relation is plain
EMPTY = ("nothing",)  # the caption of a scene without shapes
ATTEMPTS = 200


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape. x, y: its centre; side: of the box around it."""

    kind: str
    colour: str
    x: float
    y: float
    side: float


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a caption. shapes: the numbers of the shapes that decide it, two of a relation, none of a filler."""

    text: str
    shapes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Shapes from left to right, on a ground of one colour (red, green, blue; 0 to 255)."""

    shapes: tuple[Shape, ...]
    ground: tuple[float, float, float]

    @property
    def words(self) -> tuple[Word, ...]:
        """The caption word by word."""
        return words_of(self.shapes)

    @property
    def caption(self) -> str:
        return " ".join(word.text for word in self.words)


def words_of(shapes: Sequence[Shape]) -> tuple[Word, ...]:
    """The caption of shapes that are listed from left to right."""
    if not shapes:
        return tuple(map(Word, EMPTY))
    said: list[Word] = []
    for number, shape in enumerate(shapes):
        if number:
            both = (number - 1, number)
            said += [Word(text, both) for text in relation(shapes[number - 1], shape)]
        said += [Word("a"), Word(shape.colour, (number,)), Word(shape.kind, (number,))]
    return tuple(said)


def relation(first: Shape, second: Shape) -> tuple[str, ...]:
    """Where the first of two shapes lies, seen from the second: the larger of the two distances decides."""
    if second.x - first.x >= abs(second.y - first.y):
        return ("left", "of")
    return ("above",) if first.y < second.y else ("below",)


def scene_of(number: int) -> Scene:
    """The scene of a number: the same one each time."""
    return drawn_scene(np.random.default_rng((number, 48)))


def drawn_scene(draw: np.random.Generator, *, shapes: int | None = None, distinct: bool = True) -> Scene:
    """A scene by chance, of so many shapes, by default two or three of them.

    distinct: no two of them have a colour or a kind in common, so that each word is decided by one shape alone.
    """
    count = int(draw.integers(2, MOST + 1)) if shapes is None else shapes
    light = draw.uniform(205, 250)
    tint = draw.uniform(-10, 10, 3)
    red, green, blue = (float(min(255.0, each)) for each in light + tint)
    return Scene(_placed(draw, count, distinct), (red, green, blue))


def _placed(draw: np.random.Generator, count: int, distinct: bool) -> tuple[Shape, ...]:
    """Shapes that do not touch, whose order and relations are plain."""
    while True:
        found: list[Shape] = []
        for _ in range(ATTEMPTS):
            if len(found) == count:
                return tuple(sorted(found, key=lambda shape: shape.x))
            side = float(draw.uniform(SMALLEST, LARGEST))
            x, y = (float(each) for each in draw.uniform(side / 2 + 0.5, SIDE - side / 2 - 0.5, 2))
            made = Shape(SHAPES[draw.integers(len(SHAPES))], list(COLOURS)[draw.integers(len(COLOURS))], x, y, side)
            if all(_fits(made, other, distinct) for other in found):
                found.append(made)


def _fits(one: Shape, other: Shape, distinct: bool) -> bool:
    across, down = abs(one.x - other.x), abs(one.y - other.y)
    away = max(across, down) >= (one.side + other.side) / 2 + APART
    same = [one.kind == other.kind, one.colour == other.colour]
    alike = any(same) if distinct else all(same)
    return away and not alike and across >= AHEAD and abs(across - down) >= CLEAR


def covered(shape: Shape, side: int = SIDE) -> FloatArray:
    """(side, side) the share of each pixel that a shape covers, of a scene drawn with so many pixels."""
    scale = side / SIDE
    at = np.asarray((np.arange(side) + 0.5) / scale, dtype=np.float64)
    x: FloatArray = at[None, :] - shape.x
    y: FloatArray = at[:, None] - shape.y
    return np.clip(0.5 - _distance(shape.kind, x, y, shape.side / 2) * scale, 0, 1)


def _distance(kind: str, x: FloatArray, y: FloatArray, half: float) -> FloatArray:
    """The distance of points to the outline of a shape in a box of side 2 · half, negative within it."""
    if kind == "circle":
        return np.hypot(x, y) - half
    if kind == "ring":
        return np.abs(np.hypot(x, y) - 0.72 * half) - 0.28 * half
    if kind == "square":
        return np.maximum(np.abs(x), np.abs(y)) - 0.92 * half
    if kind == "cross":
        arm = 0.34 * half
        upright = np.maximum(np.abs(x) - arm, np.abs(y) - half)
        lying = np.maximum(np.abs(x) - half, np.abs(y) - arm)
        return np.minimum(upright, lying)
    slant = (2 * np.abs(x) - (y + half)) / sqrt(5)  # a triangle: two slanted sides and its base
    return np.maximum(slant, y - half)


def pixels_of(scene: Scene, side: int = SIDE) -> Pixels:
    """The scene as pixels (side, side, 3)."""
    image = np.broadcast_to(np.array(scene.ground), (side, side, 3)).copy()
    for shape in scene.shapes:
        share = covered(shape, side)[..., None]
        image = image * (1 - share) + np.array(COLOURS[shape.colour]) * share
    pixels: Pixels = np.round(image).astype(np.uint8)
    return pixels


def png_of(pixels: Pixels) -> bytes:
    """A PNG file of the pixels, written without a library for pictures: the web process loads none."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    made = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)
