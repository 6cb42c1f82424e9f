"""Starts the engine process, watches it, and starts it again when it ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from ..settings import Settings
from .client import SocketEngine
from .config import Config
from .ends import reason_of
from .limits.memory import SPARING, engine_memory, model_memory
from .limits.threads import PATIENCE

PACKAGE = __package__
ROOT = Path(__file__).resolve().parents[len(PACKAGE.split("."))]
# Nothing else of the environment reaches the engine: it needs no secret, and a model cannot read one.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CUDA_VISIBLE_DEVICES")
LONGEST_PAUSE = 30.0
QUICK_ENDS = 3  # after so many in a row the models are said to have failed
LIVED_WELL = 60.0  # an engine that lived this long is started again at once
MOST_TRIALS = 2  # of a model over which the engine ends while it loads it


class Supervisor:
    def __init__(self, settings: Settings, client: SocketEngine, *, embedded: tuple[str, ...], address: Path) -> None:
        """address: where each engine process listens, in a folder that nobody else can enter."""
        self.settings = settings
        self.address = address
        self.client = client
        self.embedded = embedded
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0
        self.memory = engine_memory(settings.engine_memory, device=settings.device)
        self.failed: dict[str, str] = {}  # folders and embedded models that are not loaded again: the reason
        self._ends: Counter[str] = Counter()  # of engines, by the model that was being loaded
        self._log = structlog.get_logger("engine")

    async def run(self) -> None:
        """Until cancelled; then the engine is ended."""
        pause, quick = 0.0, 0
        while True:
            started = time.monotonic()
            code = await self._one_life()
            pause = 0.0 if time.monotonic() - started > LIVED_WELL else min(LONGEST_PAUSE, max(0.2, 2 * pause))
            quick = 0 if pause == 0.0 else quick + 1
            why = reason_of(code, memory=self.memory)
            over = self._note_end(why)
            self._log.error("engine ended", code=code, why=why, loading=over, restart_in=pause)
            if quick >= QUICK_ENDS and not over:
                self.client.give_up(f"the engine ended {quick} times soon after its start, {why}")
            await asyncio.sleep(pause)

    def _note_end(self, why: str) -> list[str]:
        """The models that were being loaded when the engine ended. One that ends it again is not loaded any more.

        A folder that a job is about to register gets no second trial: the job then has the reason.
        """
        states = {state.id: state for state in self.client.models()}
        failed_still = {state.source or state.id for state in states.values() if state.status == "failed"}
        self.failed = {key: reason for key, reason in self.failed.items() if key in failed_still}
        over = [state.source or state.id for name in self.client.loading if (state := states.get(name)) is not None]
        for key in over:
            self._ends[key] += 1
            if self._ends[key] >= MOST_TRIALS or key not in (*self.embedded, *self._sources()):
                self.failed[key] = f"the engine ended while it loaded this model, {why}"
        return over

    async def _one_life(self) -> int | None:
        self.starts += 1
        try:
            await self._start()
            reader, writer = await asyncio.open_unix_connection(str(self.address))
            await self.client.run(reader, writer)
            return await self._end()
        finally:
            await self._end()

    async def _start(self) -> None:
        self.address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(self.address))
            listening.listen()
            config = self._config(listening.fileno())
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", f"{PACKAGE}.server",
                stdin=asyncio.subprocess.PIPE, env=environment(), pass_fds=(listening.fileno(),),
            )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(config.to_line())

    def _config(self, listen: int) -> Config:
        return Config(
            listen=listen,
            sources=list(dict.fromkeys((*self._sources(), *(key for key in self.failed if key not in self.embedded)))),
            embedded=list(self.embedded),
            seconds=self.settings.explanation_seconds,
            threads=self.settings.threads,
            memory=self.memory,
            model_memory=model_memory(self.settings.model_memory, engine=self.memory),
            device=self.settings.device,
            failed=self.failed,
            kept=str(self.settings.data / "models"),
        )

    def _sources(self) -> list[str]:
        return list(dict.fromkeys([*(str(path) for path in self.settings.sources), *self.client.registered]))

    async def _end(self) -> int | None:
        process, self.process = self.process, None
        if process is None:
            return None
        if process.returncode is None:
            process.kill()  # it holds nothing that a clean end would save
        return await process.wait()


@contextmanager
def private_address() -> Iterator[Path]:
    """A path to listen at, in a folder of its own that is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="whence-"))  # mkdtemp makes it 0700: nobody else can connect
    try:
        yield folder / "engine.sock"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def environment(read: Callable[[str], str | None] = os.environ.get) -> dict[str, str]:
    passed = {name: value for name in PASSED_ON if (value := read(name)) is not None}
    return {
        **passed,
        **PATIENCE,
        **SPARING,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
