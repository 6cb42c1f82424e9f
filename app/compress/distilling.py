"""Distillation: a network learns the softened decisions and the last states of another one (Hinton et al. 2015,
arXiv:1503.02531; Sanh et al. 2019, arXiv:1910.01108)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from .plan import Distil
from .pruning import Masks, apply_masks
from .texts import Batch, Batches

STATES = 1.0  # weight of the last states beside the decisions
WARMUP = 0.06


def distil(
    student: Any, teacher: Any, batches: Batches, step: Distil, *, masks: Masks, tell: Callable[[float], None]
) -> float:
    """Teaches the student in place; the mean loss of the last tenth of the steps."""
    steps = max(1, round(step.epochs * len(batches)))
    student.train().requires_grad_(True)
    optimizer = torch.optim.AdamW(student.parameters(), lr=step.learning_rate, weight_decay=0.01)
    rates = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda at: _rate(at, steps))
    losses: list[float] = []
    while len(losses) < steps:
        for batch in batches:
            loss = _loss(student, teacher, batch, step.temperature)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            optimizer.step()
            rates.step()
            apply_masks(student, masks)
            losses.append(float(loss.detach()))
            tell(len(losses) / steps)
            if len(losses) == steps:
                break
    student.eval().requires_grad_(False)
    tail = losses[-max(1, steps // 10) :]
    return sum(tail) / len(tail)


def _rate(at: int, steps: int) -> float:
    """Rises over the first steps, then falls to zero."""
    warm = max(1, round(WARMUP * steps))
    return (at + 1) / warm if at < warm else max(0.0, (steps - at) / max(1, steps - warm))


def _loss(student: Any, teacher: Any, batch: Batch, temperature: float) -> torch.Tensor:
    with torch.no_grad():
        wanted = teacher(**batch, output_hidden_states=True)
    said = student(**batch, output_hidden_states=True)
    decisions = functional.kl_div(
        (said.logits / temperature).log_softmax(dim=-1),
        (wanted.logits / temperature).softmax(dim=-1),
        reduction="batchmean",
    )
    there = batch["attention_mask"][..., None]
    gap = (said.hidden_states[-1] - wanted.hidden_states[-1]) * there
    states = gap.pow(2).sum() / (there.sum() * gap.shape[-1])
    total: torch.Tensor = decisions * temperature**2 + STATES * states
    return total
