"""Everything that can go wrong for a caller, and what is answered.

AppError
├── NotFound         404  nothing lies at this address
├── UnknownModel     422  the request names a model that is not there
├── BadRequest       422  a value that cannot be explained (also the library's BadInput, Incompatible, UnknownExplainer)
│   └── UnknownValue     422  a choice in an address that is not offered there
├── TooLarge         413  a file that is over the limit
├── BadFile          422  a file that cannot be read as a data set
├── TooLong          422  the explanation took longer than its cap
├── Unknown          401  nobody knows who asks
├── Conflict         409  the thing is in use
├── Forbidden        403  the request comes from another site
├── NotAllowed       403  the caller lacks the scope
├── NotAcceptable    406  no representation that the caller accepts
├── OutOfMemory      422  the explanation needs more memory than there is
├── OverBudget       429  the caller has spent what it may for now
├── TooManyJobs      429  the caller keeps as many jobs as it may
├── ProjectFull      413  the project keeps as many bytes as it may
├── EngineBusy       429  too many requests wait
├── EngineLoading    503  the model is still loading
├── Stopping         503  the server is being shut down
├── ModelFailed      503  the model could not be loaded
├── EngineDied       503  the engine process ended while it worked
├── Damaged          500  a stored array is not what was stored
├── StorageFailed    503  the database or a file of the server cannot be used
│   ├── StorageFull          507  the disk has no room
│   └── DatabaseUnavailable  503  the database does not answer, or is held by another change
├── StillRunning     503  not done within the time the caller would wait; the work goes on as a job
└── ClientGone       499  nobody listens any more
"""

from __future__ import annotations

import errno
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import ClassVar

MOST_LISTED = 20  # values that a message names


class AppError(Exception):
    """The message names the value and what was allowed; the cure says what to do."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    cure: str = ""
    retry_after: int | None = None
    inside: str = ""

    def __init__(self, detail: str = "", *, cure: str | None = None, inside: str = "") -> None:
        """inside: the fault and its cure for whoever runs the server. It may name hosts, users and paths, so it goes to
        the log and to the terminal of a command, and is never answered."""
        super().__init__(detail)
        self.cure = self.cure if cure is None else cure
        self.inside = inside


class NotFound(AppError):
    status = 404
    code = "not_found"
    cure = "Check the address; results that were deleted are gone."


class UnknownModel(AppError):
    status = 422
    code = "unknown_model"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        allowed = ", ".join(known) or "none"
        super().__init__(
            f"no model is called {name[:80]!r}; there are: {allowed}", cure="Choose a model of /v1/models."
        )


class BadRequest(AppError):
    status = 422
    code = "bad_input"


class UnknownValue(BadRequest):
    """A value that is not offered; what comes without it would look like the answer."""

    code = "unknown_value"

    def __init__(self, name: str, given: str, offered: Collection[str], *, cure: str) -> None:
        listed = ", ".join(islice(offered, MOST_LISTED)) or "none"
        more = " …" if len(offered) > MOST_LISTED else ""
        super().__init__(f"{name}: there is no {given[:80]!r}; there are: {listed}{more}", cure=cure)


class TooLong(AppError):
    status = 422
    code = "too_long"
    cure = "Explain a shorter text, choose sentences as features (players=sentence), or give a smaller budget."


class OutOfMemory(AppError):
    status = 422
    code = "out_of_memory"
    cure = "Explain a shorter text, or choose sentences as features (players=sentence)."


class BadFile(AppError):
    """The file of a data set as a whole."""

    status = 422
    code = "bad_file"
    cure = "Save the file as CSV in UTF-8, with a first line that names the columns, and send it again."


class TooLarge(AppError):
    status = 413
    code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the file is over {limit:,} bytes", cure="Send a part of it, or raise WHENCE_UPLOAD_LIMIT on the server."
        )


class Conflict(AppError):
    status = 409
    code = "conflict"


class Unknown(AppError):
    status = 401
    code = "unauthorized"
    cure = "Send a key as `Authorization: Bearer …`, or sign in on the page /sign-in."


class Forbidden(AppError):
    status = 403
    code = "forbidden"


class NotAllowed(AppError):
    status = 403
    code = "not_allowed"
    cure = "Ask an administrator of the project for a key with this scope."


class NotAcceptable(AppError):
    status = 406
    code = "not_acceptable"


class OverBudget(AppError):
    status = 429
    code = "over_budget"
    cure = "Ask again after the time that Retry-After says, or for less."

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooManyJobs(AppError):
    status = 429
    code = "too_many_jobs"
    cure = "Delete jobs that have ended, or ask an operator to raise WHENCE_CALLER_JOBS or set WHENCE_RETENTION_DAYS."


class ProjectFull(AppError):
    status = 413
    code = "project_full"
    cure = "Delete data sets or jobs of the project, or ask an operator to raise WHENCE_PROJECT_BYTES."


class EngineBusy(AppError):
    status = 429
    code = "busy"
    cure = "Ask again in a few seconds."
    retry_after = 5


class EngineLoading(AppError):
    status = 503
    code = "loading"
    cure = "Ask again in a few seconds; /readyz says when it is ready."
    retry_after = 3


class Stopping(AppError):
    status = 503
    code = "stopping"
    cure = "Ask again: another process answers, or this one once it is back."
    retry_after = 5


class ModelFailed(AppError):
    status = 503
    code = "model_failed"
    cure = "Choose another model of /v1/models, or repair its folder and start again."


class EngineDied(AppError):
    status = 503
    code = "engine_died"
    cure = (
        "It is being restarted: ask again. If the same text ends it each time, choose sentences as features "
        "(players=sentence)."
    )
    retry_after = 3


class Damaged(AppError):
    status = 500
    code = "damaged"
    cure = "Delete the explanation and ask for it again: it is made anew."


class StorageFailed(AppError):
    status = 503
    code = "storage"
    cure = "Nothing was stored. Whoever runs the server finds the reason and the cure in its log."


class StorageFull(StorageFailed):
    status = 507
    code = "disk_full"
    cure = "Nothing was stored, and nothing is lost: ask again once whoever runs the server has made room."


class DatabaseUnavailable(StorageFailed):
    code = "database"
    cure = "Nothing was stored: ask again in a few seconds."
    retry_after = 5


class StillRunning(AppError):
    status = 503
    code = "still_running"
    cure = "Follow the job; once it is done, ask the same again and get its result."
    retry_after = 2

    def __init__(self, job: str, key: str) -> None:
        """job: its id; key: under which the answer will lie."""
        super().__init__(f"the explanation goes on as the job {job}: see /v1/jobs/{job}")
        self.job = job
        self.key = key


class ClientGone(AppError):
    status = 499
    code = "client_gone"


NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
UNUSABLE = (
    errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EFBIG,
    errno.EMFILE, errno.ENFILE, errno.ESTALE,
)  # fmt: skip


def storage_error(error: OSError) -> StorageFailed | None:
    """The error for callers where a file of the server cannot be used; None for an error of another kind."""
    named = f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)
    if error.errno in NO_ROOM:
        return StorageFull("the disk of the server is full", inside=f"{named}: make room on the disk of this file")
    if error.errno in UNUSABLE:
        return StorageFailed(
            "the server cannot use one of its files",
            inside=f"{named}: let the user that runs Whence read and write it, and see that its disk is sound",
        )
    return None


# The library's errors, by their class: status and what to do beside what the message says.
LIBRARY: Mapping[str, tuple[int, str]] = {
    "unknown_explainer": (422, "Choose a method of /v1/explainers."),
    "incompatible": (422, "Choose one of the methods named."),
    "bad_input": (422, "Change the value and ask again."),
    "bad_model": (422, "Save the model again as safetensors with a fast tokenizer (save_pretrained)."),
    "cancelled": (499, ""),
}
# Names and cures where the web framework raised the error itself.
CODES = {400: "bad_request", 413: "too_large", 429: "busy"}
CURES = {
    400: "Send a body that is valid JSON in UTF-8.",
    404: "Check the address; /openapi.json lists every route.",
    405: "Use one of the methods that the Allow header names.",
    500: "Ask again; if it stays, report it with the request id.",
}
