"""Networks that continue a text: a decoder alone, or an encoder with a decoder, asked token by token at once.

Of every token that is explained three numbers are kept: its logit, the logsumexp of all other tokens, and the largest
of them. They come from one pass, in which the tokens before each are given (teacher forcing).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from ...contract import BoolArray, Encoded, FloatArray, Ids
from ...game.batches import batches_on
from ...inputs.text.continuation import continued
from .device import to_array
from .masking import coalition_rows, whole_rows
from .network import Network, Passed, Rows, in_chunks

MOST_LOGITS = 2**25  # of one pass, in float64: 256 MB
SURE = -1e-12  # the largest log-probability of several tokens together, so that its log-odds are a number


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
        return replace(
            made,
            pooled=asked.first,
            continued=torch.from_numpy(asked.continued),
            against=None if asked.against is None else torch.from_numpy(asked.against),
            together=asked.together,
        )

    def coalitions(self, inputs: Encoded, keep: BoolArray) -> Rows:
        """One row a coalition, `keep` (rows, players): absent tokens are replaced, hidden, or hidden and closed up."""
        if inputs.baseline not in ("hidden", "deleted"):
            return coalition_rows(self, inputs, keep)
        seen = inputs.kept_positions(keep)  # (rows, positions)
        made = replace(whole_rows(self, inputs).repeated(len(keep)), seen=torch.from_numpy(seen))
        if inputs.baseline == "hidden":
            return made
        return replace(made, positions=torch.from_numpy(np.maximum(seen.cumsum(axis=1) - 1, 0)))

    def _read_position(self, inputs: Encoded) -> int:
        return 0

    def logits(self, rows: Rows) -> FloatArray:
        """Columns (rows, 3 · targets), in passes of bounded size."""
        return to_array(torch.cat(in_chunks(rows.parts(self._step(rows)), self.logits_of)).double())

    def _step(self, rows: Rows) -> int:
        """Rows of one pass."""
        most = batches_on(self.device.type).tokens // (rows.shape[1] + self.behind(rows))
        return max(1, min(most, self.most_rows(rows)))

    @staticmethod
    def behind(rows: Rows) -> int:
        """Tokens that follow each row."""
        assert rows.continued is not None
        return len(rows.continued) + (0 if rows.against is None else len(rows.against))

    def most_rows(self, rows: Rows) -> int:
        """Rows whose logits have room at once."""
        return MOST_LOGITS // int(self.module.config.vocab_size) // self.behind(rows)

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        """Passed.logits holds the columns; attentions are those of the prompt followed by what is explained, or of what
        is explained to the source."""
        seen: list[torch.Tensor] | None = [] if attentions else None
        return Passed(self.columns(rows, seen), tuple(seen or ()))

    def columns(self, rows: Rows, attentions: list[torch.Tensor] | None = None) -> torch.Tensor:
        """(rows, 3 · targets), in float64; `rows.pooled` is the place of the first token that is explained.

        attentions: a list that gets those of each layer.
        """
        assert rows.continued is not None
        threes = self._threes(rows, rows.continued, attentions)[:, rows.pooled :]
        joined = _together(threes)
        extra = [_odds_of(joined, threes)] if rows.together else []
        if rows.against is not None:
            other = _together(self._threes(rows, rows.against))
            extra.append(torch.stack([joined, other, other], dim=-1))
        return torch.cat([threes.flatten(1), *extra], dim=1)

    def _threes(self, rows: Rows, ids: torch.Tensor, attentions: list[torch.Tensor] | None = None) -> torch.Tensor:
        """(rows, tokens, 3), in float64: the logit of each token that follows, logsumexp and largest of all others."""
        wanted = ids.to(self.device)
        logits = self.logits_at(rows, wanted, attentions)  # (rows, tokens, vocabulary)
        if len(logits) == 1 or torch.is_grad_enabled():  # of many rows a vocabulary in float64 costs more than a layer
            logits = logits.double()
        chosen = wanted.expand(len(logits), -1)[..., None]
        own = logits.gather(-1, chosen)
        others = logits.scatter(-1, chosen, -torch.inf)
        rival = others.detach().amax(dim=-1, keepdim=True)
        return torch.cat([own, others.logsumexp(dim=-1, keepdim=True), rival], dim=-1).double()

    def logits_at(self, rows: Rows, wanted: torch.Tensor, attentions: list[torch.Tensor] | None = None) -> torch.Tensor:
        """(rows, tokens, vocabulary), the logits that each token of the continuation is taken from."""
        count = rows.shape[0]
        also: dict[str, Any] = {} if attentions is None else {"output_attentions": True}
        if self.two_sided:
            start = torch.tensor([self.module.config.decoder_start_token_id], device=self.device)
            before = torch.cat([start, wanted[:-1]]).expand(count, -1)
            given, also["decoder_input_ids"] = rows.arguments(self.device), before
        else:
            given = self.followed(rows, wanted[:-1].expand(count, -1)).arguments(self.device)
            also["logits_to_keep"] = len(wanted)
        out = self.module(**given, **also, use_cache=False)
        if attentions is not None:
            attentions += (out.cross_attentions if self.two_sided else out.attentions) or ()
        found: torch.Tensor = out.logits
        return found

    def most_probable(self, rows: Rows) -> Ids:
        """(rows, tokens), the ids of the most probable token in each place of the continuation."""
        assert rows.continued is not None
        with torch.inference_mode():
            found: Ids = to_array(self.logits_at(rows, rows.continued.to(self.device)).argmax(dim=-1))
        return found

    def followed(self, rows: Rows, before: torch.Tensor) -> Rows:
        """The rows with the tokens `before` (rows, tokens) the last one behind them, which are all seen."""
        behind = before.shape[1]
        positions, seen = rows.positions, rows.seen
        if positions is not None:
            last = positions[..., -1:] + 1
            if seen is not None and positions.dim() == 2:  # closed up
                last = seen.sum(dim=1, keepdim=True)
            positions = torch.cat([positions, last + torch.arange(behind)], dim=-1)
        elif seen is not None:
            positions = torch.arange(rows.shape[1] + behind)
        if seen is not None:
            seen = torch.cat([seen, torch.ones((len(seen), behind), dtype=torch.bool)], dim=1)
        longer = replace(rows, positions=positions, seen=seen)
        if rows.ids is not None:
            return replace(longer, ids=torch.cat([rows.ids.to(self.device), before], dim=1))
        assert rows.embeddings is not None
        embedded = self.module.get_input_embeddings()(before)
        return replace(longer, embeddings=torch.cat([rows.embeddings, embedded], dim=1))


def _together(threes: torch.Tensor) -> torch.Tensor:
    """(rows, tokens, 3) → (rows,), the log-probability of all tokens one after the other."""
    return torch.nn.functional.logsigmoid(threes[..., 0] - threes[..., 1]).sum(dim=1)


def _odds_of(joined: torch.Tensor, threes: torch.Tensor) -> torch.Tensor:
    """Log-probabilities (rows,) as columns (rows, 3): the first less the second is their log-odds, less the third by
    how much the token is ahead that is ahead the least."""
    said = joined.clamp(max=SURE)
    ahead = (threes[..., 0] - threes[..., 2]).amin(dim=1).detach()
    return torch.stack([said, torch.log(-torch.expm1(said)), said.detach() - ahead], dim=-1)
