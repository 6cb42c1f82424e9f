"""whence datasets: files read into the database of a data folder, without a server."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table

from ..datasets import service
from ..datasets.checking.schemas import CheckedOut, Kind
from ..datasets.importing import import_file
from ..datasets.reading.faults import told
from ..datasets.reading.labels import declared
from ..datasets.reading.parsing import form_of
from ..datasets.reading.schemas import Form, Mapping
from ..datasets.schemas import DatasetOut
from ..datasets.uploads import upload_of
from ..scopes import DEFAULT_PROJECT
from ..settings import Settings
from ..store import jobs
from ..store.database import Store
from ..store.job_states import FINAL
from .terminal.output import as_json, visible
from .terminal.progress import bar
from .terminal.stored import Data, opened
from .terminal.trouble import SOME_FAILED, Mistake

application = typer.Typer(help="Add, list and show data sets.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="JSON.")]
Project = Annotated[str, typer.Option(help="The project they belong to.")]
Column = Annotated[str | None, typer.Option(metavar="COLUMN", help="Its name in the file.")]


@application.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines or Parquet.")],
    name: Annotated[str | None, typer.Option(help="What it is called; by default the file's name.")] = None,
    text: Column = None,
    text_pair: Column = None,
    label: Column = None,
    id: Column = None,
    group: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="May be given again, up to 8.")] = None,
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="LABEL=CLASS", help="Which class a label of the file means; may be repeated."),
    ] = None,
    format: Annotated[Form | None, typer.Option(help="By default recognised by the first bytes or the name.")] = None,
    project: Project = DEFAULT_PROJECT,
    data: Data = None,
    json: Json = False,
) -> int:
    """Read a file: 0 when it is there to use, 1 when it could not be read. Columns not named are guessed."""
    mapping = None
    if text is not None:
        asked = {"text": text, "text_pair": text_pair, "label": label, "id": id, "groups": tuple(group or ())}
        mapping = Mapping.model_validate({**asked, "classes": declared(classes or ())})
    elif text_pair or label or id or group or classes:
        raise Mistake("columns are named, but not that of the text; add --text COLUMN, or name none")
    settings = _settings(data)
    upload = upload_of(file, limit=settings.upload_limit)
    if not upload.size:
        raise Mistake(f"{file} is empty; give a CSV, JSON lines or Parquet file")
    form = format or form_of(file, file.name)
    with opened(data) as store:
        made = service.add(store, project, upload, name=name or file.name, form=form, mapping=mapping)
        if made.status != "ready":
            _read(store, project, made, file)
        found = service.find(store, project, made.id)
    _tell(found, json=json)
    return SOME_FAILED if found.status == "failed" else 0


@application.command("list")
def list_datasets(
    limit: Annotated[int, typer.Option(min=1, max=service.MOST_DATASETS)] = 20,
    project: Project = DEFAULT_PROJECT,
    data: Data = None,
    json: Json = False,
) -> None:
    """The data sets, newest first."""
    with opened(data) as store:
        found = service.listing(store, project, limit=limit).datasets
    if json:
        print(as_json([each.model_dump(mode="json") for each in found], indent=True))
        return
    table = Table("id", "name", "state", "rows", "bad rows", box=None)
    for each in found:
        table.add_row(each.id, visible(each.name), each.status, f"{each.rows:,}", f"{each.bad_rows:,}")
    Console(soft_wrap=True, markup=False).print(table)


@application.command()
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="The id, as `whence datasets list` shows it.")],
    project: Project = DEFAULT_PROJECT,
    data: Data = None,
    json: Json = False,
) -> None:
    """One data set: how its columns are read, and the rows that could not be."""
    with opened(data) as store:
        found = service.find(store, project, id)
    _tell(found, json=json)


@application.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, JSON lines or Parquet.")],
    against: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Another split whose texts must not be in this one.")
    ] = None,
    text: Column = None,
    label: Column = None,
    clean: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a CSV with the proposed actions done, and its origin.")
    ] = None,
    apply: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="For --clean: which findings; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Look for copies, conflicting labels, leaks, damage, other languages, personal data; nothing is changed."""
    from ..datasets.checking.check import check as run
    from ..datasets.checking.files import APPLIED, cleaned, rows_of, write_cleaned

    kinds = tuple(kind for kind in get_args(Kind) if kind in (apply or APPLIED))
    if unknown := sorted(set(apply or ()) - set(get_args(Kind))):
        raise Mistake(f"--apply {unknown[0]}: there is no such finding; there are {', '.join(get_args(Kind))}")
    with bar("reading") as progress:
        rows = rows_of(file, text=text, label=label)
        others = [rows_of(path, text=text, label=label) for path in against or ()]
        found = run(rows, others, tell=progress)
    counts: dict[str, int] = {}
    if clean is not None:
        kept, counts = cleaned(rows, found, kinds)
        write_cleaned(clean, file, kept, counts)
    if json:
        print(as_json(found.model_dump(mode="json"), indent=True))
        return
    _tell_findings(found)
    if clean is not None:
        done = ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "nothing"
        print(f"{clean}: {len(kept):,} rows; changed or left out: {done}")


def _tell_findings(found: CheckedOut) -> None:
    print(visible(f"{found.file}: {found.rows:,} rows"))
    for name, counts in (("labels", found.labels), ("languages", found.languages)):
        if counts:
            print(visible(f"{name}: " + ", ".join(f"{key} {count:,}" for key, count in list(counts.items())[:10])))
    if found.lengths is not None:
        print(f"tokens: median {found.lengths.median:,}, longest {found.lengths.longest:,}")
    table = Table("finding", "rows", "action", "", "first rows", box=None)
    for each in found.findings:
        first = ", ".join(map(str, each.rows[:5])) + (" …" if len(each.rows) > 5 else "")
        table.add_row(each.kind.replace("_", " "), f"{len(each.rows):,}", each.action, visible(each.told), first)
    Console(soft_wrap=True, markup=False).print(table if found.findings else "nothing found")


def _read(store: Store, project: str, made: DatasetOut, file: Path) -> None:
    """Raises Mistake where a server's job is reading the same data set."""
    job = None if made.job is None else store.query(partial(jobs.find, id=made.job))
    if job is not None and job.state not in FINAL:
        raise Mistake(f"job {job.id} is reading this file already; `whence jobs wait {job.id}` waits for it")
    with bar("reading") as progress:
        import_file(store, project, made.id, file, progress=progress)


def _tell(found: DatasetOut, *, json: bool) -> None:
    if json:
        print(as_json(found.model_dump(mode="json"), indent=True))
        return
    print(f"{found.id}  {found.status}  {visible(found.name)}")
    if found.failure is not None:
        print(visible(f"{found.failure.detail}. {found.failure.cure}".removesuffix(". ")))
    print(f"{found.rows:,} rows, {found.bad_rows:,} that could not be read")
    if found.mapping is not None:
        for use, column in found.mapping.model_dump(exclude_none=True, exclude={"classes"}).items():
            if column:
                print(f"{use}: {visible(column if isinstance(column, str) else ', '.join(column))}")
        for label, name in found.mapping.classes.items():
            print(visible(f"class: {label} = {name}"))
    for note in found.notes:
        print(visible(note.text))
    for fault in found.bad_rows_listed:
        print(visible(told(fault)))
    if found.bad_rows > len(found.bad_rows_listed):
        print(f"… and {found.bad_rows - len(found.bad_rows_listed):,} more")


def _settings(data: Path | None) -> Settings:
    return Settings() if data is None else Settings(data=data)
