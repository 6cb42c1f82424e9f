"""Mistakes that a command answers with one line on stderr."""

from __future__ import annotations

import typer
from pydantic import ValidationError

from ..._library import explainers
from ...configuration import BadConfiguration
from ...errors import AppError
from ...train.data import BadData
from ...train.plan import BadPlan

SOME_FAILED, USAGE, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141


class Mistake(Exception):
    """The message names what was given, what is allowed and the cure."""


def message_of(error: Exception) -> str | None:
    """The line to print, or None for an error that nobody foresaw."""
    if isinstance(error, typer.TyperException):
        return one_line(error.format_message())
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return one_line(f"{place}: {first['msg']}" if place else first["msg"].removeprefix("Value error, "))
    if isinstance(error, OSError) and error.filename is not None:
        return one_line(f"{error.filename}: {error.strerror}")
    if isinstance(error, Mistake | BadPlan | BadData | BadConfiguration | AppError | OSError):
        return one_line(str(error))
    if isinstance(error, explainers.ExplainersError):
        return one_line(str(error))
    return None


def one_line(text: str) -> str:
    return " ".join(text.split())
