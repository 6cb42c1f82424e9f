"""Figures that the engine process counts of itself, for /metrics of the web process beside it. Numbers only."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest

from .messages import Priority

ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Figures:
    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._rows = Histogram(
            "whence_batch_rows", "Rows of one pass through a model.", buckets=ROWS, registry=registry
        )
        self._stretches = Histogram(
            "whence_engine_stretch_seconds",
            "Time between two looks whether somebody more urgent waits or the caller has gone.",
            ("priority",), buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._longest = Gauge(
            "whence_engine_longest_stretch_seconds", "The longest of them.", ("priority",), registry=registry
        )
        self._most = dict.fromkeys(Priority, 0.0)

    def batch(self, rows: int) -> None:
        self._rows.observe(rows)

    def stretch(self, priority: Priority, seconds: float) -> None:
        self._stretches.labels(priority.name.lower()).observe(seconds)
        if seconds > self._most[priority]:
            self._most[priority] = seconds
            self._longest.labels(priority.name.lower()).set(seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)
