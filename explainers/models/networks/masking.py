"""Coalitions as rows: absent players' tokens are replaced, by ids or in the space of word embeddings."""

from __future__ import annotations

import numpy as np
import torch

from ...contract import BoolArray, Encoded
from ...inputs.text.ids import absent_ids, ids_of
from .network import Network, Rows


def coalition_rows(network: Network, inputs: Encoded, keep: BoolArray) -> Rows:
    """One row a coalition, `keep` (rows, players): same length, segments and positions as the input itself."""
    kept, absent_as = inputs.kept_positions(keep), absent_ids(inputs)  # (rows, tokens), (tokens,)
    if absent_as is not None and inputs.noise is None:
        return network.rows(inputs, ids=np.where(kept, ids_of(inputs).ids, absent_as))
    whole, absent = path_ends(network, inputs)
    return network.rows(inputs, embeddings=torch.where(network.tensor(kept)[..., None], whole, absent))


def whole_rows(network: Network, inputs: Encoded) -> Rows:
    """The input itself as one row: its ids, or its embeddings where noise is added to them."""
    if inputs.noise is None:
        return network.rows(inputs, ids=ids_of(inputs).ids[None])
    return network.rows(inputs, embeddings=path_ends(network, inputs)[0][None])


def path_ends(network: Network, inputs: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
    """Word embeddings (tokens, width) of the input and of its baseline; special tokens are the same in both."""
    plain = network.embedded(network.tensor(ids_of(inputs).ids))
    whole = plain if inputs.noise is None else plain + network.tensor(inputs.noise.astype(np.float32))
    if (absent := absent_ids(inputs)) is not None:
        return whole, network.embedded(network.tensor(absent))
    fill = network.mean_embedding() if inputs.baseline == "mean" else torch.zeros_like(plain[0])
    special = network.tensor(inputs.owner < 0)[:, None]
    return whole, torch.where(special, whole, fill)
