"""whence config: every setting in force, and why."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ... import configuration
from ...settings import Settings
from ..terminal.output import as_json, visible
from ..terminal.trouble import Mistake

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings as TOML.  [default: whence.toml of the data folder]"),
]
PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@|(?<=[?&]password=)[^&]*")


def config(
    config_file: ConfigFile = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder of `whence serve`.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Every setting in force and where it comes from. Passwords are not shown."""
    use(config_file)
    given: dict[str, Any] = {} if data is None else {"data": data}
    settings = Settings(**given)
    why = configuration.origins(given, Settings.model_fields)
    rows = [(name, masked(value), why[name]) for name, value in settings.model_dump(mode="json").items()]
    if json:
        print(as_json({name: {"value": value, "from": origin} for name, value, origin in rows}, indent=True))
        return
    table = Table(box=None)
    for title in ("setting", "value", "from"):
        table.add_column(title, overflow="fold")
    for name, value, origin in rows:
        table.add_row(name, visible("–" if value in (None, []) else str(value)), origin)
    Console(markup=False).print(table)
    for name in configuration.unused(Settings.model_fields):
        print(f"{name} is in the environment and is no setting")


def use(path: Path | None) -> None:
    """Also by the processes that are started from here. Raises Mistake."""
    if path is None:
        return
    if not path.expanduser().is_file():
        raise Mistake(f"{path} is no file; give --config the TOML file with the settings")
    os.environ[configuration.CONFIG] = str(path.expanduser().resolve())


def masked(value: Any) -> Any:
    """Without the password that an address may hold."""
    if not isinstance(value, str):
        return value
    return PASSWORD.sub(lambda found: f"{found[1]}:***@" if found[1] is not None else "***", value)
