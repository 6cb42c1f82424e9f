"""The executor `ray`: shards of a job on the engines of a Ray cluster. Ray schedules, restarts and moves the data.

Needs the extra `ray`, whose import takes seconds: this module is imported by a runner that was told to use it only.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar, cast

import structlog

from ..._library import explainers
from ...engine.client import SocketEngine
from ...engine.errors import from_wire
from ...engine.limits.memory import SPARING
from ...engine.limits.threads import PATIENCE
from ...engine.messages import Forget, Load, Message, Priority, Register
from ...engine.schemas import ModelOut
from ...errors import EngineDied
from .local import WaitingEngine

A = TypeVar("A")
ROOT = Path(__file__).resolve().parents[len(__package__.split("."))]
OBJECTS = 128 << 20  # bytes of Ray's own shared memory on this machine: questions and answers are small
KNOCK_EVERY = 0.5  # seconds between two looks whether an actor that ended is up again
LOG = structlog.get_logger("ray")


@dataclass(frozen=True, slots=True)
class Size:
    """How many engines there are to be, and what each of them takes."""

    actors: int
    threads: int
    gpus: float = 0.0

    @classmethod
    def of(
        cls, resources: Mapping[str, float], *, threads: int, actors: int | None = None, device: str = "cpu"
    ) -> Size:
        """One for as many processors of the cluster as it has threads, or one a GPU, which more of them share."""
        gpus = 0 if device == "cpu" else int(resources.get("GPU", 0))
        count = actors or gpus or max(1, int(resources.get("CPU", 1)) // threads)
        return cls(actors=count, threads=threads, gpus=min(1.0, gpus / count))


class RayExecutor:
    """Engines on a cluster, asked from any thread."""

    def __init__(
        self,
        *,
        sources: Callable[[], Sequence[str]] = list,
        embedded: Sequence[str] = (),
        threads: int = 1,
        actors: int | None = None,
        device: str = "auto",
    ) -> None:
        """sources: the model folders of this moment, which lie at the same place on every machine of the cluster."""
        ray = connect()
        size = Size.of(ray.cluster_resources(), threads=threads, actors=actors, device=device)
        LOG.info("cluster", actors=size.actors, threads=size.threads, gpus=size.gpus)
        self.slots = size.actors
        self.loop = asyncio.new_event_loop()
        self.client = ClusterEngine(lambda: _actor(ray, size, embedded, device), size.actors, sources)
        Thread(target=self.loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self.client.start(), self.loop).result()

    def engine(self, stopped: Event) -> WaitingEngine:
        return WaitingEngine(self.client, self.loop, stopped)

    def close(self) -> None:
        import ray

        self.loop.call_soon_threadsafe(self.loop.stop)
        ray.shutdown()


class ClusterEngine(SocketEngine):
    """The questions of SocketEngine, each put to an engine of the cluster that has nothing to do."""

    def __init__(self, make: Callable[[], Any], actors: int, sources: Callable[[], Sequence[str]]) -> None:
        super().__init__(priority=Priority.BACKGROUND)
        self._make = make
        self._actors = actors
        self._sources = sources
        self._announced: Sequence[str] = ()
        self._trial: list[str] = []  # folders that a job is about to register
        self._idle: asyncio.Queue[Any] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        for _ in range(self._actors):
            self._aside(self._when_alive(self._make()))

    async def ready(self, model: str) -> ModelOut:
        state = self._models.get(model)
        if state is None or state.status != "ready":  # one that was just registered is loaded now
            await self._announce()
            state = self._models[model] = await super().ask(Load(model=model))
        return state

    async def ask(self, message: Message[A], *, progress: explainers.Progress | None = None) -> A:
        if isinstance(message, Register):
            self._trial.append(message.path)
            await self._announce()
        if isinstance(message, Forget):
            # An engine that has it keeps it until it ends; nothing asks for it any more.
            state = self._models.pop(message.model, None)
            self._trial = [path for path in self._trial if state is None or path != state.source]
            return cast(A, None)
        return await super().ask(message, progress=progress)

    async def _announce(self) -> None:
        known = await asyncio.to_thread(self._sources)
        self._announced = list(dict.fromkeys([*known, *self._trial]))

    async def _sent(self, message: Message[Any], progress: explainers.Progress | None) -> Any:
        """Nothing is heard of an actor before its answer."""
        from ray.exceptions import RayActorError

        actor = await self._idle.get()
        number = next(self._numbers)
        asked = actor.ask.remote(number, message.to_wire(), self._announced)
        try:
            answer = await asyncio.shield(_future(asked))
        except asyncio.CancelledError:
            actor.stop.remote(number)
            self._aside(self._when_done(actor, asked))
            raise
        except RayActorError as error:
            LOG.error("actor ended", error=type(error).__name__)
            self._aside(self._when_alive(actor))
            raise EngineDied("an engine of the cluster ended while it worked on this request") from None
        self._idle.put_nowait(actor)
        if "error" in answer:
            raise from_wire(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    async def _when_alive(self, actor: Any) -> None:
        """Ray starts an actor anew where there is room: at once, or when a machine has come back."""
        from ray.exceptions import ActorDiedError, ActorUnavailableError

        while True:
            try:
                await _future(actor.alive.remote())
            except ActorDiedError:
                await asyncio.sleep(KNOCK_EVERY)
                actor = self._make()
            except ActorUnavailableError:
                await asyncio.sleep(KNOCK_EVERY)
            else:
                return self._idle.put_nowait(actor)

    async def _when_done(self, actor: Any, asked: Any) -> None:
        from ray.exceptions import RayActorError

        try:
            await _future(asked)
        except RayActorError:
            return await self._when_alive(actor)
        return self._idle.put_nowait(actor)

    def _aside(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def connect() -> Any:
    """Ray, joined to the cluster of RAY_ADDRESS or a new one of this machine; tokens are asked for.

    A new one advertises 127.0.0.1, but Ray listens on all addresses whatever it is told: the token guards.
    """
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    address = os.environ.get("RAY_ADDRESS")
    own: dict[str, Any] = {}
    if address is None:
        # A token of its own, known to this process and its children: nothing is written to the home folder.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        own = {"include_dashboard": False, "object_store_memory": OBJECTS, "_node_ip_address": "127.0.0.1"}
    import ray

    if not ray.is_initialized():
        ray.init(
            address=address or "local",
            namespace="whence",
            log_to_driver=False,
            runtime_env={
                "env_vars": {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
            },
            **own,
        )
    return ray


def _actor(ray: Any, size: Size, embedded: Sequence[str], device: str) -> Any:
    from .actor import EngineActor

    threads = str(size.threads)
    return (
        ray.remote(EngineActor)
        .options(
            num_cpus=size.threads,
            num_gpus=size.gpus,
            max_restarts=-1,
            max_concurrency=2,
            runtime_env={
                "env_vars": {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, **PATIENCE, **SPARING},
            },
        )
        .remote(tuple(embedded), size.threads, device=device)
    )


def _future(asked: Any) -> asyncio.Future[Any]:
    return asyncio.wrap_future(asked.future())
