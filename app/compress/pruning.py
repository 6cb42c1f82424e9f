"""Pruning of attention heads, feed-forward neurons and layers by their effect on the output, and of single weights by
their size times their input.

Importance of heads and neurons: |activation · gradient of the loss|, summed over texts (Michel et al. 2019,
arXiv:1905.10650; Molchanov et al. 2017, arXiv:1611.06440), the loss being the cross-entropy of the model's own
decision. Weights: |w| · ‖input‖ within a row (Sun et al. 2023, arXiv:2306.11695).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ..errors import BadRequest
from .texts import Batch

STACKED = ("bert", "roberta", "xlm-roberta", "camembert", "electra")  # layers of one build
Masks = dict[str, torch.Tensor]  # by the name of a weight: true where it stays


def layers_of(network: Any, what: str) -> Any:
    """The layers of an encoder. Raises BadRequest for an architecture whose parts have other names."""
    kind = network.config.model_type
    if kind not in STACKED:
        raise BadRequest(
            f"{what} cannot be pruned in a model of the type {kind}; there are {', '.join(STACKED)}",
            cure="Use weights, distil or bits, which any classifier can have.",
        )
    return network.base_model.encoder.layer


def prune_heads(network: Any, batches: Iterable[Batch], share: float) -> Masks:
    """Switches the heads of least importance off: their values and what is made of them become zero."""
    layers, count = layers_of(network, "heads"), int(network.config.num_attention_heads)
    found = _importance(network, batches, [layer.attention.output.dense for layer in layers], groups=count)
    order = sorted((float(v), layer, head) for layer, row in enumerate(found) for head, v in enumerate(row))
    left = [count] * len(layers)
    off: set[tuple[int, int]] = set()
    for _, layer, head in order:
        if len(off) == round(share * count * len(layers)):
            break
        if left[layer] > 1:
            left[layer] -= 1
            off.add((layer, head))
    masks: Masks = {}
    for number, layer in enumerate(layers):
        width = layer.attention.self.value.weight.shape[0] // count
        stays = torch.ones(count * width, dtype=torch.bool)
        for at, head in off:
            if at == number:
                stays[head * width : (head + 1) * width] = False
        own = layer.attention.self
        for part in (own.query, own.key, own.value):
            _mask(network, masks, part.weight, stays[:, None].expand_as(part.weight))
            _mask(network, masks, part.bias, stays)
        out = layer.attention.output.dense.weight
        _mask(network, masks, out, stays[None, :].expand_as(out))
    return masks


def prune_neurons(network: Any, batches: Iterable[Batch], share: float) -> None:
    """Removes inner neurons of the feed-forward parts, those of least importance, as many in each layer."""
    layers = layers_of(network, "neurons")
    found = _importance(network, batches, [layer.output.dense for layer in layers])
    kept = max(1, round((1 - share) * found.shape[1]))
    for layer, row in zip(layers, found, strict=True):
        stay = torch.sort(torch.topk(row, kept).indices).values
        wide, narrow = layer.intermediate.dense, layer.output.dense
        wide.weight = nn.Parameter(wide.weight.detach()[stay].clone(), requires_grad=False)
        wide.bias = nn.Parameter(wide.bias.detach()[stay].clone(), requires_grad=False)
        narrow.weight = nn.Parameter(narrow.weight.detach()[:, stay].clone(), requires_grad=False)
        wide.out_features = narrow.in_features = kept
    network.config.intermediate_size = kept


def remove_layers(network: Any, batches: Iterable[Batch], keep: int, tell: Callable[[float], None]) -> tuple[int, ...]:
    """Removes layers until `keep` are left; the numbers of those that stay. Raises BadRequest."""
    layers = list(layers_of(network, "layers"))
    if keep >= len(layers):
        raise BadRequest(f"the model has {len(layers)} layers; {keep} cannot be kept of them", cure="Keep fewer.")
    held, stay = list(batches), list(range(len(layers)))
    wanted = [_log_shares(network, batch) for batch in held]
    rounds = len(layers) - keep
    while len(stay) > keep:
        trials = []
        for number in stay:
            network.base_model.encoder.layer = nn.ModuleList(layers[at] for at in stay if at != number)
            moved = sum(
                float(_divergence(before, _log_shares(network, b))) for before, b in zip(wanted, held, strict=True)
            )
            trials.append((moved, number))
        stay.remove(min(trials)[1])
        tell(1 - (len(stay) - keep) / rounds)
    network.base_model.encoder.layer = nn.ModuleList(layers[at] for at in stay)
    network.config.num_hidden_layers = keep
    return tuple(stay)


def prune_weights(network: Any, batches: Iterable[Batch], share: float) -> Masks:
    """Sets the weights of least size times input to zero, as many in every row of every matrix below the head."""
    base = network.base_model
    parts = {name: part for name, part in base.named_modules() if isinstance(part, nn.Linear)}
    sums = {name: torch.zeros(part.in_features) for name, part in parts.items()}

    def heard(name: str) -> Callable[[Any, Any], None]:
        def hear(_: Any, given: Any) -> None:
            sums[name] += given[0].detach().float().reshape(-1, given[0].shape[-1]).pow(2).sum(dim=0)

        return hear

    with _hooked(parts[name].register_forward_pre_hook(heard(name)) for name in parts), torch.inference_mode():
        for batch in batches:
            network(**batch)
    masks: Masks = {}
    for name, part in parts.items():
        worth = part.weight.detach().abs() * sums[name].sqrt()[None, :]
        off = torch.topk(worth, int(share * worth.shape[1]), dim=1, largest=False).indices
        _mask(network, masks, part.weight, torch.ones_like(worth, dtype=torch.bool).scatter(1, off, value=False))
    return masks


def apply_masks(network: Any, masks: Masks) -> None:
    """Sets what was pruned to zero again, after a step of learning."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if (mask := masks.get(name)) is not None:
                weight.mul_(mask)


def _mask(network: Any, masks: Masks, weight: torch.Tensor, stays: torch.Tensor) -> None:
    name = next(name for name, held in network.named_parameters() if held is weight)
    masks[name] = stays.clone()
    with torch.no_grad():
        weight.mul_(stays)


def _importance(
    network: Any, batches: Iterable[Batch], read: list[nn.Linear], *, groups: int | None = None
) -> torch.Tensor:
    """(layers, inputs or groups of them): |input · gradient| of each part, summed over the positions of all texts."""
    totals = [torch.zeros(groups or part.in_features) for part in read]
    seen: dict[int, torch.Tensor] = {}

    def heard(number: int) -> Callable[[Any, Any], Any]:
        def hear(_: Any, given: Any) -> Any:
            seen[number] = given[0].detach().requires_grad_() if number == 0 else given[0]
            seen[number].retain_grad()
            return (seen[number], *given[1:])

        return hear

    with _hooked(part.register_forward_pre_hook(heard(number)) for number, part in enumerate(read)):
        for batch in batches:
            logits = network(**batch).logits
            nn.functional.cross_entropy(logits, logits.argmax(dim=-1), reduction="sum").backward()  # type: ignore[no-untyped-call]
            for number, states in seen.items():
                assert states.grad is not None
                felt = (states * states.grad).detach() * batch["attention_mask"][..., None]
                felt = felt.reshape(-1, felt.shape[-1])
                if groups:
                    felt = felt.reshape(len(felt), groups, -1).sum(dim=-1)
                totals[number] += felt.abs().sum(dim=0)
    return torch.stack(totals)


@contextmanager
def _hooked(handles: Iterator[Any]) -> Iterator[None]:
    held = list(handles)
    try:
        yield
    finally:
        for handle in held:
            handle.remove()


def _log_shares(network: Any, batch: Batch) -> torch.Tensor:
    with torch.inference_mode():
        shares: torch.Tensor = network(**batch).logits.log_softmax(dim=-1)
    return shares


def _divergence(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence, summed over the texts."""
    return (before.exp() * (before - after)).sum()
