"""Mistakes that a command answers with one line on stderr."""

from __future__ import annotations

from pathlib import Path

import typer
from pydantic import ValidationError

from ..._library import explainers
from ...configuration import BadConfiguration, origins
from ...errors import NO_ROOM, AppError, StorageFailed
from ...settings import Settings
from ...train.data import BadData
from ...train.plan import BadPlan

SOME_FAILED, USAGE, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141


class Mistake(Exception):
    """The message names what was given, what is allowed and the cure."""


def refuse_used(target: Path) -> None:
    """Raises Mistake: what lies there is somebody's model."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Mistake(f"{target} is there already and not empty; name another folder with --out, or remove it")


def message_of(error: Exception) -> str | None:
    """The line to print, or None for an error that nobody foresaw."""
    if isinstance(error, typer.TyperException):
        return one_line(error.format_message())
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        return one_line(f"{place}: {said}{_origin(error, place)}" if place else said)
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return one_line(f"{error.filename or 'the output'}: {error.strerror}: make room on its disk")
    if isinstance(error, OSError) and error.filename is not None:
        return one_line(f"{error.filename}: {error.strerror}")
    if isinstance(error, StorageFailed):
        return one_line(error.inside or f"{error}. {error.cure}")
    if isinstance(error, Mistake | BadPlan | BadData | BadConfiguration | AppError | OSError):
        return one_line(str(error))
    if isinstance(error, explainers.ExplainersError):
        return one_line(str(error))
    return None


def _origin(error: ValidationError, place: str) -> str:
    """Where a setting that is wrong was made: to be corrected there."""
    if error.title != Settings.__name__:
        return ""
    try:
        origin = origins({}, Settings.model_fields).get(place.partition(".")[0], "default")
    except BadConfiguration:
        return ""
    return "" if origin == "default" else f"; correct it in the {origin}"


def one_line(text: str) -> str:
    return " ".join(text.split())
