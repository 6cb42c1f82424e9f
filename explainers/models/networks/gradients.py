"""Gradients of the value function to the word embeddings, along the path from the baseline to the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import torch

from ...contract import Encoded, FloatArray, Head, PathGradients, ValueName
from ...game import passes
from ...game.batches import batches_on
from .device import to_array
from .masking import path_ends
from .network import Network, Rows, in_chunks

Completed: TypeAlias = Callable[[torch.Tensor, slice], torch.Tensor]


def path_gradients(
    network: Network,
    inputs: Encoded,
    points: FloatArray,
    *,
    value: ValueName,
    head: Head,
    targets: Sequence[int],
    completed: Completed | None = None,
) -> PathGradients:
    """At x(α) = b + α (x − b) for every α of `points`: the logits, and ∇v · (x − b) summed over the embedding.

    Only word embeddings move; fp32 throughout. completed: from the logits of some points, which the slice names, to
    those that the value function is taken of, where this input is only a part of what is explained.
    """
    path, step = _path(network, inputs, points)
    done = 0

    def passed(chunk: Rows) -> tuple[torch.Tensor, torch.Tensor]:
        nonlocal done
        assert chunk.embeddings is not None
        place = chunk.embeddings.detach().requires_grad_()
        rows = slice(done, done + len(place))
        within = None if completed is None else partial(_at, completed, rows)
        found, slopes = _slopes(network, inputs, place, value=value, head=head, targets=targets, completed=within)
        done = rows.stop
        return found.detach(), (slopes.double() * step.double()).sum(dim=-1)  # (targets, points, tokens)

    logits, products = zip(*in_chunks(_chunks(network, inputs, path), passed), strict=True)
    return PathGradients(to_array(torch.cat(logits).double()), to_array(torch.cat(products, dim=1)))


def _chunks(network: Network, inputs: Encoded, path: torch.Tensor) -> list[Rows]:
    return network.rows(inputs, embeddings=path).chunks(batches_on(network.device.type).gradients)


def path_logits(network: Network, inputs: Encoded, points: FloatArray) -> torch.Tensor:
    """Logits (points, labels) on the path, without gradients."""
    path, _ = _path(network, inputs, points)
    return torch.cat(in_chunks(_chunks(network, inputs, path), network.logits_of)).clone()


def _path(network: Network, inputs: Encoded, points: FloatArray) -> tuple[torch.Tensor, torch.Tensor]:
    """Word embeddings (points, tokens, width) on the path, and the whole way (tokens, width)."""
    whole, absent = path_ends(network, inputs)
    step = whole - absent
    return absent + network.tensor(np.asarray(points, dtype=np.float32))[:, None, None] * step, step


def _at(completed: Completed, rows: slice, logits: torch.Tensor) -> torch.Tensor:
    return completed(logits, rows)


def input_slopes(
    network: Network, inputs: Encoded, place: torch.Tensor, *, value: ValueName, head: Head, target: int
) -> torch.Tensor:
    """The gradient (tokens, width) of one class's value at word embeddings `place` (1, tokens, width), in float64."""
    passes.begins(1)
    place = place.detach().clone().requires_grad_()
    _, slopes = _slopes(network, inputs, place, value=value, head=head, targets=[target])
    return slopes[0, 0].double()


def _slopes(
    network: Network,
    inputs: Encoded,
    place: torch.Tensor,
    *,
    value: ValueName,
    head: Head,
    targets: Sequence[int],
    completed: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (points, labels) and the gradient of every target's value to the embeddings (targets, points, …)."""
    with torch.enable_grad():
        logits = network.forward(network.rows(inputs, embeddings=place)).logits
        logits = logits if completed is None else completed(logits)
        alone = mirrored(logits.shape[1], value, head)
        asked = list(targets)[:1] if alone else list(targets)
        values = value_tensor(logits, value, head=head, targets=asked).sum(dim=0)  # rows do not mix
        found = [
            torch.autograd.grad(one, place, retain_graph=position + 1 < len(asked))[0]
            for position, one in enumerate(values)
        ]
    if alone:
        found = [found[0] if target == asked[0] else -found[0] for target in targets]
    return logits, torch.stack(found)


def mirrored(labels: int, value: ValueName, head: Head) -> bool:
    """Whether one class's gradient is the other's with the sign turned, so that one backward pass serves both."""
    return labels == 2 and head == "single" and value in ("log-odds", "margin", "probability")


def value_tensor(logits: torch.Tensor, value: ValueName, *, head: Head, targets: Sequence[int]) -> torch.Tensor:
    """Logits (rows, labels) → (rows, targets) in float64, differentiable; the same numbers as `value_of`."""
    logits = logits.double()
    if head == "tokens":
        return _of_tokens(logits, value)[:, list(targets)]
    chosen = logits[:, list(targets)]
    if value in ("logit", "output") or (value == "log-odds" and head == "multi"):
        return chosen
    if value == "probability":
        shares = torch.sigmoid(logits) if head == "multi" else torch.softmax(logits, dim=1)
        return shares[:, list(targets)]
    columns = []
    for target in targets:
        others = torch.cat([logits[:, :target], logits[:, target + 1 :]], dim=1)
        against = others.logsumexp(dim=1) if value == "log-odds" else others.amax(dim=1)
        columns.append(logits[:, target] - against)
    return torch.stack(columns, dim=1)


def _of_tokens(columns: torch.Tensor, value: ValueName) -> torch.Tensor:
    """(rows, 3 · tokens) → (rows, tokens)."""
    if value == "logit":
        return columns[:, ::3]
    odds = columns[:, ::3] - columns[:, 1::3]
    if value == "log-probability":
        return torch.nn.functional.logsigmoid(odds)
    return torch.sigmoid(odds) if value == "probability" else odds
