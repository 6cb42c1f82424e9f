"""whence datasets report and search: a selection as a file for somebody else, and rows near a text."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from ..datasets import service
from ..datasets.reading.schemas import Mapping
from ..scopes import DEFAULT_PROJECT
from ..workbench.schemas import Wish
from .datasets import Project
from .terminal.judged import Text, in_parts, read_telling, widened
from .terminal.output import as_json, visible
from .terminal.registered import find_model
from .terminal.stored import Data, opened
from .terminal.trouble import Mistake
from .workbench import Json

ENDINGS = {".html": "html", ".pdf": "pdf", ".zip": "contract"}
LONGEST = 90  # characters of a text in a table


class Language(StrEnum):
    EN = "en"
    ZH = "zh"


def report(
    id: Annotated[str, typer.Argument(metavar="ID", help="The id, as `whence datasets list` shows it.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help=".html, .pdf, or .zip: a contract.")],
    model: Annotated[str, typer.Option(help="By default the last that was asked about the rows.")] = "",
    slice: Annotated[str, typer.Option("--slice", metavar="NAME", help="Name or key of a slice.")] = "",
    where: Annotated[str, typer.Option(metavar="CONDITIONS", help="Further conditions, without words of texts.")] = "",
    language: Annotated[Language, typer.Option(help="Of the report.")] = Language.EN,
    project: Project = DEFAULT_PROJECT,
    data: Data = None,
) -> None:
    """Write a selection of rows as a report to send to somebody, or as a contract for `whence check`."""
    from ..web import paper
    from ..workbench import rows as selected
    from ..workbench import service as bench
    from ..workbench.taking import contract
    from ..workbench.taking import report as reports

    form = ENDINGS.get(out.suffix.lower())
    if form is None:
        raise Mistake(f"{out}: name it .html, .pdf or .zip")
    with opened(data) as store:
        known = {each.name: each.key for each in bench.listed(store, project, id, model) if each.name}
        wish = Wish(model=model, slice=known.get(slice, slice), where=where)
        found = service.find(store, project, id)
        seen = bench.view(store, project, id, wish)
        name = slice if slice in known else ""
        if form == "contract":
            every = selected.every(store, project, id, wish.model_copy(update={"sort": "number"}))
            body = contract.to_zip(seen, every, name=name or seen.statement, dataset=found.name)
        else:
            listed = selected.page(store, project, id, wish, limit=reports.SHOWN)
            digest = next((run.digest for run in found.runs if run.model == seen.model), "")
            html = reports.to_html(found, seen, listed, name=name, digest=digest, language=language.value)
            body = paper.to_pdf(html) if form == "pdf" else html.encode()
    out.write_bytes(body)
    print(f"{out}: {seen.selection.rows:,} rows, {len(body):,} bytes")


def search(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Texts: CSV, JSON lines or Parquet.")],
    wanted: Annotated[str, typer.Argument(metavar="TEXT", help="What the rows should be about.")],
    encoder: Annotated[str, typer.Option(help="A model that compares two texts, or its folder.")] = "similarity",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 10,
    text: Text = None,
    json: Json = False,
) -> None:
    """Find rows that say something like TEXT, in other words too: by the cosine of a sentence encoder's vectors."""
    from ..datasets.vectors import units_of
    from ..nearby.near import nearest

    if not wanted.strip():
        raise Mistake("the text to search for is empty")
    model = find_model(encoder)
    if model.task != "similarity":
        raise Mistake(f"{encoder} compares no texts; choose a sentence encoder such as similarity")
    rows = read_telling(file, None if text is None else Mapping(text=text)).rows
    asked = model.states([wanted])[0, 1:]
    parts = (widened(part[:, 1:], len(asked)) for part in in_parts(rows, model, states=True))
    found = nearest((units_of(part).astype(np.float32) for part in parts), asked, count=limit)
    if json:
        lines = [
            {"row": row, "similarity": near, "text": rows[row].text, "label": rows[row].label} for row, near in found
        ]
        print(as_json({"encoder": model.id, "rows": lines}, indent=True))
        return
    table = Table("row", "similarity", "label", "text", box=None)
    for row, near in found:
        cut = visible(rows[row].text)[:LONGEST]
        table.add_row(str(row), f"{near:.2f}", visible(rows[row].label or ""), cut)
    Console(soft_wrap=True, markup=False).print(table)
