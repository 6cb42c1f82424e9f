"""A text that is longer than the model reads: it is read in overlapping windows and their logits are averaged.

One window is the ordinary case, and everything here is then the plain call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from ...contract import BoolArray, Encoded, FloatArray, Head, PathGradients, ValueName
from ...errors import Incompatible
from ...inputs.text.ids import readings
from . import gradients, probing
from .masking import coalition_rows, whole_rows
from .network import Network


def whole(network: Network, inputs: Encoded) -> FloatArray:
    """Logits (1, labels) of the input itself."""
    return _averaged([network.logits(whole_rows(network, reading)) for reading in readings(inputs)])


def outputs(network: Network, inputs: Encoded, keep: BoolArray) -> FloatArray:
    """Logits (rows, labels) of the coalitions `keep` (rows, players)."""
    return _averaged(outputs_by_window(network, inputs, keep))


def outputs_by_window(network: Network, inputs: Encoded, keep: BoolArray) -> list[FloatArray]:
    """Logits (rows, labels) of the coalitions `keep` (rows, players) in each window.

    A window is asked once for each different set of its own players: most of what a row hides lies in other windows.
    """
    if not inputs.windows:
        return [network.logits(coalition_rows(network, inputs, keep))]
    found = []
    for window, reading in zip(inputs.windows, readings(inputs), strict=True):
        own = inputs.players_in(window)
        _, first, back = np.unique(keep[:, own], axis=0, return_index=True, return_inverse=True)
        found.append(network.logits(coalition_rows(network, reading, keep[first]))[back.reshape(-1)])
    return found


def blends(network: Network, inputs: Encoded, shares: FloatArray) -> FloatArray:
    """Logits (rows, labels) with each player a share of the way from the baseline, `shares` (rows, players)."""
    return _averaged([probing.blends(network, reading, shares) for reading in readings(inputs)])


def path_gradients(
    network: Network, inputs: Encoded, points: FloatArray, *, value: ValueName, head: Head, targets: Sequence[int]
) -> PathGradients:
    """The value function is that of the mean logits. Where it is linear in them each window's slope is its own; else it
    depends on what the others say, and that is asked first."""
    if not inputs.windows:
        return gradients.path_gradients(network, inputs, points, value=value, head=head, targets=targets)
    parts, count = readings(inputs), len(inputs.windows)
    linear = value in ("logit", "output") or (value == "log-odds" and head == "multi")
    linear = linear or (value in ("log-odds", "margin") and network.module.config.num_labels == 2)
    each = [] if linear else [gradients.path_logits(network, reading, points) for reading in parts]
    total = torch.stack(each).sum(dim=0) if each else None  # (points, labels)
    products, logits = np.zeros((len(targets), len(points), len(inputs.tokens))), []
    for number, (window, reading) in enumerate(zip(inputs.windows, parts, strict=True)):
        mean = None if total is None else _mean_with(total - each[number], count)
        found = gradients.path_gradients(
            network, reading, points, value=value, head=head, targets=targets, completed=mean
        )
        text = window.places >= 0
        products[:, :, window.places[text]] += found.products[:, :, text] / (count if total is None else 1)
        logits.append(found.logits)
    return PathGradients(_averaged(logits), products)


def refuse_windows(inputs: Encoded, what: str) -> None:
    """Raises Incompatible for what one reading of the model has and several have not."""
    if inputs.windows:
        raise Incompatible(
            f"{what} belongs to one reading of the model, and this text is read in {len(inputs.windows)} windows: "
            "choose one of its sentences",
            reason="windows",
            windows=len(inputs.windows),
        )


def _mean_with(others: torch.Tensor, count: int) -> Callable[[torch.Tensor, slice], torch.Tensor]:
    return lambda logits, rows: (logits + others[rows]) / count


def _averaged(found: Sequence[FloatArray]) -> FloatArray:
    mean: FloatArray = found[0] if len(found) == 1 else np.mean(found, axis=0)
    return mean
