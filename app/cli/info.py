"""whence methods and whence version."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from .._library import explainers
from .terminal.output import as_json

LIBRARIES = ("torch", "transformers", "shap", "lime", "captum")


def methods(
    json: Annotated[bool, typer.Option("--json", help="JSON, with the schema of the options.")] = False,
) -> None:
    """The explanation methods and their options."""
    classes = [explainers.explainer_class(name) for name in explainers.names()]
    if json:
        print(as_json([_record(method) for method in classes], indent=True))
        return
    table = Table("method", "title", "needs", "options", box=None, padding=(0, 1))
    for method in classes:
        options = ", ".join(f"{name}={field.default}" for name, field in method.model_fields.items())
        table.add_row(method.name, method.title, ", ".join(sorted(method.needs)), options)
    Console(markup=False).print(table)


def version() -> None:
    """The versions of Whence and of the libraries it explains with."""
    print(f"whence {_version('whence')}")
    for name in LIBRARIES:
        print(f"{name} {_version(name)}")


def _record(method: type[explainers.Explainer]) -> dict[str, object]:
    return {
        "name": method.name,
        "title": method.title,
        "version": method.version,
        "reference": method.reference,
        "needs": sorted(method.needs),
        "promises": sorted(method.promises),
        "scale": method.scale,
        "options": method.model_json_schema(),
    }


def _version(name: str) -> str:
    try:
        return installed(name)
    except PackageNotFoundError:
        return "unknown"
