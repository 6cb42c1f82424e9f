"""whence taught: the training texts that raised or lowered a prediction of a model that was trained here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ...store.job_states import State
from ...taught.schemas import LeftOut, TaughtOut, TaughtText
from ..jobs import LOCAL, Json, Server, asked, follow
from ..terminal.output import as_json, visible
from ..terminal.trouble import SOME_FAILED, Mistake

LONGEST = 90  # characters of a text in a table


def taught(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model that a training of the server made.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text whose prediction is asked about.")],
    target: Annotated[
        str, typer.Option("--class", metavar="CLASS", help="A class; by default the predicted one.")
    ] = "",
    leave_out: Annotated[
        int,
        typer.Option(
            min=0,
            max=100,
            help="Train again without so many of the texts that raised it most, and without as many drawn.",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Draws the others that are left out.")] = 0,
    server: Server = LOCAL,
    json: Json = False,
) -> int:
    """Find the training texts that raised or lowered a prediction most; the server looks for them as a job."""
    job = asked(server, lambda client: client.taught(text, model=model, target=target, leave_out=leave_out, seed=seed))
    ended = follow(server, job.id)
    if ended.state is not State.DONE:
        raise Mistake(f"the job {job.id} is {ended.state}" + (f": {ended.error.detail}" if ended.error else ""))
    found = asked(server, lambda client: client.find_taught(job.id)).taught
    if found is None:
        return SOME_FAILED
    if json:
        print(as_json(found.model_dump(mode="json"), indent=True))
    else:
        _show(Console(soft_wrap=True, markup=False), found)
    return 0


def _show(console: Console, found: TaughtOut) -> None:
    console.print(f"{found.model} says {visible(found.target)!r}, {found.probability:.3f}")
    console.print(f"of {found.texts:,} training texts, over {found.epochs} epochs", style="dim")
    for name, texts in (("raised it", found.raised), ("lowered it", found.lowered)):
        console.print(_table(name, texts))
    if found.left_out is not None:
        console.print(_told(found.left_out))


def _table(name: str, texts: Sequence[TaughtText]) -> Table:
    table = Table(name, "label", "influence", "share", "words of both", box=None)
    for each in texts:
        words = visible(", ".join(each.shared))[:LONGEST]
        table.add_row(
            visible(each.text)[:LONGEST], visible(each.label), f"{each.influence:+.4f}", f"{each.share:.1%}", words
        )
    return table


def _told(given: LeftOut) -> str:
    return (
        f"Trained again without the {given.texts} texts that raised it most: {given.without:.3f} instead of "
        f"{given.before:.3f}; without {given.texts} drawn at random: {given.drawn:.3f}. Change of the loss: "
        f"{given.measured:+.3f}; foretold, to first order: {given.foretold:+.3f}."
    )
