"""The training process as the job runner sees it: started, listened to, and ended with the job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from threading import Thread
from typing import Any

from ..engine.errors import from_wire
from ..engine.supervisor import environment
from ..errors import EngineDied
from .process import Task

TRAINS = f"{__package__}.process"
LOOK_EVERY = 0.2  # seconds between two looks whether the job is to stop


def threads() -> int:
    """Half of the processors: the other half is for those who wait for an explanation."""
    return max(1, len(os.sched_getaffinity(0)) // 2)


def train(
    task: Task, *, check: Callable[[], None], hear: Callable[[str, Any], None], module: str = TRAINS
) -> dict[str, Any]:
    """The card of the finished model. `check` raises where the job is to stop; `hear` is told of progress and epochs.
    module: does the task, by default a training.

    Raises EngineDied where the process ends before its work does, and what it failed with.
    """
    with _started(task, module) as said:
        while True:
            try:
                line = said.get(timeout=LOOK_EVERY)
            except Empty:
                check()
                continue
            if line is None:
                raise EngineDied("the training process ended before its work did")
            ((what, told),) = json.loads(line).items()
            if what == "error":
                raise from_wire(told["code"], told["message"])
            if what == "card":
                return dict(told)
            hear(what, told)


@contextmanager
def _started(task: Task, module: str) -> Iterator[Queue[bytes | None]]:
    """The lines that it says; None once it has ended."""
    process = subprocess.Popen(  # noqa: S603 - this program, with nothing of the request in the command
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment() | {"OMP_NUM_THREADS": str(task.threads), "TMPDIR": task.folder, "TOLD_TO_THE_RUNNER": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    said: Queue[bytes | None] = Queue()
    listening = Thread(target=_listen, args=(process.stdout, said), daemon=True)
    listening.start()
    try:
        process.stdin.write(task.to_line())
        process.stdin.flush()
        yield said
    finally:
        process.kill()
        process.wait()
        listening.join()
        process.stdin.close()
        process.stdout.close()


def _listen(stream: Any, said: Queue[bytes | None]) -> None:
    for line in stream:
        said.put(line)
    said.put(None)
