"""How much of the bare model's speed reaches the coalitions, and how much memory is used."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import Any, Literal

import numpy as np

from .. import runner
from ..contract import Case, Question
from ..game.sampling import design_for

BATCHES = (16, 32, 64, 128, 256)
ROUNDS = 5


def best_bare_speed(model: Any, case: Case, *, precision: Literal["fp32", "bf16"]) -> dict[str, float] | None:
    """Tokens a second of the network alone on rows of the case's length, at its best batch. None for a fake model."""
    import torch

    network = getattr(model, "_half" if precision == "bf16" else "_fast", None)
    if network is None:
        return None
    speeds = {}
    for batch in BATCHES:
        rows = network.rows(case.inputs, ids=np.tile(case.inputs.ids, (batch, 1)))

        def forward(rows: Any = rows) -> None:
            with torch.inference_mode():
                network.forward(rows)

        forward()
        speeds[batch] = batch * len(case.inputs.ids) / median(_seconds(forward) for _ in range(ROUNDS))
    best = max(speeds, key=lambda batch: speeds[batch])
    return {"batch": best, "tokens_per_s": speeds[best]}


def coalition_speed(model: Any, text: str, *, precision: Literal["fp32", "bf16"]) -> dict[str, float]:
    """Tokens a second of the sampled coalitions of one text, everything that Python does included.

    Empty and leave-one-out coalitions are fp32 in either precision and are evaluated before the clock starts.
    """
    found = []
    for seed in range(ROUNDS):
        case = runner.case_of(model, Question(text=text, precision=precision, seed=seed))
        case.table.leave_one_out()
        before = len(case.table.batches)
        rows = design_for(case.table.players, None, seed).keep
        seconds = _seconds(partial(case.table.logits, rows))
        batches = case.table.batches[before:]
        found.append((sum(batches) * len(case.inputs.tokens) / seconds, fmean(batches)))
    return {"tokens_per_s": median(speed for speed, _ in found), "mean_batch": found[-1][1]}


def efficiency_of(model: Any, text: str, *, precision: Literal["fp32", "bf16"]) -> dict[str, float | None]:
    """`efficiency`: coalition_speed over best_bare_speed, measured one after the other."""
    case = runner.case_of(model, Question(text=text, precision=precision))
    bare = best_bare_speed(model, case, precision=precision)
    ours = coalition_speed(model, text, precision=precision)
    return {
        "efficiency": ours["tokens_per_s"] / bare["tokens_per_s"] if bare else None,
        "tokens_per_s": ours["tokens_per_s"],
        "bare_tokens_per_s": bare["tokens_per_s"] if bare else None,
        "best_batch": bare["batch"] if bare else None,
        "mean_batch": ours["mean_batch"],
    }


def _seconds(task: Callable[[], Any]) -> float:
    started = time.perf_counter()
    task()
    return time.perf_counter() - started


def peak_megabytes() -> float:
    """Peak resident memory of this process so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def processor() -> str:
    """The processor's name and the number of its cores that this process may use; nothing else of the machine."""
    import os

    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{names[0] if names else 'unknown processor'}, {cores} cores"
