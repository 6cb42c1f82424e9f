"""Starts the job runner, and starts it again when it ends."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import structlog

from ...engine.supervisor import LIVED_WELL, LONGEST_PAUSE, environment
from ...settings import Settings
from .config import Config


class RunnerSupervisor:
    def __init__(self, settings: Settings, *, engine: Path | None) -> None:
        """engine: the path where the engine listens; None where a Ray cluster computes."""
        self.settings = settings
        self.engine = engine
        self.starts = 0
        self._log = structlog.get_logger("runner")

    async def run(self) -> None:
        """Until cancelled; then the runner is ended."""
        pause = 0.0
        while True:
            started = time.monotonic()
            code = await self._one_life()
            pause = 0.0 if time.monotonic() - started > LIVED_WELL else min(LONGEST_PAUSE, max(0.2, 2 * pause))
            self._log.error("runner ended", code=code, restart_in=pause)
            await asyncio.sleep(pause)

    async def _one_life(self) -> int:
        self.starts += 1
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"{__package__}.main", stdin=asyncio.subprocess.PIPE, env=environment() | _of_ray()
        )
        try:
            assert process.stdin is not None
            process.stdin.write(self._config().to_line())
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()  # everything it has finished is stored
                await process.wait()

    def _config(self) -> Config:
        return Config(
            settings=self.settings.model_dump(mode="json"), engine=None if self.engine is None else str(self.engine)
        )


def _of_ray() -> dict[str, str]:
    """Ray's settings: RAY_ADDRESS, its token, where it keeps its files."""
    return {name: value for name, value in os.environ.items() if name.startswith("RAY_")}
