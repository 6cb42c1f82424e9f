"""Predictions and panels while other programs use the same processors."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.soak.figures import Figure, percentile
from tests.soak.waiting import embedded, wait_for_people

BUSY = 2  # programs that never wait
MOST = 2.5  # times as long as idle, at the 95th percentile


def neighbours(folder: Path, *, turns: int = 4, predictions: int = 30, panels: int = 3) -> list[Figure]:
    """As many threads as there are cores, with nobody beside them and beside busy programs, in turn."""
    found: dict[str, list[float]] = {"panel": [], "prediction": [], "panel busy": [], "prediction busy": []}
    with embedded(folder, threads=os.cpu_count() or 1) as server:
        wait_for_people(server, {name: [] for name in found}, "", panels=2, predictions=4)
        for _ in range(turns):
            wait_for_people(server, found, "", panels=panels, predictions=predictions)
            with busy_programs(BUSY):
                wait_for_people(server, found, " busy", panels=panels, predictions=predictions)
    p95 = {name: percentile(times, 0.95) for name, times in found.items()}
    return [
        Figure("prediction idle p95", p95["prediction"], unit="s"),
        Figure(f"prediction beside {BUSY} busy programs, p95 / idle", p95["prediction busy"] / p95["prediction"], MOST),
        Figure("panel idle p95", p95["panel"], unit="s"),
        Figure(f"panel beside {BUSY} busy programs, p95 / idle", p95["panel busy"] / p95["panel"]),
    ]


@contextmanager
def busy_programs(count: int) -> Iterator[None]:
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()
