"""Metrics for a monitoring system at /metrics. Numbers only: no text, no key, no address that a caller chose."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .store.job_condition import RunnerCondition

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
PASSES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536)
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One for an application: two of them in one process, as in tests, do not add up."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.latency = Histogram(
            "whence_request_seconds", "Time until an answer was complete.", ("method", "route", "status"),
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self.lookups = Counter(
            "whence_lookups", "Questions whose result was stored (hit) or had to be made (miss).", ("kind", "outcome"),
            registry=registry,
        )  # fmt: skip
        self.passes = Histogram(
            "whence_forward_passes", "Rows that the model evaluated for one question.", ("kind",), buckets=PASSES,
            registry=registry,
        )  # fmt: skip
        self.waiting = Gauge("whence_engine_waiting", "Requests that wait for the engine or run.", registry=registry)
        self.starts = Gauge(
            "whence_engine_starts", "Engine processes so far: one, and the restarts.", registry=registry
        )
        self.models = Gauge("whence_models", "Models by their state.", ("status",), registry=registry)
        self.entries = Counter(
            "whence_sign_ins", "Attempts to come in with a key, session or name that were refused, and sign-ins.",
            ("via", "outcome"), registry=registry,
        )  # fmt: skip
        self.jobs = Gauge("whence_jobs", "Jobs by their state.", ("state",), registry=registry)
        self.database = Gauge("whence_database_up", "1 while the database answers.", registry=registry)
        self.runner = Gauge(
            "whence_runner_up", "1 while the job runner of this process is at work, 0 where it has none or it fails.",
            registry=registry,
        )  # fmt: skip
        self.runner_starts = Gauge(
            "whence_runner_starts", "Job runners so far: one, and the restarts.", registry=registry
        )

    def answered(self, method: str, route: str | None, status: int, seconds: float) -> None:
        self.latency.labels(method, route or "none", str(status)).observe(seconds)

    def looked_up(self, kind: str, *, stored: bool) -> None:
        self.lookups.labels(kind, "hit" if stored else "miss").inc()

    def entered(self, via: str, *, refused: bool) -> None:
        self.entries.labels(via, "refused" if refused else "done").inc()

    def text(
        self,
        *,
        waiting: int,
        starts: int,
        models: Iterable[str],
        jobs: Mapping[str, int] | None,
        runner: RunnerCondition,
    ) -> bytes:
        """Everything, with what is true at this moment. jobs: None while the database does not answer."""
        self.waiting.set(waiting)
        self.starts.set(starts)
        self.models.clear()
        for status, count in Counts(models).items():
            self.models.labels(status).set(count)
        self.jobs.clear()
        self.database.set(jobs is not None)
        self.runner.set(runner.doing == "running")
        self.runner_starts.set(runner.starts)
        for state, count in (jobs or {}).items():
            self.jobs.labels(state).set(count)
        return generate_latest(self.registry)
