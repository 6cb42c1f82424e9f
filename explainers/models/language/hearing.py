"""Networks that hear recordings: Whisper's encoder of a spectrogram, and its decoder, asked token by token at once.

Rows hold the cells of the spectrogram in place of word embeddings, so that a cell moves and is hidden like a word.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ...contract import Encoded, FloatArray, Ids
from ...game import passes
from ...inputs.audio.encoding import heard
from ...inputs.audio.hearing import FRAMES
from ...inputs.text.continuation import continued
from ..networks.attention import shared_copy
from ..networks.device import to_array
from ..networks.half import half_copy
from ..networks.network import Rows
from .network import LanguageNetwork

ROWS = 4  # of a pass on the processor: one is as dear as fifteen sentences


class HearingNetwork(LanguageNetwork):
    """A WhisperForConditionalGeneration. start: the tokens that its decoder is given before it says anything."""

    def __init__(self, module: Any, start: tuple[int, ...]) -> None:
        super().__init__(module)
        self.start = start

    def around(self, module: Any) -> HearingNetwork:
        return HearingNetwork(module, self.start)

    def halved(self) -> HearingNetwork:
        """The network with the layers of its encoder in bf16."""
        module = shared_copy(self.module)
        module.model.encoder = half_copy(self.module.model.encoder)
        return self.around(module)

    def ends(self, inputs: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """The cells (positions, width) of the recording, its noise included, and of its baseline."""
        held = heard(inputs)
        whole = held.whole if inputs.noise is None else held.whole + inputs.noise
        return self.tensor(whole.astype(np.float32)), self.tensor(held.absent.astype(np.float32))

    def rows(self, inputs: Encoded, *, ids: Ids | None = None, embeddings: torch.Tensor | None = None) -> Rows:
        """Rows of cells, each followed by the transcript."""
        assert ids is None
        asked = continued(inputs)
        return Rows(
            embeddings=embeddings,
            pooled=asked.first,
            continued=torch.from_numpy(asked.continued),
            against=None if asked.against is None else torch.from_numpy(asked.against),
            together=asked.together,
        )

    def _step(self, rows: Rows) -> int:
        return max(1, min(ROWS, self.most_rows(rows))) if self.device.type == "cpu" else super()._step(rows)

    def features(self, cells: torch.Tensor) -> torch.Tensor:
        """(rows, cells, frames · bins) → (rows, bins, frames), as the module takes a spectrogram."""
        rows, count, width = cells.shape
        return cells.reshape(rows, count * FRAMES, width // FRAMES).transpose(1, 2)

    def columns(self, rows: Rows, attentions: list[torch.Tensor] | None = None) -> torch.Tensor:
        return super().columns(self._listened(rows))

    def most_probable(self, rows: Rows) -> Ids:
        with torch.inference_mode():
            listened = self._listened(rows)
        return super().most_probable(listened)

    def _listened(self, rows: Rows) -> Rows:
        """The rows with the states of the encoder in place of their cells: two continuations need them once."""
        assert rows.embeddings is not None
        states = self.module.model.encoder(self.features(rows.embeddings)).last_hidden_state
        return replace(rows, embeddings=states)

    def logits_at(self, rows: Rows, wanted: torch.Tensor, attentions: list[torch.Tensor] | None = None) -> torch.Tensor:
        """(rows, tokens, vocabulary), from rows of states of the encoder."""
        assert rows.embeddings is not None
        first = torch.tensor(self.start, device=self.device)
        before = torch.cat([first, wanted[:-1]]).expand(rows.shape[0], -1)
        found: torch.Tensor = self.module(
            encoder_outputs=(rows.embeddings,), decoder_input_ids=before, use_cache=False
        ).logits
        return found[:, len(self.start) - 1 :]

    def spoken(self, prompt: Encoded) -> Generator[torch.Tensor, int, None]:
        """Log-probabilities (vocabulary,) of the next token among those that the model's own decoding allows."""
        quiet = self._quiet()
        with torch.inference_mode():
            passes.begins(1)
            cells = self.ends(prompt)[0][None]
            states = self.module.model.encoder(self.features(cells)).last_hidden_state
        before, kept, first = torch.tensor([self.start], device=self.device), None, True
        while True:
            with torch.inference_mode():  # never while whoever listens works
                found = self.module(
                    encoder_outputs=(states,), decoder_input_ids=before, past_key_values=kept, use_cache=True
                )
                kept, logits = found.past_key_values, found.logits[0, -1].double()
                logits[quiet[first]] = -torch.inf
                odds = logits.log_softmax(dim=-1)
            first = False
            said = yield odds
            before = torch.tensor([[said]], device=self.device)

    def _quiet(self) -> dict[bool, torch.Tensor]:
        """Ids that are never said; with True also those that are not said first."""
        settings, size = self.module.generation_config, self.module.config.vocab_size
        never = {*(settings.suppress_tokens or ()), *range(max(self.start) + 1, size)}  # behind the start lie times
        first = never | set(settings.begin_suppress_tokens or ())
        ends = settings.eos_token_id
        never -= set(ends if isinstance(ends, list) else [ends])
        return {
            at_first: torch.tensor(
                sorted(each for each in ids if 0 <= each < size), dtype=torch.int64, device=self.device
            )
            for at_first, ids in ((False, never), (True, first))
        }

    def looks(self, inputs: Encoded, ids: Ids, heads: list[list[int]]) -> FloatArray:
        """(heads, tokens + 1, positions): how much the decoder looks at each position when it says each token, and when
        it ends. heads: layer and head of each. Needs attention that gives its weights."""
        passes.begins(1)
        with torch.inference_mode():
            states = self._listened(Rows(embeddings=self.ends(inputs)[0][None], pooled=0)).embeddings
            before = torch.cat([torch.tensor(self.start), torch.from_numpy(ids)])[None].to(self.device)
            out = self.module(
                encoder_outputs=(states,), decoder_input_ids=before, use_cache=False, output_attentions=True
            )
            chosen = [out.cross_attentions[layer][0, head, len(self.start) - 1 :] for layer, head in heads]
            return to_array(torch.stack(chosen).double())
