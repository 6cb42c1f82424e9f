"""The process that trains: `python -m <package>.train.process`, started by the job runner for one job.

Its task is one line of JSON on standard input, which then stays open: when it ends, the runner is gone. What it does
is told as lines of JSON on standard output: {progress}, {epoch} or {language}, an epoch of a pre-training, with the
file of its checkpoint, {card} at the end, or {error}.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .._library import explainers
from ..engine.errors import to_wire
from ..engine.server import end_with_the_parent, first_line
from .plan import Plan, weights_name

EPOCHS = "epochs.json"
LEFT_OUT = "training_args.bin"  # a pickle that nothing reads
NICENESS = 15  # whoever waits for an explanation comes first


@dataclass(frozen=True, slots=True)
class Task:
    plan: dict[str, Any]
    folder: str  # with the plan's files; checkpoints and the model are written below it
    threads: int
    on_cpu: bool

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def tell(**said: Any) -> None:
    print(json.dumps(said), file=TOLD, flush=True)


def run(task: Task) -> dict[str, Any]:
    from transformers.utils import logging  # torch too, once the number of threads is set

    from .service import train

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.simplefilter("ignore")

    folder = Path(task.folder)
    kept = folder / "checkpoints"

    def after_epoch(facts: Mapping[str, Any]) -> None:
        listed = kept / EPOCHS
        before = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else []
        listed.write_text(json.dumps([*before, dict(facts)]), encoding="utf-8")
        checkpoint, weights = packed(kept, f"epoch-{facts['epoch']}"), folder / weights_name(facts["epoch"])
        tell(epoch={**facts, "checkpoint": str(checkpoint), "weights": str(weights) if weights.is_file() else None})

    def after_language(facts: Mapping[str, Any]) -> None:
        name = f"language-{facts['epoch']}"
        tell(language={**facts, **({"checkpoint": str(packed(kept, name))} if facts["epoch"] else {})})

    return train(
        Plan.model_validate(task.plan),
        data=folder,
        out=folder / "model",
        on_cpu=task.on_cpu,
        checkpoints=kept,
        progress=lambda done, note="": tell(progress=[done, note]),
        after_epoch=after_epoch,
        after_language=after_language,
    )


def packed(folder: Path, name: str) -> Path:
    """The newest checkpoint with the facts of every epoch behind it, as one file that nobody writes to any more."""
    out = folder.with_name(f"{name}.tar")
    with tarfile.open(out, mode="w") as tar:
        tar.add(folder, arcname=".", filter=lambda info: None if info.name.endswith(LEFT_OUT) else info)
    return out


def main(run: Callable[[Task], dict[str, Any]]) -> None:
    """Do the task of the first line: `run` gives its answer, which is told as the card."""
    line = first_line()
    if line is None:
        return
    task = Task(**json.loads(line))
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    os.nice(NICENESS)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(task.threads)
    try:
        tell(card=run(task))
    except (explainers.ExplainersError, ValueError, OSError, MemoryError, RuntimeError) as error:
        tell(error=to_wire(error))


# Libraries print what they like; only what is told goes to the runner.
STARTED = "TOLD_TO_THE_RUNNER" in os.environ
TOLD = os.fdopen(os.dup(1), "w") if STARTED else sys.stdout

if __name__ == "__main__":
    os.dup2(2, 1)
    main(run)
