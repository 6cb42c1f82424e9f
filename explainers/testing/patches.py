"""A model that looks at patches of an image and whose right answer is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..contract import ClassOutput, Encoded, FloatArray, ImageInput, Need, Patch, Question, Token
from .gradient import GradientModel


class PatchModel(GradientModel):
    """Logit c is the sum of weights[patch][c] over the patches kept, whatever they show.

    weights: one row a patch, row by row of a square grid. A special position stands first.
    """

    id = "patches"
    title = "Patches"
    offers = frozenset({Need.OUTPUTS, Need.GRADIENTS, Need.ATTENTIONS, Need.FLOW, Need.LAYERS})

    def __init__(self, weights: Sequence[tuple[float, ...]]) -> None:
        super().__init__({})
        self.patches = tuple(weights)
        self.grid = round(len(self.patches) ** 0.5)

    def encode(self, question: Question) -> Encoded:
        image = question.input
        assert isinstance(image, ImageInput)
        assert image.width is not None
        assert image.height is not None
        across, down = (np.linspace(0, size, self.grid + 1).round().astype(int) for size in (image.width, image.height))
        places = [(row, column) for row in range(self.grid) for column in range(self.grid)]
        return Encoded(
            input=image,
            outputs=question.outputs or ClassOutput(),
            players="patch",
            baseline="mask",
            features=tuple(
                Patch(box=(across[column], down[row], across[column + 1], down[row + 1])) for row, column in places
            ),
            tokens=(
                Token(text="[CLS]", special=True),
                *(Token(text=f"{row}, {column}", player=at) for at, (row, column) in enumerate(places)),
            ),
            owner=np.arange(-1, len(places)),
        )

    def randomised(self, seed: int) -> PatchModel:
        draw = np.random.default_rng(seed)
        return PatchModel([tuple(draw.normal(size=len(self.labels))) for _ in self.patches])

    def _embeddings(self, inputs: Encoded) -> FloatArray:
        plain = np.array([(0.0,) * len(self.labels), *self.patches])
        return plain if inputs.noise is None else plain + inputs.noise
