"""The translation network of Marian's tiny models: a transformer encoder, and a decoder of simple recurrent units.

Kim et al. 2019, "From Research to Production and Back: Ludicrously Fast Neural Machine Translation" (the SSRU);
Junczys-Dowmunt et al. 2018, "Marian: Fast Neural Machine Translation in C++". Its interface is that of an encoder and
decoder of transformers, as far as it is asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

HEADS = 8
NORM = 1e-6
Weights = Mapping[str, Tensor]


def _linear(weights: Weights, matrix: str, bias: str | None) -> nn.Linear:
    held = weights[matrix]
    made = nn.Linear(held.shape[0], held.shape[1], bias=bias is not None)
    made.weight.data = held.T.contiguous()
    if bias is not None:
        made.bias.data = weights[bias].flatten()
    return made


def _norm(weights: Weights, name: str) -> nn.LayerNorm:
    scale = weights[f"{name}_ln_scale"].flatten()
    made = nn.LayerNorm(len(scale), eps=NORM)
    made.weight.data, made.bias.data = scale, weights[f"{name}_ln_bias"].flatten()
    return made


def _positions(first: int, count: int, width: int, like: Tensor) -> Tensor:
    """Sines, then cosines, of each position (count, width)."""
    half = width // 2
    steps = torch.exp(torch.arange(half, device=like.device) * (-math.log(10_000.0) / (half - 1)))
    angles = torch.arange(first, first + count, device=like.device)[:, None] * steps
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(like.dtype)


class Attention(nn.Module):
    """Attention of several heads to other states, added to its own and normalised."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (
            _linear(weights, f"{name}_W{part}", f"{name}_b{part}") for part in "qkvo"
        )
        self.norm = _norm(weights, f"{name}_Wo")

    def forward(self, states: Tensor, others: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """The states, and the weights (rows, heads, tokens, positions).

        states (rows, tokens, width), others (rows, positions, width), bias (rows, 1, 1, positions).
        """
        query, key, value = (
            part(given).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part, given in ((self.query, states), (self.key, others), (self.value, others))
        )
        shares = (query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]) + bias).softmax(dim=-1)
        mixed: Tensor = self.norm(states + self.out((shares @ value).transpose(1, 2).flatten(2)))
        return mixed, shares


class FeedForward(nn.Module):
    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.first = _linear(weights, f"{name}_W1", f"{name}_b1")
        self.second = _linear(weights, f"{name}_W2", f"{name}_b2")
        self.norm = _norm(weights, f"{name}_ffn")

    def forward(self, states: Tensor) -> Tensor:
        found: Tensor = self.norm(states + self.second(self.first(states).relu()))
        return found


class Recurrence(nn.Module):
    """c_t = f_t c_{t−1} + (1 − f_t) W x_t with f_t = σ(W_f x_t + b_f); the state is relu(c_t), added and normalised."""

    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.inner = _linear(weights, f"{name}_W", None)
        self.forget = _linear(weights, f"{name}_Wf", f"{name}_bf")
        self.norm = _norm(weights, f"{name}_ffn")

    def forward(self, states: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor]:
        """The states (rows, tokens, width), and the cell behind the last token (rows, width)."""
        new, kept = self.inner(states), self.forget(states).sigmoid()
        cell = torch.zeros_like(new[:, 0]) if before is None else before
        cells = []
        for place in range(new.shape[1]):
            cell = kept[:, place] * cell + (1 - kept[:, place]) * new[:, place]
            cells.append(cell)
        return self.norm(states + torch.stack(cells, dim=1).relu()), cell


class EncoderLayer(nn.Module):
    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.attention = Attention(weights, f"{name}_self")
        self.then = FeedForward(weights, f"{name}_ffn")

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        found: Tensor = self.then(self.attention(states, states, bias)[0])
        return found


class DecoderLayer(nn.Module):
    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.recurrence = Recurrence(weights, f"{name}_rnn")
        self.attention = Attention(weights, f"{name}_context")
        self.then = FeedForward(weights, f"{name}_ffn")

    def forward(
        self, states: Tensor, source: Tensor, bias: Tensor, cell: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The states, the cell behind the last token, and the attention to the source."""
        states, last = self.recurrence(states, cell)
        mixed, shares = self.attention(states, source, bias)
        return self.then(mixed), last, shares


class Encoder(nn.Module):
    def __init__(self, weights: Weights, table: nn.Embedding, depth: int) -> None:
        super().__init__()
        self.table = table
        self.embed_scale = math.sqrt(table.embedding_dim)
        self.layers = nn.ModuleList(EncoderLayer(weights, f"encoder_l{number}") for number in range(1, depth + 1))

    def forward(
        self,
        input_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        """inputs_embeds: as they enter the first layer, positions apart."""
        states = inputs_embeds if inputs_embeds is not None else self.table(input_ids) * self.embed_scale
        states = states + _positions(0, states.shape[1], states.shape[2], states)
        bias = hidden_bias(attention_mask, states)
        for layer in self.layers:
            states = layer(states, bias)
        return states


def hidden_bias(mask: Tensor | None, states: Tensor) -> Tensor:
    """0 where a position is seen, and so much less that it gets no attention where it is not."""
    if mask is None:
        return states.new_zeros(1)
    return (1 - mask[:, None, None, :].to(states.dtype)) * torch.finfo(states.dtype).min


class SsruTranslator(nn.Module):
    """An encoder and decoder that share one table of embeddings, also with the output."""

    generation_config = None

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        table = weights["Wemb"]
        self.table = nn.Embedding(table.shape[0], table.shape[1], _weight=table)
        depths = {side: sum(f"{side}_l{n}_ffn_W1" in weights for n in range(1, 100)) for side in ("encoder", "decoder")}
        self.encoder = Encoder(weights, self.table, depths["encoder"])
        self.layers = nn.ModuleList(
            DecoderLayer(weights, f"decoder_l{number}") for number in range(1, depths["decoder"] + 1)
        )
        self.bias = nn.Parameter(weights["decoder_ff_logit_out_b"].flatten())
        self.config = SimpleNamespace(
            model_type="marian-ssru",
            is_encoder_decoder=True,
            vocab_size=table.shape[0],
            decoder_start_token_id=table.shape[0],  # no token: the decoder starts from zeros
            eos_token_id=0,
            pad_token_id=None,
            num_hidden_layers=depths["decoder"],
            num_attention_heads=HEADS,
            _attn_implementation="eager",  # whose weights can be read
        )

    @property
    def base_model(self) -> SsruTranslator:
        return self

    def get_input_embeddings(self) -> nn.Embedding:
        return self.table

    def get_encoder(self) -> Encoder:
        return self.encoder

    def forward(
        self,
        input_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        attention_mask: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        encoder_outputs: Tensor | None = None,
        past_key_values: tuple[int, Sequence[Tensor]] | None = None,
        use_cache: bool = False,
        output_attentions: bool = False,
    ) -> Any:
        """logits (rows, tokens, vocabulary). past_key_values: tokens that were read, and the cells behind them.

        cross_attentions, where asked for: of each layer of the decoder (rows, heads, tokens, positions).
        """
        if encoder_outputs is None:
            encoder_outputs = self.encoder(input_ids, inputs_embeds, attention_mask)
        assert decoder_input_ids is not None
        read, cells = (0, [None] * len(self.layers)) if past_key_values is None else past_key_values
        states = self._embedded(decoder_input_ids)
        states = states + _positions(read, states.shape[1], states.shape[2], states)
        bias = hidden_bias(attention_mask, states)
        behind, looked = [], []
        for layer, cell in zip(self.layers, cells, strict=True):
            states, last, shares = layer(states, encoder_outputs, bias, cell)
            behind.append(last)
            looked.append(shares)
        logits = nn.functional.linear(states, self.table.weight, self.bias)
        return SimpleNamespace(
            logits=logits,
            past_key_values=(read + decoder_input_ids.shape[1], behind),
            cross_attentions=tuple(looked) if output_attentions else None,
        )

    def _embedded(self, ids: Tensor) -> Tensor:
        """Word embeddings of the decoder; of the start, zeros."""
        starts = ids == self.config.decoder_start_token_id
        found = self.table(ids.masked_fill(starts, 0)) * self.encoder.embed_scale
        embedded: Tensor = found.masked_fill(starts[..., None], 0.0)
        return embedded
