"""A picture as a model reads it: cells of its view as positions, regions as players, stand-ins for absent ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...contract import BaselineKind, ClassOutput, Encoded, FloatArray, Ids, ImageInput, Question, Token
from ...errors import BadInput
from .files import opened
from .regions import along_edges, grid, patches, split
from .view import Place, View

BASELINES: tuple[BaselineKind, ...] = ("blur", "mean", "noise", "zero")
PLAYERS = ("auto", "region", "detail", "patch")
BLUR = 0.1  # width of the Gaussian as a share of the view's side: shapes are gone, colours stay about where they were


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A picture as its model sees it: one row a position, its prepared pixels side by side; special positions are 0.

    whole, absent: (positions, 3 · cell · cell) of the picture and of its baseline. labels: (rows, columns) the player
    of each cell. place: where the view lies in the picture.
    """

    whole: FloatArray
    absent: FloatArray
    labels: Ids
    place: Place


def cells_of(inputs: Encoded) -> Cells:
    """The cells of a picture that a model has encoded."""
    assert isinstance(inputs.held, Cells)
    return inputs.held


def absent_pixels(inputs: Encoded) -> FloatArray:
    """(positions, width) of the baseline; of baseline 'zero' zeros, whatever it was encoded with."""
    held = cells_of(inputs)
    return np.zeros_like(held.absent) if inputs.baseline == "zero" else held.absent


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEncoder:
    """How a model sees a picture: its view, cut into squares of `cell` pixels.

    special: positions before the cells, such as the one that the classifier reads. tokens: whether the positions are
    tokens of the network, which attention looks at and records list.
    """

    view: View
    cell: int
    special: int = 0
    tokens: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return self.view.height // self.cell, self.view.width // self.cell

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for an input, a baseline or players that a picture does not have, and for a bad file."""
        if not isinstance(question.input, ImageInput):
            raise BadInput(f"this model reads images, not an input of kind {question.input.kind!r}: give it an image")
        baseline = question.baseline or BASELINES[0]
        if baseline not in BASELINES:
            raise BadInput(f"baseline {baseline!r} does not exist for an image; choose {', '.join(BASELINES)}")
        if question.players not in PLAYERS:
            raise BadInput(f"an image has no {question.players}s: choose {', '.join(PLAYERS)}")
        if question.focus is not None:
            raise BadInput("a focus is a stretch of a text: leave it out for an image")
        image = opened(question.input)
        assert image.pixels is not None
        view, place = self.view.seen(image.pixels)
        seen = self.view.scaled(view)  # (3, height, width)
        labels = grid(*self.shape) if question.players == "patch" else along_edges(view, *self.shape)
        held = Cells(
            whole=self.cut(seen),
            absent=self.cut(_hidden(seen, baseline, seed=question.seed)),
            labels=labels,
            place=place,
        )
        players = "region" if question.players == "auto" else question.players
        asked = question.outputs or ClassOutput()
        unplayed = Encoded(
            input=image, outputs=asked, players=players, baseline=baseline, features=(), tokens=(),
            owner=np.zeros(0, dtype=np.int64), held=held,
        )  # fmt: skip
        return self._played(unplayed, labels)

    def split(self, inputs: Encoded, chosen: Sequence[int]) -> Encoded:
        """Cut the chosen regions of the picture into smaller ones."""
        return self._played(inputs, split(cells_of(inputs).labels, chosen))

    def _played(self, inputs: Encoded, labels: Ids) -> Encoded:
        """The picture with these regions as its players."""
        held, image = cells_of(inputs), inputs.input
        assert isinstance(image, ImageInput)
        assert image.width is not None
        assert image.height is not None
        owner = np.concatenate([np.full(self.special, -1), labels.ravel()])
        return replace(
            inputs,
            features=patches(labels, cell=self.cell, place=held.place, width=image.width, height=image.height),
            tokens=self._tokens(owner) if self.tokens else (),
            owner=owner,
            held=replace(held, labels=labels),
        )

    def cut(self, seen: FloatArray) -> FloatArray:
        """(3, height, width) → (positions, 3 · cell · cell), special positions first."""
        (rows, columns), cell = self.shape, self.cell
        squares = seen.reshape(3, rows, cell, columns, cell).transpose(1, 3, 0, 2, 4).reshape(rows * columns, -1)
        return np.concatenate([np.zeros((self.special, squares.shape[1])), squares])

    def _tokens(self, owner: Ids) -> tuple[Token, ...]:
        shown = []
        for position, player in enumerate(owner.tolist()):
            if player < 0:
                shown.append(Token(text="[CLS]", special=True))
                continue
            row, column = divmod(position - self.special, self.shape[1])
            shown.append(Token(text=f"row {row + 1}, column {column + 1}", player=player))
        return tuple(shown)


def _hidden(seen: FloatArray, baseline: BaselineKind, *, seed: int) -> FloatArray:
    """The view with everything hidden, (3, height, width): a blur of itself, its mean colour, noise of its mean and
    spread, or the network's zero."""
    if baseline == "zero":
        return np.zeros_like(seen)
    mean = seen.mean(axis=(1, 2), keepdims=True)
    if baseline == "mean":
        return np.broadcast_to(mean, seen.shape).copy()
    if baseline == "noise":
        drawn = np.random.default_rng((seed, 3)).standard_normal(seen.shape)
        return np.asarray(mean + drawn * seen.std(axis=(1, 2), keepdims=True))
    from scipy.ndimage import gaussian_filter

    wide = BLUR * min(seen.shape[1:])
    blurred: FloatArray = gaussian_filter(seen, sigma=(0, wide, wide), mode="nearest")
    return blurred
