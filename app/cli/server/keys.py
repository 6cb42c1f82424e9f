"""whence keys: who may ask a server that has log-ins."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ...access import keys
from ...errors import BadRequest, NotFound
from ...scopes import DEFAULT_PROJECT, Scope
from ...store import keys as stored
from ...store.results import now
from ...store.tables import ApiKey
from ..terminal.output import as_json, visible
from ..terminal.stored import Data, with_store
from ..terminal.trouble import Mistake

application = typer.Typer(help="Make, list and revoke keys.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="JSON.")]


@application.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is.")],
    scope: Annotated[
        list[Scope] | None, typer.Option("--scope", help="read, explain, audit or admin; may be given again.")
    ] = None,
    project: Annotated[str, typer.Option(help="The project that the key opens.")] = DEFAULT_PROJECT,
    days: Annotated[float | None, typer.Option(min=0.001, max=36500, help="Days until it expires.")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a key. It is printed once and kept nowhere."""
    scopes = scope or [Scope.EXPLAIN]
    try:
        made = with_store(data, lambda store: keys.create(store, name=name, scopes=scopes, project=project, days=days))
    except (BadRequest, NotFound) as error:
        raise Mistake(f"{error}. {error.cure}") from error
    if json:
        print(as_json({"id": made.id, "key": made.secret, "project": project, "scopes": scopes}, indent=True))
        return
    print(made.secret)
    typer.echo(f"Key {made.id} opens the project {project}. It is shown this once: keep it.", err=True)


@application.command("list")
def list_keys(data: Data = None, json: Json = False) -> None:
    """The keys that were made, and whether they still open something."""
    found = with_store(data, stored.listing)
    if json:
        print(as_json([_record(key) for key in found], indent=True))
        return
    table = Table("id", "name", "project", "scopes", "made", "state", box=None)
    for row in map(_record, found):
        table.add_row(*(visible(str(row[c])) for c in ("id", "name", "project", "scopes", "created", "state")))
    Console(markup=False).print(table)


@application.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="An id of `whence keys list`.")], data: Data = None
) -> None:
    """End a key and sign out its browsers, from now on."""
    try:
        with_store(data, lambda store: keys.revoke(store, key))
    except (BadRequest, NotFound) as error:
        raise Mistake(f"{error}. {error.cure}") from error
    print(f"{key} is revoked")


def _record(key: ApiKey) -> dict[str, str | None]:
    expired = key.expires is not None and key.expires <= now()
    state = "revoked" if key.revoked is not None else "expired" if expired else "valid"
    return {
        "id": key.id,
        "name": key.name,
        "project": key.project,
        "scopes": key.scopes,
        "created": _day(key.created),
        "expires": None if key.expires is None else _day(key.expires),
        "state": state,
    }


def _day(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(timespec="seconds")
