"""Coalitions as rows: absent players' tokens are replaced, by ids or in the space of word embeddings.

Those of several texts may be rows of one pass, where each keeps its bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from ...contract import Arithmetic, BoolArray, Encoded, FloatArray
from ...game.batches import pass_for
from ...inputs.text.ids import TextIds, absent_ids
from .network import Network, Rows

WORDS = (10, 22, 46)  # players of the texts on which bits are compared


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


def shape_of(rows: Rows) -> bytes:
    """Rows may share a pass when length, segments, positions and the position that the head reads are the same."""
    held = [None if array is None else array.numpy().tobytes() for array in (rows.segments, rows.positions)]
    return repr((rows.shape[1], rows.pooled, held)).encode()


def joined(rows: Sequence[Rows]) -> Rows:
    """Rows of one shape, one after the other."""
    ids = torch.cat([row.ids for row in rows if row.ids is not None])
    first = rows[0]
    return Rows(ids=ids, segments=first.segments, positions=first.positions, pooled=first.pooled)


def shared_shape(network: Network, inputs: Encoded) -> bytes | None:
    """`shape_of` the coalitions of these inputs; None where they are no rows of ids, or a window at a time."""
    if inputs.windows or inputs.noise is not None or not isinstance(inputs.held, TextIds) or absent_ids(inputs) is None:
        return None
    return shape_of(network.rows(inputs, ids=inputs.held.ids[None]))


def outputs_of_many(network: Network, asked: Sequence[tuple[Encoded, BoolArray]]) -> FloatArray:
    """Logits (rows, labels) of the coalitions of inputs of one shape."""
    return network.logits(joined([coalition_rows(network, inputs, keep) for inputs, keep in asked]))


def keeps_bits(network: Network, encode: Callable[[str], Encoded], precision: Arithmetic) -> bool:
    """Whether a row has the same bits wherever it lies in a pass, and in the smallest pass as in the largest.

    Compared on coalitions of texts of three lengths; a processor that sums by another plan for other shapes fails.
    """
    draw = np.random.default_rng(0)
    read = [inputs for words in WORDS if not (inputs := encode(" ".join(["good"] * words))).windows]
    for inputs in read:  # a text that the model reads in windows shares no pass
        shape = pass_for(inputs.size, precision, device=network.device.type)
        keep = draw.random((shape.most, len(inputs.features))) < 0.5
        some = draw.permutation(shape.most)[: shape.least]
        full, few = (network.logits(coalition_rows(network, inputs, rows)) for rows in (keep, keep[some]))
        if not np.array_equal(full[some], few):
            return False
    return bool(read)
