"""The logit lens in words: what a language model would say if an earlier layer were its last."""

from __future__ import annotations

from typing import Any

import torch

from ...contract import Encoded, Rival
from ...game import passes
from ...game.batches import batches_on
from ..networks.continuing import ContinuingNetwork
from ..networks.layers import given_states, states_of
from ..networks.masking import whole_rows

WORDS = 5


def words(twin: ContinuingNetwork, inputs: Encoded, tokenizer: Any) -> tuple[tuple[tuple[Rival, ...], ...], ...]:
    """For each layer, the embeddings first, and each token that is explained: the five most probable words."""
    row = whole_rows(twin, inputs)
    assert row.continued is not None
    states = states_of(twin, row)  # (layers, positions, width)
    step = max(1, batches_on(twin.device.type).gradients // states.shape[1])
    found = []
    for start in range(0, len(states), step):
        given = states[start : start + step]
        passes.begins(len(given))
        with torch.inference_mode(), given_states(twin, given, after=len(states) - 1):
            logits = twin.logits_at(row.repeated(len(given)), row.continued.to(twin.device))
        found.append(logits[:, row.pooled :].double().log_softmax(dim=-1).topk(WORDS))
    return tuple(
        tuple(_rivals(ids, odds, tokenizer) for ids, odds in zip(layer[1].tolist(), layer[0].tolist(), strict=True))
        for top in found
        for layer in zip(top.values, top.indices, strict=True)
    )


def _rivals(ids: list[int], odds: list[float], tokenizer: Any) -> tuple[Rival, ...]:
    return tuple(Rival(text=tokenizer.decode([id]), logprob=one) for id, one in zip(ids, odds, strict=True))
