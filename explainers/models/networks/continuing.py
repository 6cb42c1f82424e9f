"""Networks that continue a text: a decoder alone, or an encoder with a decoder, asked token by token at once.

Of every token that is explained two numbers are kept: its logit, and the logsumexp of all other tokens. They come from
one pass, in which the tokens before each are given (teacher forcing).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import torch

from ...contract import Encoded, FloatArray, Ids
from ...game.batches import batches_on
from ...inputs.text.continuation import continued
from .device import to_array
from .network import Network, Passed, Rows, in_chunks

MOST_LOGITS = 2**25  # of one pass, in float64: 256 MB


class ContinuingNetwork(Network):
    """A causal language model, or an encoder and decoder such as T5, BART and Marian."""

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.decoder = False  # no head to be asked at one position
        self.two_sided = bool(module.config.is_encoder_decoder)

    def embedded(self, ids: torch.Tensor) -> torch.Tensor:
        """Word embeddings (…, width), without gradient, as they enter the first layer: some models scale them."""
        return self._table[ids]

    def mean_embedding(self) -> torch.Tensor:
        return self._table.mean(dim=0)

    @cached_property
    def _table(self) -> torch.Tensor:
        table = self.module.get_input_embeddings()
        scale = float(getattr(table, "embed_scale", 1.0))
        if self.two_sided:  # Marian scales in its encoder, others in the table itself
            scale *= float(getattr(self.module.get_encoder(), "embed_scale", 1.0))
        weight: torch.Tensor = table.weight.detach()
        return weight if scale == 1 else weight * scale

    def rows(self, inputs: Encoded, *, ids: Ids | None = None, embeddings: torch.Tensor | None = None) -> Rows:
        """Rows of prompts, each followed by the continuation of `inputs`."""
        asked = continued(inputs)
        made = super().rows(inputs, ids=ids, embeddings=embeddings)
        return replace(made, pooled=asked.first, continued=torch.from_numpy(asked.continued))

    def _read_position(self, inputs: Encoded) -> int:
        return 0

    def logits(self, rows: Rows) -> FloatArray:
        """Columns (rows, 2 · tokens), in passes of bounded size."""
        assert rows.continued is not None
        behind = len(rows.continued)
        most = MOST_LOGITS // self.module.config.vocab_size // behind
        step = min(batches_on(self.device.type).tokens // (rows.shape[1] + behind), most)
        return to_array(torch.cat(in_chunks(rows.parts(max(1, step)), self.logits_of)).double())

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        """Passed.logits holds the columns, `rows.pooled` the place of the first token that is explained."""
        assert rows.continued is not None
        wanted = rows.continued.to(self.device)
        logits = self._logits_at(rows, wanted)[:, rows.pooled :].double()  # (rows, tokens, vocabulary)
        chosen = wanted[rows.pooled :].expand(len(logits), -1)[..., None]
        own = logits.gather(-1, chosen)
        others = logits.scatter(-1, chosen, -torch.inf).logsumexp(dim=-1, keepdim=True)
        return Passed(torch.cat([own, others], dim=-1).flatten(1))

    def _logits_at(self, rows: Rows, wanted: torch.Tensor) -> torch.Tensor:
        """(rows, tokens, vocabulary), the logits that each token of the continuation is taken from."""
        count = rows.shape[0]
        if self.two_sided:
            start = torch.tensor([self.module.config.decoder_start_token_id], device=self.device)
            before = torch.cat([start, wanted[:-1]]).expand(count, -1)
            given = rows.arguments(self.device)
            found: torch.Tensor = self.module(**given, decoder_input_ids=before, use_cache=False).logits
            return found
        before = wanted[:-1].expand(count, -1)
        given = self._followed(rows, before).arguments(self.device)
        found = self.module(**given, use_cache=False, logits_to_keep=len(wanted)).logits
        return found  # noqa: RET504 - its type

    def _followed(self, rows: Rows, before: torch.Tensor) -> Rows:
        """The rows with the tokens `before` the last one behind them."""
        if rows.ids is not None:
            return replace(rows, ids=torch.cat([rows.ids.to(self.device), before], dim=1))
        assert rows.embeddings is not None
        behind = self.module.get_input_embeddings()(before)
        return replace(rows, embeddings=torch.cat([rows.embeddings, behind], dim=1))

    def greedy(self, prompt: Ids, *, most: int, end: frozenset[int]) -> list[int]:
        """The ids that the network says next, the most probable one each time, until one of `end` or `most` of them."""
        said: list[int] = []
        while len(said) < most:
            rows = Rows(ids=torch.from_numpy(prompt)[None], pooled=0, continued=torch.tensor([*said, 0]))
            (row,) = in_chunks([rows], self._last_logits)
            token = int(row.argmax())
            if token in end:
                break
            said.append(token)
        return said

    def _last_logits(self, rows: Rows) -> torch.Tensor:
        assert rows.continued is not None
        with torch.inference_mode():
            return self._logits_at(rows, rows.continued.to(self.device))[0, -1]
