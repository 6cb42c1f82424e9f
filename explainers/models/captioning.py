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
from ..inputs.image.captioned import with_caption
from ..inputs.image.encoding import BASELINES, ImageEncoder
from ..inputs.image.view import View
from ..inputs.text.continuation import Continuation, tokens_of
from .networks import probing
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
    usual_outputs = TokenOutput(whole=True)
    _network: CaptioningNetwork

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
        seen, said = looking(network.config), speaking(network.config)
        cell = seen.patch_size if seen.model_type in CUT_IN_PATCHES else cell_of(view)
        self._encoder = ImageEncoder(view=view, cell=cell)
        super().__init__(
            CaptioningNetwork(network, shape=self._encoder.shape, cell=cell),
            tokenizer,
            id=id,
            digest=digest,
            title=title,
            card=card,
            maximum_length=int(min(tokenizer.model_max_length, said.max_position_embeddings)),
        )
        self.baselines = BASELINES
        self.offers = frozenset({Need.OUTPUTS, Need.GRADIENTS, Need.ANSWERS})

    @property
    def half_check(self) -> HalfCheck:
        """bf16 is not offered."""
        return HalfCheck(supported=False, rank_agreement=1.0, value_error=0.0)

    def _prompt(self, question: Question) -> Encoded:
        return self._encoder.encode(question.model_copy(update={"outputs": None}))

    def _followed(
        self, prompt: Encoded, continuation: Continuation, said: tuple[Ids, tuple[str, ...]], question: Question
    ) -> Encoded:
        return replace(prompt, held=with_caption(prompt, continuation))

    def _tokens(self, prompt: Encoded, text: str) -> tuple[Ids, tuple[str, ...]]:
        ids, _ = tokens_of(self._tokenizer, text)
        return ids, self._speaker.shown(ids)

    def split(self, inputs: Encoded, chosen: Sequence[int]) -> Encoded:
        return self._encoder.split(inputs, chosen)

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Arithmetic = "fp32") -> FloatArray:
        return self._network.logits(self._network.coalitions(inputs, keep))

    def randomised(self, seed: int) -> CaptionModel:
        return CaptionModel(
            probing.redrawn(self._network.module, seed),
            self._tokenizer,
            id=self.id,
            digest=f"{self.digest}-randomised-{seed}",
            view=self._encoder.view,
        )
