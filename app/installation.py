"""Checks that have to pass before anything is served, and the other parts of an installation."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ._library import explainers
from .configuration import BadConfiguration
from .errors import AppError, storage_error
from .jobs.workflows import fault_of_workflows
from .logging import Fingerprint, fingerprint_of
from .settings import Settings
from .store import models
from .store.database import Store, open_store, writable
from .store.files import underway
from .store.upkeep import integrity

WRITTEN = ("", "under-way", "runner.lock", "runner.alive")  # below the data folder, by a running server


@dataclass(frozen=True, slots=True)
class Installation:
    store: Store
    fingerprint: Fingerprint


def open_installation(settings: Settings) -> Installation:
    """Raises StorageFailed and BadConfiguration: each is one sentence with its cure."""
    try:
        store = open_store(settings)
        try:
            with underway.owned(settings.data):  # files under way find their place
                return Installation(store, fingerprint_of(settings.data))
        except BaseException:
            store.close()
            raise
    except OSError as error:
        raise storage_error(error) or error from error


def faults(settings: Settings, store: Store) -> Iterator[str]:
    """One line each, with its cure: of the database, of every array, and of the files beside them."""
    yield from integrity.faults(store)
    if (fault := fault_of_workflows(settings)) is not None:
        yield fault
    try:
        fingerprint_of(settings.data)
    except (BadConfiguration, OSError) as error:
        yield _said(error)
    folders = [settings.data / name for name in WRITTEN]
    folders += [] if store.files.folder is None else [store.files.folder]
    for path in folders:
        if path.exists() and not writable(path):
            yield f"{path} cannot be written: let the user that runs Whence read and write it"
    for folder in asyncio.run(models.paths(store)):
        yield from _fault_of_model(Path(folder))


def _fault_of_model(folder: Path) -> Iterator[str]:
    try:
        explainers.check_folder(folder)
    except (explainers.ExplainersError, OSError) as error:
        cure = "repair the folder, or stop serving it (DELETE /v1/models/…)"
        yield f"model {folder}: {_said(error)}: {cure}"


def _said(error: Exception) -> str:
    found = storage_error(error) if isinstance(error, OSError) else error
    return (isinstance(found, AppError) and found.inside) or str(found or error)
