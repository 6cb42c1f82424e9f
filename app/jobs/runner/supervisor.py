"""Starts the job runner, and starts it again when it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import structlog

from ...engine.supervisor import LIVED_WELL, LONGEST_PAUSE, environment
from ...settings import Settings
from ...store.job_condition import RunnerCondition
from ..lifeline import FAILED, reason_of
from .config import Config

LAST_WORDS = 1.0  # seconds to read what a runner that has ended wrote before


class RunnerSupervisor:
    def __init__(self, settings: Settings, *, engine: Path | None, condition: RunnerCondition | None = None) -> None:
        """engine: the path where the engine listens; None where a Ray cluster computes. condition: kept up to date."""
        self.settings = settings
        self.engine = engine
        self.condition = condition or RunnerCondition()
        self._log = structlog.get_logger("runner")

    async def run(self) -> None:
        """Until cancelled; then the runner is ended."""
        pause = 0.0
        while True:
            started = time.monotonic()
            said, inside = await self._one_life()
            pause = 0.0 if time.monotonic() - started > LIVED_WELL else min(LONGEST_PAUSE, max(0.2, 2 * pause))
            self.condition.ended(said, inside, quick=bool(pause))
            self._log.error("runner ended", reason=inside or said, restart_in=pause)
            await asyncio.sleep(pause)

    async def _one_life(self) -> tuple[str, str]:
        """Why it ended: for everybody, and for whoever runs the server."""
        self.condition.started()
        try:
            reading, writing = os.pipe()
            with open(reading, "rb", buffering=0) as heard, open(writing, "wb", buffering=0) as told:
                process = await self._begin(told.fileno())
                told.close()  # the runner's alone from here on: it ends with it
                return await self._until_the_end(process, heard)
        except OSError as error:  # no process, no pipe: the machine has none left
            return reason_of(error)

    async def _begin(self, told: int) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{__package__}.main",
            stdin=asyncio.subprocess.PIPE, env=environment() | _of_ray(), pass_fds=(told,),
        )  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(self._config(told).to_line())
        return process

    async def _until_the_end(self, process: asyncio.subprocess.Process, heard: Any) -> tuple[str, str]:
        listening = asyncio.create_task(self._listen(heard))
        try:
            code = await process.wait()
            async with asyncio.timeout(LAST_WORDS):
                last = await asyncio.shield(listening)
            return last or ended_with(code)
        except TimeoutError:
            return ended_with(code)
        finally:
            listening.cancel()
            if process.returncode is None:
                process.kill()  # everything it has finished is stored
                await process.wait()

    async def _listen(self, heard: Any) -> tuple[str, str] | None:
        """Keeps the condition up to date until the pipe ends; the reason that was given last."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), heard
        )
        last: tuple[str, str] | None = None
        try:
            while line := await reader.readline():
                message = json.loads(line)
                if "at_work" in message:
                    self.condition.at_work()
                else:
                    last = message["said"], message["inside"]
        finally:
            transport.close()
        return last

    def _config(self, tell: int) -> Config:
        return Config(
            settings=self.settings.model_dump(mode="json"),
            engine=None if self.engine is None else str(self.engine),
            tell=tell,
        )


def ended_with(code: int) -> tuple[str, str]:
    """Describe the end of a runner that gave no reason: for a caller, and for the operator."""
    if code == -signal.SIGKILL:
        return "it was killed", "it was killed: often the machine had no memory left; see the log of its kernel"
    return f"it ended with code {code}", "" if code == FAILED else f"it ended with code {code}: see its output above"


def _of_ray() -> dict[str, str]:
    """Ray's settings: RAY_ADDRESS, its token, where it keeps its files."""
    return {name: value for name, value in os.environ.items() if name.startswith("RAY_")}
