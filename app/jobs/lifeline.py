"""Messages of a job runner to the process that started it: it is at work, or why it ends. One line of JSON each."""

from __future__ import annotations

import json
import os
from typing import NoReturn

import structlog

from ..errors import AppError, storage_error

FAILED = 75  # the exit code of a runner that is to be started again
LOG = structlog.get_logger("jobs")


class Lifeline:
    def __init__(self, descriptor: int | None = None) -> None:
        """descriptor: of an inherited pipe; None where nobody listens."""
        self._descriptor = descriptor
        if descriptor is not None:
            os.set_inheritable(descriptor, False)  # a training goes on in a process of its own

    def at_work(self) -> None:
        self._tell({"at_work": True})

    def end(self, error: BaseException) -> NoReturn:
        """End the process now: threads that poll the database would keep it."""
        said, inside = reason_of(error)
        LOG.critical("runner ends", error=type(error).__name__, reason=inside or said)
        self._tell({"said": said, "inside": inside})
        os._exit(FAILED)

    def _tell(self, message: dict[str, object]) -> None:
        if self._descriptor is not None:
            os.write(self._descriptor, json.dumps(message).encode() + b"\n")


def reason_of(error: BaseException) -> tuple[str, str]:
    """For everybody, and for whoever runs the server. An error nobody foresaw is told without its text, which may quote
    what was typed."""
    told = storage_error(error) if isinstance(error, OSError) else error
    if isinstance(told, AppError):
        return str(told), told.inside
    return f"it failed with {type(error).__name__}", ""
