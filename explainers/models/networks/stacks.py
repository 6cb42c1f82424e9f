"""The layers of a BERT-like encoder as plain tensor operations, ending in the one state that the head reads.

Rows have equal length and no padding, so no mask is needed; of the last layer only the first position is computed,
which is a sixth of the work of six layers; bf16 weights are laid out for the processor once. The same numbers as the
layers themselves up to rounding: a network whose logits differ is not replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from torch.nn import functional

from .network import Network, Passed, Rows, alone
from .products import Linear, attended, packed_product, product

KINDS = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "electra"})
SAME = 1e-4  # logits, absolute and relative: fp32 sums in another order
CHECK_ROWS, CHECK_TOKENS = 4, 12

Norm: TypeAlias = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer after which the states are normalised; query, key and value from one product each or together."""

    query: Linear
    both: Linear  # key and value
    out: Linear
    attention_norm: Norm
    wide: Linear
    activation: Callable[[torch.Tensor], torch.Tensor]
    narrow: Linear
    norm: Norm

    def __call__(self, states: torch.Tensor, heads: int, *, first_only: bool) -> torch.Tensor:
        """(rows, tokens, width) → the same, or (rows, 1, width)."""
        rows, tokens, width = states.shape
        asking = states[:, :1] if first_only else states
        query = self.query(asking).view(rows, asking.shape[1], heads, -1).transpose(1, 2)
        key, value = self.both(states).view(rows, tokens, 2, heads, -1).permute(2, 0, 3, 1, 4)
        seen = attended(query, key, value)  # (rows, heads, tokens, width / heads)
        seen = self.out(seen.transpose(1, 2).reshape(rows, asking.shape[1], width))
        middle = self.attention_norm(seen + asking)
        return self.norm(self.narrow(self.activation(self.wide(middle))) + middle)


class StackedNetwork(Network):
    """A network whose layers are run as `Layer`s; embeddings, pooler and head are the module's own, in fp32."""

    def __init__(self, module: Any, *, dtype: torch.dtype = torch.float32) -> None:
        super().__init__(module)
        self.dtype = dtype
        base = module.base_model
        self._heads = int(module.config.num_attention_heads)
        self._layers = layers_of(base, dtype)
        self._project = getattr(base, "embeddings_project", None)
        self._pooler = getattr(base, "pooler", None)

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        if attentions or (self.dtype == torch.float32 and alone(rows)):  # the module's own, as it is served
            return super().forward(rows, attentions=attentions)
        given = rows.arguments(self.device)
        given.pop("attention_mask")
        states = self.module.base_model.embeddings(**given)
        if self._project is not None:
            states = self._project(states)
        states = states.to(self.dtype)
        for layer in self._layers[:-1]:
            states = layer(states, self._heads, first_only=False)
        states = self._layers[-1](states, self._heads, first_only=True).float()
        return Passed(self.module.classifier(states if self._pooler is None else self._pooler(states)))


def stacked(network: Network) -> StackedNetwork | None:
    """The network with its layers as one stack; None where it is of another kind or the logits are not the same."""
    config = network.module.config
    if config.model_type not in KINDS or getattr(config, "is_decoder", False) or network.tags:
        return None
    found = StackedNetwork(network.module)
    first = 0 if config.model_type in ("bert", "electra") else config.pad_token_id + 1
    tokens = min(CHECK_TOKENS, config.max_position_embeddings - first)
    ids = np.random.default_rng(0).integers(config.vocab_size, size=(CHECK_ROWS, tokens))
    at = first + torch.arange(tokens)
    rows = Rows(ids=torch.from_numpy(ids), positions=at, pooled=0)
    same = np.allclose(found.logits(rows), network.logits(rows), atol=SAME, rtol=SAME)
    return found if same else None


def layers_of(base: Any, dtype: torch.dtype = torch.float32) -> Sequence[Layer]:
    """The layers of an encoder of KINDS."""
    return [_layer(layer, dtype) for layer in base.encoder.layer]


def _layer(layer: Any, dtype: torch.dtype) -> Layer:
    own, after = layer.attention.self, layer.attention.output
    return Layer(
        query=_linear([own.query], dtype),
        both=_linear([own.key, own.value], dtype),
        out=_linear([after.dense], dtype),
        attention_norm=_norm(after.LayerNorm, dtype),
        wide=_linear([layer.intermediate.dense], dtype),
        activation=layer.intermediate.intermediate_act_fn,
        narrow=_linear([layer.output.dense], dtype),
        norm=_norm(layer.output.LayerNorm, dtype),
    )


def _linear(parts: Sequence[Any], dtype: torch.dtype) -> Linear:
    """One product for all the parts, side by side. fp32 shares the module's own tensors; bf16 is a copy."""
    if dtype == torch.float32:
        each = [product(part.weight.detach(), part.bias.detach()) for part in parts]
        return each[0] if len(each) == 1 else lambda states: torch.cat([one(states) for one in each], dim=-1)
    weight = torch.cat([part.weight.detach() for part in parts]).to(dtype)
    bias = torch.cat([part.bias.detach() for part in parts]).to(dtype)
    return packed_product(weight, bias)


def _norm(norm: Any, dtype: torch.dtype) -> Norm:
    shape, epsilon = norm.normalized_shape, norm.eps
    weight, bias = norm.weight.detach().to(dtype), norm.bias.detach().to(dtype)
    return lambda states: functional.layer_norm(states, shape, weight, bias, epsilon)
