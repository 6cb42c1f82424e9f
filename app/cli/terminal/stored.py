"""The database of a data folder, for the commands that change it beside a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from ...settings import Settings
from ...store.database import Store, open_store
from ...store.files.private import keep_files_private

T = TypeVar("T")
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `whence serve`.")]


@contextmanager
def opened(data: Path | None) -> Iterator[Store]:
    """The database of this data folder, or of the one in the settings, with private files."""
    keep_files_private()
    store = open_store(Settings() if data is None else Settings(data=data))
    try:
        yield store
    finally:
        store.close()


def with_store(data: Path | None, work: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
    with opened(data) as store:
        return asyncio.run(work(store))
