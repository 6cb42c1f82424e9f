"""Images as inputs: patches of the model's own grid, gathered into at most 64 players."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np

from ..contract import BaselineKind, ClassOutput, Encoded, FloatArray, Ids, ImageInput, Patch, Question, Token
from ..errors import BadInput

MOST_PLAYERS = 64
BASELINES: tuple[BaselineKind, ...] = ("mean", "zero", "blur")
BLUR = 0.1  # width of the Gaussian as a share of the image's side: shapes are gone, colours stay about where they were


@dataclass(frozen=True, slots=True, kw_only=True)
class Patches:
    """The model's view of an image: one row a position, its prepared pixels side by side; special positions are 0.

    whole, absent: (positions, 3 · patch · patch) of the image and of its baseline.
    """

    whole: FloatArray
    absent: FloatArray


def patches_of(inputs: Encoded) -> Patches:
    """The patches of an image that a model has encoded."""
    assert isinstance(inputs.held, Patches)
    return inputs.held


def absent_pixels(inputs: Encoded) -> FloatArray:
    """(positions, width) of the baseline; of baseline 'zero' zeros, whatever it was encoded with."""
    held = patches_of(inputs)
    return np.zeros_like(held.absent) if inputs.baseline == "zero" else held.absent


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageEncoder:
    """How a model sees an image: squeezed to `side` x `side` pixels, cut into squares of `patch` pixels.

    mean, spread: of red, green and blue, what is subtracted from them, as shares of 255, and what they are divided by.
    special: positions before the patches, such as the one that the classifier reads.
    """

    side: int
    patch: int
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    spread: tuple[float, float, float] = (0.5, 0.5, 0.5)
    special: int = 1

    @property
    def grid(self) -> int:
        """Patches a row, and rows."""
        return self.side // self.patch

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for an input, a baseline or players that an image does not have."""
        given = self._image(question)
        baseline = question.baseline or BASELINES[0]
        if baseline not in BASELINES:
            raise BadInput(f"baseline {baseline!r} does not exist for an image; choose {', '.join(BASELINES)}")
        if question.players not in ("auto", "patch"):
            raise BadInput(f"an image has no {question.players}s: choose auto or patch")
        if question.focus is not None:
            raise BadInput("a focus is a stretch of a text: leave it out for an image")
        assert given.pixels is not None
        seen = self.prepared(given.pixels)  # (3, side, side)
        features, owner = self._players(given)
        return Encoded(
            input=given,
            outputs=question.outputs or ClassOutput(),
            players="patch",
            baseline=baseline,
            features=features,
            tokens=self._tokens(owner),
            owner=owner,
            held=Patches(whole=self.cut(seen), absent=self.cut(_hidden(seen, baseline))),
        )

    def _image(self, question: Question) -> ImageInput:
        if not isinstance(question.input, ImageInput):
            raise BadInput(f"this model reads images, not an input of kind {question.input.kind!r}: give it an image")
        if question.input.pixels is None:
            raise BadInput(f"the pixels of image {question.input.digest[:12]} are not here: give the image itself")
        return question.input

    def prepared(self, pixels: Any) -> FloatArray:
        """(3, side, side): squeezed to the model's square, bilinear with averaging, its colours then scaled."""
        import torch
        from torch.nn import functional

        colours = torch.from_numpy(np.asarray(pixels, dtype=np.float64)).permute(2, 0, 1)[None] / 255
        size = (self.side, self.side)
        squeezed = functional.interpolate(colours, size=size, mode="bilinear", antialias=True, align_corners=False)
        mean, spread = (np.array(each)[:, None, None] for each in (self.mean, self.spread))
        scaled: FloatArray = (squeezed[0].numpy() - mean) / spread
        return scaled

    def cut(self, seen: FloatArray) -> FloatArray:
        """(3, side, side) → (positions, 3 · patch · patch), special positions first."""
        grid, patch = self.grid, self.patch
        squares = seen.reshape(3, grid, patch, grid, patch).transpose(1, 3, 0, 2, 4).reshape(grid * grid, -1)
        return np.concatenate([np.zeros((self.special, squares.shape[1])), squares])

    def _players(self, image: ImageInput) -> tuple[tuple[Patch, ...], Ids]:
        """The players, rectangles of the image as it was given, and the player of each position."""
        block = ceil(self.grid / sqrt(MOST_PLAYERS))
        count = ceil(self.grid / block)
        edges = np.minimum(np.arange(count + 1) * block, self.grid) / self.grid
        across, down = ((edges * size).round().astype(int).tolist() for size in (image.width, image.height))
        features = tuple(
            Patch(left=across[column], top=down[row], right=across[column + 1], bottom=down[row + 1])
            for row in range(count)
            for column in range(count)
        )
        row, column = np.divmod(np.arange(self.grid**2), self.grid)
        owner = np.concatenate([np.full(self.special, -1), row // block * count + column // block])
        return features, owner

    def _tokens(self, owner: Ids) -> tuple[Token, ...]:
        shown = []
        for position, player in enumerate(owner.tolist()):
            if player < 0:
                shown.append(Token(text="[CLS]", special=True))
                continue
            row, column = divmod(position - self.special, self.grid)
            shown.append(Token(text=f"row {row + 1}, column {column + 1}", player=player))
        return tuple(shown)


def _hidden(seen: FloatArray, baseline: BaselineKind) -> FloatArray:
    """The image with everything hidden, (3, side, side): its mean colour, the model's zero, or a blur of itself."""
    if baseline == "zero":
        return np.zeros_like(seen)
    if baseline == "mean":
        return np.broadcast_to(seen.mean(axis=(1, 2), keepdims=True), seen.shape).copy()
    from scipy.ndimage import gaussian_filter

    wide = BLUR * seen.shape[1]
    blurred: FloatArray = gaussian_filter(seen, sigma=(0, wide, wide), mode="nearest")
    return blurred
