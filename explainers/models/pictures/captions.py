"""Networks that say something of a picture: an encoder with a decoder, BLIP, and GIT, which reads both in one row.

The decoder is asked for every word at once: one pass a picture, in which the words before each are given.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import torch

from ...contract import Encoded, Ids
from ...game import passes
from ..language.network import LanguageNetwork, numbers_in
from ..networks.continuing import answering
from ..networks.network import Rows
from ..networks.picturing import CellNetwork


class CaptioningNetwork(CellNetwork, LanguageNetwork):
    """A VisionEncoderDecoderModel, a BlipForConditionalGeneration or a GitForCausalLM."""

    def __init__(self, module: Any, *, shape: tuple[int, int], cell: int) -> None:
        super().__init__(module, shape=shape, cell=cell)
        self.two_sided = True  # the picture takes no room from the answer
        self._shares = False
        self.kind: str = module.config.model_type

    @property
    def vocabulary(self) -> int:
        return int(speaking(self.module.config).vocab_size)

    @property
    def ends_of_answers(self) -> frozenset[int]:
        speaks = speaking(self.module.config)
        if self.kind == "blip":
            return numbers_in(speaks.sep_token_id)
        own, made = self.module.config, self.module.generation_config
        return numbers_in(*(getattr(each, "eos_token_id", None) for each in (own, speaks, made)))

    def rows(self, inputs: Encoded, *, ids: Ids | None = None, embeddings: torch.Tensor | None = None) -> Rows:
        """Rows of pictures, each followed by the caption of `inputs`."""
        assert ids is None
        return answering(Rows(embeddings=embeddings, pooled=0), inputs)

    def logits_at(self, rows: Rows, wanted: torch.Tensor, attentions: list[torch.Tensor] | None = None) -> torch.Tensor:
        """(rows, tokens, vocabulary); attentions are not asked for."""
        assert rows.embeddings is not None
        before = torch.cat([self._start, wanted[:-1]]).expand(rows.shape[0], -1)
        return self._said(self._seen(self.joined(rows.embeddings)), before)

    def spoken(self, prompt: Encoded) -> Generator[torch.Tensor, int, None]:
        with torch.inference_mode():
            passes.begins(1)
            whole = self.ends(prompt)[0][None]
            seen = self._seen(self.joined(whole))
        before = self._start[None]
        while True:
            passes.begins(1)
            with torch.inference_mode():  # never while whoever listens works
                odds = self._said(seen, before)[0, -1].double().log_softmax(dim=-1)
            said = yield odds
            before = torch.cat([before, torch.tensor([[said]], device=self.device)], dim=1)

    @property
    def _start(self) -> torch.Tensor:
        return torch.tensor([start_of(self.module)], device=self.device)

    def _seen(self, pixels: torch.Tensor) -> Any:
        """The states that the decoder reads of pictures (rows, 3, height, width); GIT reads them with the words."""
        if self.kind == "git":
            return pixels
        if self.kind == "blip":
            return self.module.vision_model(pixel_values=pixels)[0]
        return self.module.encoder(pixel_values=pixels)

    def _said(self, seen: Any, before: torch.Tensor) -> torch.Tensor:
        """(rows, tokens, vocabulary) of the token behind each of `before` (rows, tokens), as the module gives them."""
        if self.kind == "git":
            out = self.module(pixel_values=seen, input_ids=before, use_cache=False, logits_to_keep=before.shape[1])
        elif self.kind == "blip":
            out = self.module.text_decoder(input_ids=before, encoder_hidden_states=seen, use_cache=False)
        else:
            out = self.module(encoder_outputs=seen, decoder_input_ids=before, use_cache=False)
        found: torch.Tensor = out.logits
        return found


def speaking(config: Any) -> Any:
    """The part of a configuration that the words are said by."""
    if config.model_type == "vision-encoder-decoder":
        return config.decoder
    return config.text_config if config.model_type == "blip" else config


def looking(config: Any) -> Any:
    """The part of a configuration that the picture is read by."""
    return config.encoder if config.model_type == "vision-encoder-decoder" else config.vision_config


def start_of(module: Any) -> int:
    """The id of the token that a caption begins behind."""
    config = module.config
    if config.model_type != "vision-encoder-decoder":
        return int(speaking(config).bos_token_id)
    named = (
        getattr(config, "decoder_start_token_id", None),
        getattr(module.generation_config, "decoder_start_token_id", None),
        config.decoder.bos_token_id,
    )
    return int(next(each for each in named if each is not None))
