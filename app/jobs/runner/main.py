"""The job runner: `python -m <package>.jobs.runner`, started by the supervisor.

Its configuration is one line of JSON on standard input, which then stays open: when it ends, the parent is gone.
"""

from __future__ import annotations

import asyncio
import json
import threading
import traceback
from pathlib import Path

from ... import logging
from ..._library import explainers
from ...engine.server import end_with_the_parent, first_line
from ...errors import AppError
from ...settings import Settings
from ...store import models as registered
from ...store.database import Store, open_store
from ...store.files import underway
from ...store.files.private import keep_files_private
from ...store.trouble import told
from ..executors.local import LocalExecutor
from ..executors.protocol import Executor
from ..lifeline import Lifeline
from ..workflows import workflows_url
from .config import Config
from .durable import Durable, sign_of_life
from .execution import Execution
from .turn import one_at_a_time


def serve(config: Config, lifeline: Lifeline) -> None:
    settings = Settings(**config.settings)
    store = open_store(settings)
    with told(store.engine), one_at_a_time(store.engine, settings.data), underway.owned(settings.data) as scratch:
        executor = executor_of(settings, store, engine=config.engine)
        execution = Execution(store, executor, data=settings.data, device=settings.device, scratch=scratch)
        durable = Durable(execution, workflows_url(settings), lifeline)
        durable.start()
        durable.serve(sign_of_life(settings.data))


def executor_of(settings: Settings, store: Store, *, engine: str | None) -> Executor:
    """engine: where the engine process listens."""
    if settings.executor == "local":
        assert engine is not None
        return LocalExecutor(Path(engine))
    from ..executors.ray import RayExecutor

    def sources() -> list[str]:
        added = asyncio.run(registered.paths(store))
        return list(dict.fromkeys([*map(str, settings.sources), *added]))

    embedded = (*explainers.embedded_names(), *explainers.fetched_names()) if settings.embedded else ()
    return RayExecutor(
        sources=sources,
        embedded=embedded,
        threads=settings.threads or 1,
        actors=settings.ray_actors,
        device=settings.device,
    )


def main() -> None:
    line = first_line()
    if line is None:
        return
    keep_files_private()
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    logging.configure()
    config = Config(**json.loads(line))
    lifeline = Lifeline(config.tell)
    try:
        serve(config, lifeline)
    except BaseException as error:
        if not isinstance(error, AppError | OSError):
            traceback.print_exc()
        lifeline.end(error)


if __name__ == "__main__":
    main()
