"""An image classifier as the methods see it: the players are patches, hidden by colour or blur."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
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
from ..inputs.image import BASELINES, ImageEncoder
from ..outputs import classifier_output
from .heads import reading_of
from .networks import attention, gradients, layers, probing
from .networks.device import to_array
from .networks.masking import coalition_rows, whole_rows
from .networks.network import Network
from .networks.picturing import PicturingNetwork


class VisionModel(Model):
    """Offers outputs, gradients, attentions and layers of one image classifier.

    network: a ViTForImageClassification in fp32 and evaluation mode; it is never changed. mean, spread: of the colours,
    as in its image processor.
    """

    def __init__(
        self,
        network: Any,
        *,
        id: str,
        digest: str,
        mean: tuple[float, float, float] = (0.5, 0.5, 0.5),
        spread: tuple[float, float, float] = (0.5, 0.5, 0.5),
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
        self.offers = frozenset({Need.OUTPUTS, Need.GRADIENTS, Need.ATTENTIONS, Need.LAYERS})
        self._network = PicturingNetwork(network)
        self.device = self._network.device.type
        self._encoder = ImageEncoder(side=config.image_size, patch=config.patch_size, mean=mean, spread=spread)

    @property
    def half_check(self) -> HalfCheck:
        """bf16 is not offered."""
        return HalfCheck(supported=False, rank_agreement=1.0, value_error=0.0)

    def encode(self, question: Question) -> Encoded:
        if isinstance(question.outputs, WordOutput | TokenOutput | SimilarityOutput):
            raise BadInput(f"{self.id} says classes of an image and no {question.outputs.kind}: leave outputs out")
        return self._encoder.encode(question)

    def output_of(self, inputs: Encoded) -> Output:
        return classifier_output(self.labels, self.head, inputs.outputs)

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
        """The prepared pixels of each patch, (positions, 3 · patch · patch), the noise included."""
        return to_array(self._network.ends(inputs)[0].double())

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        return probing.blends(self._network, inputs, shares)

    def randomised(self, seed: int) -> VisionModel:
        return VisionModel(
            probing.redrawn(self._network.module, seed),
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            mean=self._encoder.mean,
            spread=self._encoder.spread,
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
