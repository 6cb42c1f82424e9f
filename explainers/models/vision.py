"""An image classifier as the methods see it: the players are regions, hidden by blur, colour or noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import gcd
from typing import Any

import numpy as np

from ..contract import (
    Arithmetic,
    BoolArray,
    Encoded,
    FloatArray,
    HalfCheck,
    LayerStates,
    Model,
    Need,
    Output,
    PathGradients,
    Question,
    SimilarityOutput,
    TokenOutput,
    ValueName,
    Weights,
    WordOutput,
)
from ..errors import BadInput
from ..inputs.image.encoding import BASELINES, ImageEncoder
from ..inputs.image.view import View
from ..outputs import classifier_output
from .heads import reading_of
from .networks import attention, gradients, layers, probing
from .networks.device import to_array
from .networks.masking import coalition_rows, whole_rows
from .networks.network import Network
from .networks.picturing import PicturingNetwork, last_convolution

LOOKING = frozenset({"vit", "deit"})  # whose attention is between the classifier's position and square patches
CONVOLVING = frozenset({"convnext", "resnet", "efficientnet-lite0"})
CELL = 8  # pixels of a cell where the network has no patches of its own, about
MOST_CELLS = 64  # a side


class VisionModel(Model):
    """Offers outputs and gradients of one image classifier; of a ViT attentions and layers, of convolutions their maps.

    network: one that classifies, called as transformers' are, in fp32 and evaluation mode; it is never changed. view:
    how it prepares a picture; by default squeezed to its own size.
    """

    task = "image"

    def __init__(
        self,
        network: Any,
        *,
        id: str,
        digest: str,
        view: View | None = None,
        title: str | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> None:
        assert not network.training
        self.id = id
        self.digest = digest
        self.title = title or id
        self.card = card
        config = network.config
        self.labels = tuple(str(config.id2label[i]) for i in range(config.num_labels))
        reading = reading_of(config.problem_type, outputs=config.num_labels)
        self.head, self.assumed = reading.head, reading.assumed
        self.baselines = BASELINES
        offers = {Need.OUTPUTS, Need.GRADIENTS}
        looking = config.model_type in LOOKING
        if looking:
            offers |= {Need.ATTENTIONS, Need.FLOW, Need.LAYERS}
        self._layer = last_convolution(network) if config.model_type in CONVOLVING else None
        if self._layer is not None:
            offers |= {Need.MAPS}
        self.offers = frozenset(offers)
        view = view or View(height=config.image_size, width=config.image_size)
        cell = config.patch_size if looking else _cell_of(view)
        special = 2 if config.model_type == "deit" else 1
        self._encoder = ImageEncoder(view=view, cell=cell, special=special if looking else 0, tokens=looking)
        self._network = PicturingNetwork(network, shape=self._encoder.shape, cell=cell)
        self.device = self._network.device.type

    @property
    def half_check(self) -> HalfCheck:
        """bf16 is not offered."""
        return HalfCheck(supported=False, rank_agreement=1.0, value_error=0.0)

    def encode(self, question: Question) -> Encoded:
        if isinstance(question.outputs, WordOutput | TokenOutput | SimilarityOutput):
            raise BadInput(f"{self.id} says classes of an image and no {question.outputs.kind}: leave outputs out")
        return self._encoder.encode(question)

    def split(self, inputs: Encoded, chosen: Sequence[int]) -> Encoded:
        return self._encoder.split(inputs, chosen)

    def output_of(self, inputs: Encoded) -> Output:
        return classifier_output(self.labels, self.head, inputs.outputs, task=self.task)

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        rows = [self._network.logits(whole_rows(self._network, one)) for one in inputs]
        return np.concatenate(rows) if rows else np.zeros((0, len(self.labels)))

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        return self._network.logits(coalition_rows(self._network, inputs, keep))

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        return gradients.path_gradients(self._network, inputs, points, value=value, head=self.head, targets=targets)

    def embeddings(self, inputs: Encoded) -> FloatArray:
        """The prepared pixels of each cell, (positions, 3 · cell · cell), the noise included."""
        return to_array(self._network.ends(inputs)[0].double())

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        return probing.blends(self._network, inputs, shares)

    def randomised(self, seed: int) -> VisionModel:
        return VisionModel(
            probing.redrawn(self._network.module, seed),
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            view=self._encoder.view,
        )

    @cached_property
    def _twin(self) -> Network:
        return attention.eager_twin(self._network)

    def attentions(self, inputs: Encoded, *, served: FloatArray | None = None) -> Weights:
        return attention.attentions(self._twin, inputs, served=self.predict([inputs]) if served is None else served)

    def attention_gradients(
        self, inputs: Encoded, *, value: ValueName, targets: Sequence[int], served: FloatArray | None = None
    ) -> tuple[Weights, Iterator[FloatArray]]:
        served = self.predict([inputs]) if served is None else served
        return attention.attention_gradients(
            self._twin, inputs, value=value, head=self.head, targets=targets, served=served
        )

    def pooled_token(self, inputs: Encoded) -> int:
        return 0

    def layer_states(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> LayerStates:
        return layers.layer_states(self._twin, inputs, points, value=value, head=self.head, targets=targets)

    def feature_maps(self, inputs: Encoded, *, value: ValueName, targets: Sequence[int]) -> FloatArray:
        if self._layer is None:
            return super().feature_maps(inputs, value=value, targets=targets)
        coarse = self._network.feature_maps(self._layer, inputs, value=value, head=self.head, targets=list(targets))
        return spread_over(coarse, self._encoder.shape)


def spread_over(coarse: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """(targets, down, across) → (targets, cells): resized to `shape` cells, bilinear, and divided so that sums stay."""
    import torch
    from torch.nn.functional import interpolate

    maps = torch.from_numpy(coarse)[None]
    found = interpolate(maps, size=shape, mode="bilinear", align_corners=False)[0].flatten(1)
    return to_array(found * (coarse.shape[1] * coarse.shape[2] / (shape[0] * shape[1])))


def _cell_of(view: View) -> int:
    """A side of about CELL pixels that divides the view evenly; 1 where nothing else does."""
    both = gcd(view.height, view.width)
    able = [each for each in range(1, both + 1) if both % each == 0]
    few = [each for each in able if max(view.height, view.width) / each <= MOST_CELLS] or able
    return min(few, key=lambda each: abs(each - CELL))
