"""The inside of a network: the states of every layer, what passes through them, and what the head reads from them.

The states are taken by hooks on the eager twin. The network that serves predictions never gets one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch

from ...contract import Encoded, FloatArray, Head, LayerStates, ValueName
from ...errors import Incompatible
from ...game import passes
from ...game.batches import batches_on
from .device import to_array
from .gradients import mirrored, value_tensor
from .half import layer_stack
from .masking import path_ends, whole_rows
from .network import Network, Rows


def layer_states(
    twin: Network, inputs: Encoded, points: FloatArray, *, value: ValueName, head: Head, targets: Sequence[int]
) -> LayerStates:
    """Layer conductance (Dhamdhere, Sundararajan & Yan 2018, eq. 2) and the logit lens, of every layer at once.

    Σ over neighbouring points of ∇v(h at the middle) · (h_k+1 − h_k): the midpoint rule along the way of the states.
    The ends of the way have no gradient taken: an embedding of zeros is a pole of a norm without offset.
    """
    whole, absent = path_ends(twin, inputs)
    edges = twin.tensor(np.asarray(points, dtype=np.float32))[:, None, None]
    total: Any = 0.0
    for start in range(0, len(edges) - 1, step := max(1, batches_on(twin.device.type).gradients // len(whole))):
        chunk = edges[start : start + step + 1]
        passes.begins(len(chunk))
        states = _states(twin, inputs, absent + chunk * (whole - absent))
        middle = absent + (chunk[1:] + chunk[:-1]) / 2 * (whole - absent)
        passes.begins(len(middle))
        slopes = _slopes(twin, inputs, middle, value=value, head=head, targets=targets)
        total = total + torch.einsum("tlpkw,lpkw->tlk", slopes, states[:, 1:] - states[:, :-1])
    return LayerStates(conductance=to_array(total), readings=readings(twin, inputs))


def readings(twin: Network, inputs: Encoded) -> FloatArray:
    """Logits (layers, labels) that norm, pooler and head give for each layer's states in place of the last one's."""
    row = whole_rows(twin, inputs)
    stacked = states_of(twin, row)
    step = max(1, batches_on(twin.device.type).gradients // stacked.shape[1])
    found = []
    for start in range(0, len(stacked), step):
        given = stacked[start : start + step]
        passes.begins(len(given))
        with torch.inference_mode(), given_states(twin, given, after=len(stacked) - 1):
            found.append(twin.forward(row.repeated(len(given))).logits)
    return to_array(torch.cat(found).double())


def states_of(twin: Network, row: Rows) -> torch.Tensor:
    """The states of one row (layers, tokens, width)."""
    passes.begins(1)
    with torch.inference_mode(), _recorded(twin) as states:
        twin.forward(row)
    return torch.cat(states)


def _states(twin: Network, inputs: Encoded, place: torch.Tensor) -> torch.Tensor:
    """(layers, points, tokens, width) in float64."""
    with torch.inference_mode(), _recorded(twin) as states:
        twin.forward(twin.rows(inputs, embeddings=place))
    return torch.stack(states).double()


def _slopes(
    twin: Network, inputs: Encoded, place: torch.Tensor, *, value: ValueName, head: Head, targets: Sequence[int]
) -> torch.Tensor:
    """∂v/∂state, (targets, layers, points, tokens, width) in float64."""
    with torch.enable_grad(), _recorded(twin) as states:
        logits = twin.forward(twin.rows(inputs, embeddings=place.detach().requires_grad_())).logits
        alone = mirrored(logits.shape[1], value, head)
        asked = list(targets)[:1] if alone else list(targets)
        values = value_tensor(logits, value, head=head, targets=asked).sum(dim=0)  # rows do not mix
        slopes = []
        for position, one in enumerate(values):
            grads = torch.autograd.grad(one, states, retain_graph=position + 1 < len(asked), allow_unused=True)
            if any(grad is None for grad in grads):
                raise Incompatible(
                    "the output of this architecture does not come from the states of its layers", reason="no_states"
                )
            slopes.append(torch.stack(grads).double())
    return torch.stack([slopes[0] if target == asked[0] else -slopes[0] for target in targets] if alone else slopes)


@contextmanager
def _recorded(twin: Network) -> Iterator[list[torch.Tensor]]:
    """The states that enter the first layer and leave each layer, in the order in which they run.

    A layer that is used again and again (ALBERT) is recorded each time.
    """
    states: list[torch.Tensor] = []

    def enter(_: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        if not states:
            states.append(next(each for each in (*args, *named.values()) if isinstance(each, torch.Tensor)))

    def leave(_: Any, __: Any, output: Any) -> None:
        states.append(output[0] if isinstance(output, tuple) else output)

    stack = layer_stack(twin.module)
    with _hooks(
        [
            partial(stack[0].register_forward_pre_hook, enter, with_kwargs=True),
            *(partial(layer.register_forward_hook, leave) for layer in stack),
        ]
    ):
        yield states


@contextmanager
def given_states(twin: Network, states: torch.Tensor, *, after: int) -> Iterator[None]:
    """The layer that runs as the last, number `after`, gives `states` instead of its own."""
    ran = 0

    def leave(_: Any, __: Any, output: Any) -> Any:
        nonlocal ran
        ran += 1
        if ran < after:
            return None
        return (states, *output[1:]) if isinstance(output, tuple) else states

    with _hooks([partial(layer.register_forward_hook, leave) for layer in layer_stack(twin.module)]):
        yield


@contextmanager
def _hooks(register: Sequence[Callable[[], Any]]) -> Iterator[None]:
    handles: list[Any] = []
    try:
        for one in register:
            handles.append(one())  # noqa: PERF401 - those registered before a failure must be removed too
        yield
    finally:
        for handle in handles:
            handle.remove()
