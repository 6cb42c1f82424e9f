"""The engine process: `python -m <package>.engine.server`, started by the supervisor.

Its configuration is one line of JSON on standard input, which then stays open: when it ends, the parent is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from .._library import explainers
from ..store.files.private import keep_files_private
from .apart import Apart
from .config import Config
from .ends import STUCK
from .engine import Engine
from .errors import to_wire
from .frames import frame, read_frame
from .limits.memory import give_back
from .messages import Asking, Count, Forget, Load, Message, Priority, Register, received
from .operations import report
from .schemas import ModelOut
from .work import Job, WorkQueue


class EngineServer:
    """Answers on a socket: frames {id, op, …} are answered by {id, result | error}, {id, progress | part} before."""

    def __init__(self, engine: Engine, work: WorkQueue) -> None:
        self.engine = engine
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.connections: set[Connection] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, writer)
        self.connections.add(connection)
        connection.send(self.status())
        try:
            while True:
                connection.take(await read_frame(reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.connections.discard(connection)
            connection.close()

    def status(self) -> dict[str, Any]:
        states = [state.model_dump(mode="json") for state in self.engine.models()]
        return {"status": states, "loading": list(self.engine.loading)}

    def changed(self) -> None:
        """May be called from any thread."""
        self.loop.call_soon_threadsafe(self._tell_everybody)

    def _tell_everybody(self) -> None:
        for connection in self.connections:
            connection.send(self.status())

    def register(self, path: str) -> ModelOut:
        """Starts loading a folder that is not known yet, or is idle."""
        known = {state.source for state in self.engine.models() if state.status != "failed"}
        state = self.engine.announce(path, embedded=False)
        if path in known:
            return self.engine.wake(state.id)
        self.load_in_background([state])
        return state

    def load_in_background(self, states: Sequence[ModelOut], looked_at: Sequence[ModelOut] = ()) -> None:
        """looked_at: folders that are only looked at, before the others are loaded."""

        def work() -> None:
            for state in looked_at:
                self.engine.look(state)
            for state in states:
                self.engine.load(state)

        threading.Thread(target=work, daemon=True).start()


class Connection:
    def __init__(self, server: EngineServer, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.writer = writer
        self.jobs: dict[int, Job] = {}

    def send(self, message: dict[str, Any]) -> None:
        if not self.writer.is_closing():
            self.writer.write(frame(message))

    def close(self) -> None:
        for job in self.jobs.values():
            job.stopped.set()
        self.writer.close()

    def take(self, message: dict[str, Any]) -> None:
        number, op = int(message["id"]), str(message["op"])
        if op == "cancel":
            if job := self.jobs.get(number):
                job.stopped.set()
            return
        if op == "ping":
            self.send({"id": number, "result": None})
            return
        try:
            asked = received(op, message["asked"], message.get("files") or {})
            if isinstance(asked, Asking):
                self._enqueue(number, asked, Priority(message["priority"]))
            else:
                self.send({"id": number, "result": self._beside(asked)})
        except Exception as error:
            self.send({"id": number, "error": to_wire(error)})

    def _beside(self, asked: Message[Any]) -> Any:
        """Answers that need no turn at the engine."""
        match asked:
            case Count():
                return self.server.work.figures.text()
            case Forget():
                return self.server.engine.forget(asked.model)
            case Register():
                return self.server.register(asked.path).model_dump(mode="json")
            case Load():
                return self.server.engine.wake(asked.model).model_dump(mode="json")
        raise ValueError(f"{asked.op()} is put to a model")

    def _enqueue(self, number: int, asked: Asking[Any], priority: Priority) -> None:
        tell = self._teller(number)
        self.server.engine.hold(asked.model)
        job = self.server.work.submit(
            partial(self.server.engine.ask, asked),
            priority=priority,
            report=lambda done, note: tell({"id": number, "progress": [done, note]}),
            arrived=lambda kind, body: tell({"id": number, "part": [kind, body]}),
        )
        self.jobs[number] = job
        job.future.add_done_callback(lambda _: self._over(number, asked.model))

    def _over(self, number: int, model: str) -> None:
        self.server.engine.release(model)
        self.server.loop.call_soon_threadsafe(self._done, number)

    def _teller(self, number: int) -> Callable[[dict[str, Any]], None]:
        def tell(message: dict[str, Any]) -> None:
            if number in self.jobs:
                self.server.loop.call_soon_threadsafe(self.send, message)

        return tell

    def _done(self, number: int) -> None:
        job = self.jobs.pop(number)
        if job.future.cancelled():
            return
        if error := job.future.exception():
            report(error)
            self.send({"id": number, "error": to_wire(error)})
        else:
            self.send({"id": number, "result": job.future.result()})


async def serve(config: Config) -> None:
    _limit(config)
    _set_threads(config.threads)
    work = WorkQueue(seconds=config.seconds, rest=give_back)
    start_apart = (lambda source, name: Apart(config, source=source, name=name)) if config.apart else None
    kept = None if config.kept is None else Path(config.kept)
    engine = Engine(device=config.device, kept=kept, start_apart=start_apart, budget=config.model_memory)
    server = EngineServer(engine, work)
    engine.tell(server.changed)
    states = engine.announced(embedded=config.embedded, sources=config.sources, names=config.names)
    refused = {state.id: config.failed.get(state.source or state.id) for state in states}
    for state in states:
        if reason := refused[state.id]:
            engine.fail(state, reason)
    threading.Thread(target=work.serve, daemon=True).start()
    watching = asyncio.create_task(_watch(work))
    async with _listening(config, server):
        server.load_in_background(*_at_the_start([state for state in states if not refused[state.id]]))
        await watching


def _at_the_start(states: Sequence[ModelOut]) -> tuple[Sequence[ModelOut], Sequence[ModelOut]]:
    """Models to load and models only to look at: embedded classifiers and a single folder are there for the first page;
    a model of a wheel, and an adapter or a prompt on one, wait until they are asked."""
    whole = explainers.embedded_names()
    wheels = [state for state in states if state.embedded and state.id not in whole]
    folders = [state for state in states if not state.embedded]
    if len(folders) == 1:
        return [state for state in states if state not in wheels], wheels
    return [state for state in states if state.embedded and state not in wheels], [*folders, *wheels]


@asynccontextmanager
async def _listening(config: Config, server: EngineServer) -> AsyncIterator[None]:
    """Answers on the socket that was handed over, which is one connection or takes them."""
    given = socket.socket(fileno=config.listen)
    if not config.connected:
        async with await asyncio.start_unix_server(server.accept, sock=given):
            yield
        return
    reader, writer = await asyncio.open_unix_connection(sock=given)
    answering = asyncio.create_task(server.accept(reader, writer))
    answering.add_done_callback(lambda _: os._exit(0))
    yield


async def _watch(work: WorkQueue) -> None:
    """A batch that never ends holds every later request: at twice the cap the process ends, and a new one starts."""
    while True:
        await asyncio.sleep(1)
        since = work.busy_since
        if since is not None and work.clock() - since > 2 * work.seconds:
            print("engine: one batch did not end within the cap; restarting", file=sys.stderr)
            os._exit(STUCK)


def _limit(config: Config) -> None:
    if config.memory is not None:
        # What is written to: address space that is only reserved, by threads and libraries, costs nothing.
        resource.setrlimit(resource.RLIMIT_DATA, (config.memory, config.memory))


def _set_threads(threads: int | None) -> None:
    # Before torch is imported; more threads than cores are several times slower.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads or cores)


def end_with_the_parent() -> None:
    """Blocks until standard input ends, which the kernel does for a parent of any death."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def first_line() -> bytes | None:
    """The first line of standard input, without reading further; None where it ends before."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return None
        line += byte
    return bytes(line)


def main() -> None:
    line = first_line()
    if line is None:
        return
    keep_files_private()
    config = Config(**json.loads(line))
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    asyncio.run(serve(config))


if __name__ == "__main__":
    main()
