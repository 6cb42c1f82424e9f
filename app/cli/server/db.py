"""whence db: the database brought up to date, copied, looked through, and cleared of old texts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...settings import Settings
from ...store.database import Store, newest, open_store
from ...store.files.private import keep_files_private
from ...store.results import now
from ...store.upkeep import backup as copies
from ...store.upkeep import integrity, retention
from ..terminal.stored import Data
from ..terminal.trouble import Mistake

application = typer.Typer(help="Upgrade, back up, check and clear the database.", no_args_is_help=True)
DAY = 24 * 3600 * 1_000_000  # microseconds


@application.command()
def upgrade(data: Data = None) -> None:
    """Bring the tables up to date. Every start does so too."""
    _opened(data).close()
    print(f"the database is at revision {newest()}")


@application.command()
def backup(
    to: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is not there yet.")], data: Data = None
) -> None:
    """Copy the database and its arrays while the server runs."""
    store = _opened(data)
    try:
        arrays = copies.backup(store, _settings(data).data, to.expanduser())
    finally:
        store.close()
    print(f"{to} holds the database and {arrays} array files")


@application.command()
def check(data: Data = None) -> int:
    """Look through the database and the files beside it for what is damaged or missing. Ends with 1 if something is."""
    from ... import installation

    store = _opened(data)
    try:
        looked = integrity.counts(store)
        found = 0
        for line in installation.faults(_settings(data), store):
            print(line)
            found += 1
        left_out = integrity.left_out(store)
    finally:
        store.close()
    print(f"{looked['results']} results, {looked['arrays']} arrays: {found or 'no'} fault{'' if found == 1 else 's'}")
    if left_out is not None:
        print(left_out)
    return 1 if found else 0


@application.command()
def sweep(
    days: Annotated[float | None, typer.Option(min=0, help="Days that texts are kept.  [default: the setting]")] = None,
    data: Data = None,
) -> None:
    """Remove results, data sets and finished jobs whose texts are older than they may be; the server does so hourly."""
    kept = _settings(data).retention_days if days is None else days
    if kept is None:
        raise Mistake("nothing says how long texts are kept: give --days, or set WHENCE_RETENTION_DAYS")
    store = _opened(data)
    try:
        gone = retention.sweep(store, now() - round(kept * DAY))
    finally:
        store.close()
    print(f"removed {gone.results} results, {gone.datasets} data sets, {gone.jobs} jobs")


def _settings(data: Path | None) -> Settings:
    return Settings() if data is None else Settings(data=data)


def _opened(data: Path | None) -> Store:
    keep_files_private()
    return open_store(_settings(data))
