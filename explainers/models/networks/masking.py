"""Coalitions as rows: absent players' tokens are replaced, by ids or in the space of word embeddings."""

from __future__ import annotations

import numpy as np
import torch

from ...contract import BoolArray, Encoded
from .network import Network, Rows


def coalition_rows(network: Network, inputs: Encoded, keep: BoolArray) -> Rows:
    """One row a coalition, `keep` (rows, players): same length, segments and positions as the input itself."""
    kept = inputs.token_keep(keep)  # (rows, tokens)
    if inputs.baseline_ids is not None and inputs.noise is None:
        return network.rows(inputs, ids=np.where(kept, inputs.ids, inputs.baseline_ids))
    whole, absent = path_ends(network, inputs)
    return network.rows(inputs, embeddings=torch.where(network.tensor(kept)[..., None], whole, absent))


def whole_rows(network: Network, inputs: Encoded) -> Rows:
    """The input itself as one row: its ids, or its embeddings where noise is added to them."""
    if inputs.noise is None:
        return network.rows(inputs, ids=inputs.ids[None])
    return network.rows(inputs, embeddings=path_ends(network, inputs)[0][None])


def path_ends(network: Network, inputs: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
    """Word embeddings (tokens, width) of the input and of its baseline; special tokens are the same in both."""
    weight = network.word_embeddings
    plain = weight[network.tensor(inputs.ids)]
    whole = plain if inputs.noise is None else plain + network.tensor(inputs.noise.astype(np.float32))
    if inputs.baseline_ids is not None:
        return whole, weight[network.tensor(inputs.baseline_ids)]
    fill = weight.mean(dim=0) if inputs.baseline == "mean" else torch.zeros_like(weight[0])
    special = network.tensor(inputs.owner < 0)[:, None]
    return whole, torch.where(special, whole, fill)
