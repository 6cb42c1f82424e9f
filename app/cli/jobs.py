"""whence jobs: the long work of a server, followed, stopped and tried again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from ..client import Client, ClientError
from ..jobs.schemas import JobOut
from ..store.job_states import State
from .terminal.output import as_json, visible
from .terminal.trouble import SOME_FAILED, Mistake

T = TypeVar("T")
application = typer.Typer(help="List, follow, cancel, retry and delete long work.", no_args_is_help=True)
KEPT_WITH = {
    "dataset": "delete the data set",
    "explanation": "delete the explanation",
    "registration": "remove the model",
}
LOCAL = "http://127.0.0.1:8000"
Id = Annotated[str, typer.Argument(metavar="ID", help="The id, as `whence jobs list` shows it.")]
Server = Annotated[str, typer.Option(envvar="WHENCE_SERVER", help="Address of the server.")]
Json = Annotated[bool, typer.Option("--json", help="JSON.")]


@application.command("list")
def list_jobs(
    state: Annotated[list[State] | None, typer.Option(help="Only jobs in this state; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    server: Server = LOCAL,
    json: Json = False,
) -> None:
    """The jobs, newest first."""
    found = asked(server, lambda client: client.jobs(states=state or (), limit=limit)).jobs
    if json:
        print(as_json([job.model_dump(mode="json") for job in found], indent=True))
        return
    table = Table("id", "kind", "title", "state", "done", box=None)
    for job in found:
        table.add_row(job.id, job.kind, visible(job.title), job.state, _share(job))
    Console(markup=False).print(table)


@application.command()
def show(id: Id, server: Server = LOCAL, json: Json = False) -> None:
    """One job: how far it is and what came of it."""
    _tell(asked(server, lambda client: client.job(id)), json=json)


@application.command()
def cancel(id: Id, server: Server = LOCAL, json: Json = False) -> None:
    """Ask a job to stop. What it has stored is kept."""
    _tell(asked(server, lambda client: client.cancel_job(id)), json=json)


@application.command()
def retry(id: Id, server: Server = LOCAL, json: Json = False) -> None:
    """Put a failed or cancelled job into the queue again, behind what it has stored."""
    _tell(asked(server, lambda client: client.retry_job(id)), json=json)


@application.command()
def delete(id: Id, server: Server = LOCAL) -> None:
    """Delete a batch, an audit, a training or a question after training texts with everything that it stored. One that
    runs is stopped."""

    def gone(client: Client) -> None:
        kind = client.job(id).kind
        removing = {
            "audit": client.delete_audit, "batch": client.delete_batch, "training": client.delete_training,
            "taught": client.delete_taught,
        }  # fmt: skip
        if kind not in removing:
            raise Mistake(f"a job of the kind {kind} goes with what it made: {KEPT_WITH.get(kind, 'delete that')}")
        removing[kind](id)

    asked(server, gone)
    print(f"{id} is deleted")


@application.command()
def wait(
    id: Id,
    seconds: Annotated[float | None, typer.Option(min=0, help="Give up after so long.")] = None,
    server: Server = LOCAL,
    json: Json = False,
) -> int:
    """Wait until a job has ended: 0 when it is done, 1 when it failed or was cancelled."""
    job = follow(server, id, seconds=seconds)
    _tell(job, json=json)
    return 0 if job.state is State.DONE else SOME_FAILED


def follow(server: str, id: str, *, seconds: float | None = None) -> JobOut:
    """The job once it has ended, with a bar on a terminal meanwhile. Raises Mistake where it takes longer."""
    console = Console(stderr=True)
    bars = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*bars, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("waiting", total=1.0)

        def look(job: JobOut) -> None:
            bar.update(task, completed=job.progress, description=job.state)

        try:
            return asked(server, lambda client: client.wait_for_job(id, seconds=seconds, look=look))
        except TimeoutError as error:
            raise Mistake(str(error)) from error


def asked(server: str, ask: Callable[[Client], T]) -> T:
    """Raises Mistake for what the server refuses, and where none answers. The key is never an argument."""
    try:
        with Client(server, key=os.environ.get("WHENCE_KEY"), sleep=time.sleep) as client:
            return ask(client)
    except ClientError as error:
        cure = "Start `whence serve`, or name its address with --server" if error.status == 0 else error.cure
        raise Mistake(f"{error.detail}. {cure}".removesuffix(". ")) from error


def _tell(job: JobOut, *, json: bool) -> None:
    if json:
        print(as_json(job.model_dump(mode="json"), indent=True))
        return
    print(f"{job.id}  {job.kind}  {visible(job.title)}")
    said = job.error.detail if job.error else job.note
    print(f"{job.state}, {_share(job)}" + (f": {visible(said)}" if said else ""))
    for name, address in (job.result or {}).get("links", {}).items():
        print(f"{visible(name)}: {visible(str(address))}")


def _share(job: JobOut) -> str:
    return "not begun" if job.shards is None else f"{job.done} of {job.shards}"
