"""Throughput of jobs on one and on two Ray engines of one thread each: `python -m tests.ray_figures`.

Rounds on one and on two engines take turns, so that what else the machine does hits both alike; the figure is the
median of the ratios of neighbouring rounds. Needs two processors; writes build/ray.json.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import explainers
from app.engine.messages import Score
from app.jobs.executors.local import WaitingEngine
from app.jobs.executors.ray import RayExecutor

TEXT = "The film is a gorgeous and witty story that never quite recovers from its clumsy and rather long opening."
SHARD = 2  # explanations, or batches of predictions, that one engine does one after another
ROUNDS = 3


def shard(engine: WaitingEngine, number: int, what: str) -> None:
    for step in range(SHARD):
        words = f"{TEXT} {number} {step}"
        if what == "predictions":
            engine.ask(Score(model="sentiment", texts=tuple(f"{words} {row}" for row in range(64))))
        else:
            engine.explain("sentiment", explainers.Question.about(text=words), method="shap", options={})


def seconds(engine: WaitingEngine, at_once: int, what: str) -> float:
    """Of two shards, on so many engines at once."""
    started = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda number: shard(engine, number, what), range(2)))
    return time.perf_counter() - started


def main() -> int:
    started = time.perf_counter()
    executor = RayExecutor(embedded=("sentiment",), threads=1, actors=2)
    engine = executor.engine(Event())
    engine.ready("sentiment")
    seconds(engine, 2, "explanations")  # both engines have loaded the model
    found: dict[str, object] = {"start_seconds": round(time.perf_counter() - started, 1)}
    for what, rows in (("predictions", 2 * SHARD * 64), ("explanations", 2 * SHARD)):
        rounds = [(seconds(engine, 1, what), seconds(engine, 2, what)) for _ in range(ROUNDS)]
        found[what] = {
            "one_per_second": round(rows / statistics.median(one for one, _ in rounds), 2),
            "two_per_second": round(rows / statistics.median(two for _, two in rounds), 2),
            "ratio": round(statistics.median(one / two for one, two in rounds), 2),
        }
    executor.close()
    build = Path("build")
    build.mkdir(exist_ok=True)
    (build / "ray.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
