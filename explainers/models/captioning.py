"""A model that says what is in a picture: the players are its regions, the outputs the words of the caption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from ..contract import (
    Arithmetic,
    BoolArray,
    Encoded,
    FloatArray,
    HalfCheck,
    Ids,
    Need,
    Question,
    TokenOutput,
)
from ..errors import BadInput
from ..inputs.image.captioned import with_caption
from ..inputs.image.encoding import BASELINES, ImageEncoder
from ..inputs.image.view import View
from ..inputs.text.continuation import tokens_of
from .networks import probing
from .networks.device import to_array
from .pictures.captions import CaptioningNetwork, looking, speaking
from .saying import SayingModel
from .vision import cell_of

CUT_IN_PATCHES = frozenset({"vit", "deit", "beit", "blip_vision_model", "git_vision_model"})  # which are the cells


class CaptionModel(SayingModel):
    """Offers outputs and gradients of every word of a caption; the players are regions of the picture.

    network: one that CaptioningNetwork runs, in fp32 and evaluation mode; it is never changed. tokenizer: its fast
    tokenizer. view: how it prepares a picture.
    """

    task: Literal["caption"] = "caption"

    def __init__(
        self,
        network: Any,
        tokenizer: Any,
        *,
        id: str,
        digest: str,
        view: View,
        title: str | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> None:
        assert not network.training
        self.id = id
        self.digest = digest
        self.title = title or id
        self.card = card
        self.baselines = BASELINES
        self.offers = frozenset({Need.OUTPUTS, Need.GRADIENTS, Need.ANSWERS})
        seen, said = looking(network.config), speaking(network.config)
        self.maximum_length = int(min(tokenizer.model_max_length, said.max_position_embeddings))
        cell = seen.patch_size if seen.model_type in CUT_IN_PATCHES else cell_of(view)
        self._encoder = ImageEncoder(view=view, cell=cell)
        self._network: CaptioningNetwork = CaptioningNetwork(network, shape=self._encoder.shape, cell=cell)
        self._tokenizer = tokenizer
        self.device = self._network.device.type

    @property
    def half_check(self) -> HalfCheck:
        """bf16 is not offered."""
        return HalfCheck(supported=False, rank_agreement=1.0, value_error=0.0)

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for an input that is no picture, and for a caption that cannot be read."""
        asked = question.outputs or TokenOutput(whole=True)
        if not isinstance(asked, TokenOutput):
            raise BadInput(f"{self.id} says what is in a picture and has no {asked.kind}: leave outputs out")
        picture = self._prompt(question)
        said, outputs = self._answered(picture, asked)
        return replace(picture, outputs=outputs, held=with_caption(picture, said))

    def _prompt(self, question: Question) -> Encoded:
        return self._encoder.encode(question.model_copy(update={"outputs": None}))

    def _prompt_text(self, question: Question) -> str:
        return ""

    def _tokens(self, prompt: Encoded, text: str) -> tuple[Ids, tuple[str, ...]]:
        ids, _ = tokens_of(self._tokenizer, text)
        return ids, self._speaker.shown(ids)

    def split(self, inputs: Encoded, chosen: Sequence[int]) -> Encoded:
        return self._encoder.split(inputs, chosen)

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        return self._network.logits(self._network.coalitions(inputs, keep))

    def embeddings(self, inputs: Encoded) -> FloatArray:
        """The prepared pixels of each cell, (positions, 3 · cell · cell), the noise included."""
        return to_array(self._network.ends(inputs)[0].double())

    def randomised(self, seed: int) -> CaptionModel:
        return CaptionModel(
            probing.redrawn(self._network.module, seed),
            self._tokenizer,
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            view=self._encoder.view,
        )
