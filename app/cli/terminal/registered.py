"""The models a command may name: embedded ones, folders, and those that `whence models add` wrote down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..._library import explainers
from ...settings import Settings
from .trouble import Mistake

FILES = (".gguf", ".toml")  # models that are single files


def find_model(name: str, settings: Settings | None = None) -> explainers.Model:
    """An embedded name, a folder, or the name of a registered folder. Raises BadModel, Incompatible, Mistake."""
    settings = settings or Settings()
    source = source_of(name, settings)
    return explainers.load_model(source, device=settings.device, kept=settings.data / "models")


def source_of(name: str, settings: Settings | None = None) -> str | Path:
    """The source of a name: an embedded one, a folder, a GGUF file, the TOML file of a prompt. Raises Mistake."""
    if name in explainers.available_names() or explainers.wheel_of(name) is not None:
        return name
    if Path(name).is_dir() or (name.endswith(FILES) and Path(name).is_file()):
        return Path(name)
    known = {explainers.model_name(path): path for path in registered(settings or Settings())}
    if name in known:
        return known[name]
    listed = ", ".join((*explainers.available_names(), *known))
    raise Mistake(f"{name!r} is neither a model nor a folder; the models are {listed}")


def given_folder(given: Path) -> Path:
    """A folder, or the TOML file of a prompt, that a command was given. Raises Mistake for anything else."""
    folder = given.expanduser()
    if not folder.is_dir() and not (explainers.is_recipe(folder) and folder.is_file()):
        raise Mistake(f"{given} is neither a folder nor the TOML file of a prompt; give the one that holds config.json")
    return folder


def registered(settings: Settings) -> list[Path]:
    """The folders that were added, without making a data folder that is not there."""
    if settings.database is None and not (settings.data / "whence.sqlite3").is_file():
        return []
    return [Path(path) for path in _with_store(settings, "paths")]


def register(settings: Settings, folder: Path) -> None:
    _with_store(settings, "add", str(folder))


def _with_store(settings: Settings, action: str, *arguments: str) -> Any:
    """Runs one of the store's asynchronous model functions."""
    import asyncio

    from ...store import models
    from ...store.database import open_store

    store = open_store(settings)
    try:
        return asyncio.run(getattr(models, action)(store, *arguments))
    finally:
        store.close()
