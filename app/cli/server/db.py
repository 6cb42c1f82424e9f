"""whence db: the database brought up to date, copied, looked through, cleared of old texts or of a project's."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from ...settings import Settings
from ...store import models
from ...store.database import Store, newest, open_store
from ...store.files.private import keep_files_private
from ...store.results import now
from ...store.tables import Job
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


@application.command()
def forget(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="Its name; `default` where there are no log-ins.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    data: Data = None,
) -> None:
    """Remove every text of a project: explanations, data sets, batches, audits, trainings and their models."""
    if not yes:
        typer.confirm(f"Remove all texts of the project {project!r} for good?", abort=True, err=True)
    settings = _settings(data)
    store = _opened(data)
    try:
        trained = _models_of(store, settings, project)
        gone = retention.forget_project(store, project)
        for folder in trained:
            asyncio.run(models.remove(store, str(folder.resolve())))
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        store.close()
    if gone == retention.Swept(0, 0, 0):
        raise Mistake(f"the project {project!r} has nothing; `whence keys list` shows the projects that keys open")
    print(
        f"removed {gone.results} results, {gone.datasets} data sets, {gone.jobs} jobs and {len(trained)} trained models"
    )
    typer.echo("Keys and the log of the project stay; `whence keys revoke` ends a key.", err=True)


def _models_of(store: Store, settings: Settings, project: str) -> list[Path]:
    """The folders of the models that its trainings made."""
    from ...train.requests import KIND, folder_of

    wanted = select(Job.id, Job.request).where(Job.project == project, Job.kind == KIND)
    named = [
        (id, json.loads(request or "{}").get("name")) for id, request in store.query(lambda s: s.execute(wanted).all())
    ]
    folders = [folder_of(settings.data, name, id) for id, name in named if name is not None]
    return [folder for folder in folders if folder.is_dir()]


def _settings(data: Path | None) -> Settings:
    return Settings() if data is None else Settings(data=data)


def _opened(data: Path | None) -> Store:
    keep_files_private()
    return open_store(_settings(data))
