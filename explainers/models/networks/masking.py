"""Coalitions as rows: absent players' tokens are replaced, by ids or in the space of word embeddings."""

from __future__ import annotations

import numpy as np
import torch

from ...contract import BoolArray, Encoded
from ...inputs.text.ids import TextIds, absent_ids
from .network import Network, Rows


def coalition_rows(network: Network, inputs: Encoded, keep: BoolArray) -> Rows:
    """One row a coalition, `keep` (rows, players): same length, segments and positions as the input itself."""
    kept = inputs.kept_positions(keep)  # (rows, positions)
    if inputs.noise is None and isinstance(inputs.held, TextIds) and (absent_as := absent_ids(inputs)) is not None:
        return network.rows(inputs, ids=np.where(kept, inputs.held.ids, absent_as))
    whole, absent = path_ends(network, inputs)
    return network.rows(inputs, embeddings=torch.where(network.tensor(kept)[..., None], whole, absent))


def whole_rows(network: Network, inputs: Encoded) -> Rows:
    """The input itself as one row: its ids, or what gradients flow to where noise is added, and of an image."""
    if inputs.noise is None and isinstance(inputs.held, TextIds):
        return network.rows(inputs, ids=inputs.held.ids[None])
    return network.rows(inputs, embeddings=path_ends(network, inputs)[0][None])


def path_ends(network: Network, inputs: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
    """The embeddings that gradients flow to (positions, width), of the input and of its baseline."""
    return network.ends(inputs)
