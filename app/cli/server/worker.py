"""whence worker: the jobs of an installation, without pages."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from pathlib import Path
from typing import Annotated

import typer

from ...settings import Settings
from ...store.files.private import keep_files_private
from ..terminal.trouble import Mistake
from .config import ConfigFile, use
from .serve import settings_of

LATE = 15.0  # seconds without a sign of the runner until it counts as gone


def worker(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="[FOLDER]...", help="Model folders, beside the embedded models.")
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the worker's own files.")] = None,
    executor: Annotated[
        str | None, typer.Option(metavar="local|ray", help="Where jobs compute.  [default: local]")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the worker of this data folder is at work.")
    ] = False,
    config_file: ConfigFile = None,
) -> None:
    """Do the jobs of the database until Ctrl-C; web processes that have no runner leave them to it."""
    keep_files_private()
    use(config_file)
    settings = settings_of(folders=folders, data=data, executor=executor)
    if check:
        seen_at_work(settings)
        return
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_until_told(settings))


def seen_at_work(settings: Settings) -> None:
    """Raises Mistake where the runner gave no sign lately."""
    from ...jobs.runner.durable import sign_of_life

    try:
        silent = time.time() - sign_of_life(settings.data).stat().st_mtime
    except FileNotFoundError:
        raise Mistake(f"no worker has run with the data folder {settings.data}") from None
    if silent > LATE:
        raise Mistake(f"the worker of {settings.data} gave no sign for {silent:.0f} s")
    print("the worker is at work")


async def _until_told(settings: Settings) -> None:
    from ... import logging
    from ...processes import work
    from ...store.database import open_store

    logging.configure()
    store = await asyncio.to_thread(open_store, settings)
    working = asyncio.ensure_future(work(settings, store))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
    print("Whence runs the jobs of the database (Ctrl-C ends it)", flush=True)
    try:
        await working
    finally:
        store.close()
