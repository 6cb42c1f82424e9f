"""The process that finds who taught a prediction: started by the job runner for one job, as a training is.

Its folder holds train.jsonl, dev.jsonl, test.jsonl, the trained weights of every epoch, perhaps sketches that an
earlier job made of them, and asked.json. Sketches that it makes are left in the folder.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..train.plan import Plan, weights_name
from ..train.process import Task, main, tell
from .foretelling import influences, strongest


def run(task: Task) -> dict[str, Any]:
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.simplefilter("ignore")

    from ..train.service import base_of

    folder = Path(task.folder)
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    plan = Plan.model_validate(task.plan)
    return told(plan, folder, asked, base=base_of(plan), on_cpu=task.on_cpu)


def sketch_name(epoch: int) -> str:
    """The file of the training texts' sketches at an epoch."""
    return f"sketch-{epoch}.npy"


def told(plan: Plan, folder: Path, asked: dict[str, Any], *, base: Path, on_cpu: bool) -> dict[str, Any]:
    """asked: text, target, leave_out, seed, and epochs with their rates. The answer has texts, no row numbers."""
    from ..train.data import training_examples
    from ..train.evaluate import predict
    from .tracing import Tracing

    examples, _ = training_examples(plan, folder)
    tracing = Tracing(plan, base, examples)
    target = _target(plan, tracing, folder, asked)
    taught, own = [], []
    epochs = asked["epochs"]
    for number, epoch in enumerate(epochs):

        def share(done: float, number: int = number) -> None:
            tell(progress=[0.9 * (number + done) / len(epochs), f"epoch {number + 1}"])

        tracing.load(folder / weights_name(epoch["epoch"]))
        sketch = folder / sketch_name(epoch["epoch"])
        if not sketch.is_file():
            np.save(sketch, tracing.taught(share).astype(np.float16))
        taught.append(np.load(sketch))
        own.append(tracing.asked(asked["text"], target))
    scores = influences(taught, own, [epoch["rate"] for epoch in epochs])
    probability = _probability(predict(tracing.network, tracing.tokenizer, [asked["text"]],
                                       maximum_length=plan.fit.maximum_length), target)  # fmt: skip
    shown = strongest(scores, asked["shown"])
    found = {
        "target": plan.labels[target], "probability": probability, "texts": len(examples), "epochs": len(epochs),
        **{
            name: [_line(examples[row], plan, scores, row) for row in rows]
            for name, rows in zip(("raised", "lowered"), shown, strict=True)
        },
    }  # fmt: skip
    if asked["leave_out"]:
        found["left_out"] = _left_out(plan, examples, scores, asked, target, probability, base=base, on_cpu=on_cpu)
    return found


def _target(plan: Plan, tracing: Any, folder: Path, asked: dict[str, Any]) -> int:
    from ..train.evaluate import predict

    if asked["target"]:
        return int(plan.labels.index(asked["target"]))
    tracing.load(folder / weights_name(asked["epochs"][-1]["epoch"]))
    logits = predict(tracing.network, tracing.tokenizer, [asked["text"]], maximum_length=plan.fit.maximum_length)
    return int(logits[0].argmax())


def _left_out(
    plan: Plan,
    examples: Any,
    scores: Any,
    asked: dict[str, Any],
    target: int,
    before: float,
    *,
    base: Path,
    on_cpu: bool,
) -> dict[str, Any]:
    """Train without the strongest texts, and without as many drawn ones."""
    from ..train.evaluate import predict
    from ..train.loop import fit

    count = min(asked["leave_out"], len(examples) - 2)
    top, _ = strongest(scores, count)
    drawn = np.random.default_rng(asked["seed"]).choice(len(examples), len(top), replace=False).tolist()
    found = []
    for number, gone in enumerate((set(top), set(drawn))):

        def share(done: float, note: str = "", number: int = number) -> None:
            tell(progress=[(number + done) / 2, f"training {number + 1} of 2 again"])

        kept = [each for row, each in enumerate(examples) if row not in gone]
        with tempfile.TemporaryDirectory() as scratch:
            network, tokenizer = fit(plan, kept, base=base, scratch=Path(scratch), on_cpu=on_cpu, progress=share)
        found.append(predict(network, tokenizer, [asked["text"]], maximum_length=plan.fit.maximum_length))
    without, other = (_probability(logits, target) for logits in found)
    return {
        "texts": len(top), "before": before, "without": without, "drawn": other,
        "predicted_without": plan.labels[int(found[0][0].argmax())], "foretold": float(scores[top].sum()),
        "measured": float(np.log(max(before, 1e-9)) - np.log(max(without, 1e-9))),
    }  # fmt: skip


def _line(example: Any, plan: Plan, scores: Any, row: int) -> dict[str, Any]:
    whole = float(np.abs(scores).sum()) or 1.0
    return {
        "text": example.text, "label": plan.labels[example.label], "influence": float(scores[row]),
        "share": float(abs(scores[row]) / whole),
    }  # fmt: skip


def _probability(logits: Any, target: int) -> float:
    shares = np.exp(logits[0] - logits[0].max())
    return float(shares[target] / shares.sum())


if __name__ == "__main__":
    os.dup2(2, 1)
    main(run)
