"""Run as a program: one batch on a Ray cluster of two machines, of which one is killed in the middle, and locally.

A process of its own, because Ray changes signal handlers, the environment and the exit of whoever starts it. Writes
what happened into found.json; test_cluster.py says what should have.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import torch
from ray.cluster_utils import Cluster

import explainers
from app.batches import rows
from app.batches.schemas import BatchRequest
from app.engine.messages import Score
from app.errors import UnknownModel
from app.jobs import service
from app.jobs.executors.protocol import Executor
from app.jobs.executors.ray import RayExecutor
from app.jobs.runner.execution import Execution
from app.schemas import TextInput
from app.settings import Settings
from app.store import jobs
from app.store.database import Store, open_store
from app.store.job_condition import RunnerCondition
from tests.app.jobs.inline import InlineExecutor

TEXTS = [
    "a gorgeous, witty film", "the plot is bad", "not a good film, and not a short one", "good", "charming but slow",
    "it never recovers from its clumsy opening", "quietly moving", "I would not see it again",
]  # fmt: skip
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20}
STRANGER = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False)"


def batch(method: str | None) -> BatchRequest:
    inputs = [TextInput(text=text) for text in TEXTS]
    return BatchRequest(model="small", inputs=inputs, method=method, shard_rows=2)


def run(store: Store, executor: Executor, request: BatchRequest) -> dict[str, Any]:
    """The state of the job after its end, and what is stored of each shard, as bytes and as rows."""
    services: Any = SimpleNamespace(store=store, purse=None, caller=None, settings=Settings(), runner=RunnerCondition())
    job = anyio.run(service.submit, services, "default", "batch", request)
    Execution(store, executor).run(job.id)
    found = anyio.run(service.get, services, "default", job.id)
    bodies = [store.query(partial(jobs.shard_body, job=job.id, shard=shard)) for shard in range(found.shards or 0)]
    rows_of = [row for body in bodies if body for row in rows.records(body)]
    return {
        "state": found.state,
        "attempt": found.attempt,
        "bytes": [(b or b"").hex() for b in bodies],
        "rows": rows_of,
    }


def once(condition: Callable[[], bool], then: Callable[[], None]) -> threading.Thread:
    def wait() -> None:
        while not condition():
            time.sleep(0.005)
        then()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def first_shard_stored(store: Store) -> bool:
    return any(job.done for job in store.query(partial(jobs.in_states, states=["running"])))


def main() -> None:
    folder, models = Path(sys.argv[1]), [sys.argv[2]]
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    cluster = Cluster(initialize_head=True, head_node_args=NODE | {"include_dashboard": False})
    other = cluster.add_node(**NODE)
    os.environ["RAY_ADDRESS"] = cluster.address
    store = open_store(Settings(data=folder / "ray"))
    executor = RayExecutor(sources=lambda: models)
    found["slots"] = executor.slots

    stranger = os.environ | {"RAY_AUTH_TOKEN": "b" * 64}
    knocking = subprocess.Popen([sys.executable, "-c", STRANGER, cluster.address], env=stranger, stderr=subprocess.PIPE)
    engine = executor.engine(threading.Event())
    try:
        engine.ready("large")
    except UnknownModel as error:
        found["unknown"] = str(error)
    found["ready"] = engine.ready("small").status
    found["predictions"] = run(store, executor, batch(None))

    stopped = threading.Event()
    stopped.set()
    try:
        executor.engine(stopped).ask(Score(model="small", texts=tuple(TEXTS * 500)))
    except explainers.Cancelled as error:
        found["stopped"] = str(error)

    killed = once(lambda: first_shard_stored(store), lambda: cluster.remove_node(other, allow_graceful=False))
    found["explanations"] = run(store, executor, batch("shap"))
    killed.join()

    local = open_store(Settings(data=folder / "local"))
    inline = InlineExecutor(load=None, sources=models)
    found["local predictions"] = run(local, inline, batch(None))
    found["local explanations"] = run(local, inline, batch("shap"))
    _, complaint = knocking.communicate(timeout=60)
    found["stranger"] = [knocking.returncode, b"uthenticat" in complaint]
    (folder / "found.json").write_text(json.dumps(found), encoding="utf-8")
    store.close()
    local.close()
    executor.close()
    cluster.shutdown()


if __name__ == "__main__":
    main()
