"""Errors as they travel: a code and a sentence. Read back, they are the same classes."""

from __future__ import annotations

from .._library import explainers
from ..errors import (
    AppError,
    EngineBusy,
    EngineDied,
    EngineLoading,
    ModelFailed,
    OutOfMemory,
    TooLong,
    UnknownModel,
)


class Refused(AppError):
    """An error of the engine that has no class of its own."""

    status = 500
    code = "engine"


def to_wire(error: BaseException) -> dict[str, str]:
    """An error nobody raised on purpose travels without its text, which may quote what a user typed."""
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return {"code": OutOfMemory.code, "message": "the explanation needs more memory than the engine has"}
    if isinstance(error, AppError | explainers.ExplainersError):
        return {"code": error.code, "message": str(error)}
    return {"code": Refused.code, "message": f"the engine failed with {type(error).__name__}"}


def from_wire(code: str, message: str) -> Exception:
    library: dict[str, type[explainers.ExplainersError]] = {
        "incompatible": explainers.Incompatible,
        "bad_model": explainers.BadModel,
        "cancelled": explainers.Cancelled,
        "bad_input": explainers.BadInput,
        "unknown_explainer": explainers.BadInput,
    }
    if code in library:
        return library[code](message)
    own: dict[str, type[AppError]] = {
        known.code: known for known in (TooLong, EngineLoading, EngineBusy, EngineDied, ModelFailed, OutOfMemory)
    }
    if code in own:
        return own[code](message)
    return _unknown(message) if code == UnknownModel.code else Refused(message)


def _unknown(message: str) -> UnknownModel:
    """The unknown-model error with the sentence as it was sent: the sender knew which models there are."""
    error = UnknownModel("", ())
    error.args = (message,)
    return error
