"""Everything that can go wrong in the library.

ExplainersError
├── UnknownExplainer   no method of that name
├── Incompatible       the method cannot run on this model or input
├── BadInput           the text, target or option is not one that can be explained
├── BadModel           the folder is not a model that may be loaded
└── Cancelled          the caller asked to stop
"""

from __future__ import annotations


class ExplainersError(Exception):
    """Base of every error this library raises on purpose."""

    code = "error"


class UnknownExplainer(ExplainersError):
    code = "unknown_explainer"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no explainer is called {name!r}; there are {', '.join(known)}")


class Incompatible(ExplainersError):
    """The message says what is missing and what to choose instead.

    reason, values: the same as a code and its values, for those who say it in another language.
    """

    code = "incompatible"

    def __init__(self, message: str, *, reason: str = "incompatible", **values: str | int | float) -> None:
        super().__init__(message)
        self.reason = reason
        self.values = values


class BadInput(ExplainersError):
    """The message names the value, what is allowed and the cure."""

    code = "bad_input"


class BadModel(ExplainersError):
    """The message names the file and the reason it was refused."""

    code = "bad_model"


class Cancelled(ExplainersError):
    code = "cancelled"
