"""The database of a data folder, for the commands that change it beside a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from ...settings import Settings
from ...store.database import Store, open_store
from ...store.files.private import keep_files_private

T = TypeVar("T")
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `whence serve`.")]


def with_store(data: Path | None, work: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
    keep_files_private()
    settings = Settings() if data is None else Settings(data=data)
    store = open_store(settings)
    try:
        return asyncio.run(work(store))
    finally:
        store.close()
