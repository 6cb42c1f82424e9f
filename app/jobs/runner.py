"""The job runner: `python -m <package>.jobs.runner`, started by the supervisor.

Its configuration is one line of JSON on standard input, which then stays open: when it ends, the parent is gone.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

from .. import logging
from ..engine.server import end_with_the_parent, first_line
from ..settings import Settings
from ..store.database import open_store
from .config import Config
from .durable import Durable, workflows_url
from .execution import Execution
from .local import LocalExecutor
from .turn import one_at_a_time


def serve(config: Config) -> None:
    logging.configure()
    settings = Settings(**config.settings)
    store = open_store(settings)
    with one_at_a_time(store.engine, settings.data):
        execution = Execution(store, LocalExecutor(Path(config.engine)))
        durable = Durable(execution, workflows_url(settings))
        durable.start()
        durable.serve()


def main() -> None:
    line = first_line()
    if line is None:
        return
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    serve(Config(**json.loads(line)))


if __name__ == "__main__":
    main()
