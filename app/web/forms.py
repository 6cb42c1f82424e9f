"""Fields of a form, made into what a service takes. What was typed is kept when something is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from pydantic import ValidationError

from .._library import explainers
from ..errors import LIBRARY, AppError
from ..logging import tell_operator
from ..schemas import LONGEST_TEXT
from .words import N_

FORM_ERRORS: Mapping[str, tuple[str, str]] = {  # code → what happened, what to do
    "empty": (N_("There is no text to explain."), N_("Type at least one visible character.")),
    "nul": (
        N_("The text holds a character that is no text (NUL)."),
        N_("Remove it; it often comes from a file that is not plain text."),
    ),
    "long": (N_("The text is too long."), N_("A text may have 20,000 characters; explain a part of it.")),
    "no_model": (N_("No model of that name is there."), N_("Choose one from the list.")),
    "invalid": (N_("Something in the form is not valid."), N_("Correct the value named and try again.")),
    "bad_input": (N_("This text or setting cannot be explained."), N_("Change the value named and try again.")),
    "incompatible": (N_("This model cannot do what was asked."), N_("Choose another model or method.")),
    "unknown_model": (N_("No model of that name is there."), N_("Choose one from the list.")),
    "unknown_value": (
        N_("The address asks for something that is not offered there."),
        N_("Choose one of the values named, or leave it out."),
    ),
    "unknown_explainer": (N_("No method has that name."), N_("Choose one from the list of methods.")),
    "bad_model": (
        N_("This model folder was refused."),
        N_("Save the model again as safetensors with a fast tokenizer (save_pretrained)."),
    ),
    "loading": (N_("The model is still loading."), N_("Your text is kept: try again in a few seconds.")),
    "over_budget": (
        N_("You have asked for more than your share."),
        N_("Your text is kept: try again a little later."),
    ),
    "busy": (N_("The queue is full."), N_("Your text is kept: try again in a few seconds.")),
    "stopping": (
        N_("The server is being stopped."),
        N_("Your text is kept: try again when it is back."),
    ),
    "engine_died": (
        N_("The model’s process ended and is being started again."),
        N_("Try again. If the same text ends it each time, choose sentences as the parts."),
    ),
    "database": (
        N_("The database does not answer, or another change holds it."),
        N_("Nothing was stored: try again in a few seconds."),
    ),
    "storage": (
        N_("The server cannot use its database or one of its files."),
        N_("Nothing was stored. Tell whoever runs the server: its log has the reason and the cure."),
    ),
    "disk_full": (
        N_("The disk of the server is full."),
        N_("Nothing was stored, and nothing is lost: tell whoever runs the server, and try again when there is room."),
    ),
    "damaged": (
        N_("What is stored here is damaged."),
        N_("Delete the explanation and ask for it again: it is made anew."),
    ),
    "too_long": (N_("The explanation took too long and was stopped."), N_("Explain a shorter text.")),
    "out_of_memory": (
        N_("The explanation needs more memory than there is."),
        N_("Explain a shorter text, or choose sentences as the parts."),
    ),
    "model_failed": (
        N_("The model could not be loaded."),
        N_("Choose another model, or repair its folder and start the server again."),
    ),
    "bad_file": (
        N_("The file cannot be read."),
        N_("Save it as CSV in UTF-8, with a first line that names the columns, and upload it again."),
    ),
    "too_many_jobs": (
        N_("You keep as many jobs as you may."),
        N_("Delete jobs that have ended, or ask an administrator for more room."),
    ),
    "project_full": (
        N_("The project keeps as much as it may."),
        N_("Delete data sets or jobs, or ask an administrator for more room."),
    ),
    "pick_two": (N_("A comparison needs two explanations."), N_("Go back and tick two of the list.")),
    "too_large": (N_("The file is too large."), N_("Upload a part of it.")),
    "conflict": (N_("It is in use."), N_("Try again when nothing runs.")),
    "forbidden": (N_("The request came from another site."), N_("Open the page here and try again.")),
    "unauthorized": (N_("Nobody knows who asks."), N_("Sign in with your key.")),
    "bad_key": (
        N_("This key opens nothing here."),
        N_("It may have expired or been revoked: ask an administrator for a new one."),
    ),
    "not_allowed": (
        N_("You may see this project, but not do this."),
        N_("Ask an administrator of the project for a key with this scope."),
    ),
    "not_found": (N_("Page not found."), N_("Results that were deleted are gone; check the address.")),
    "method_not_allowed": (N_("This address cannot be used in this way."), N_("Start from one of the pages above.")),
    "internal": (N_("Something went wrong here."), N_("Try again; if it stays, report it with the request id.")),
}


PASSING = ("loading", "busy", "over_budget", "stopping")


@dataclass(frozen=True, slots=True)
class FormError:
    """An error shown beside the form. `detail` is the exact reason, in English, as the library gives it."""

    code: str
    detail: str
    status: int
    field: str = "text"
    retry_after: int | None = None

    @property
    def title(self) -> str:
        return FORM_ERRORS.get(self.code, FORM_ERRORS["internal"])[0]

    @property
    def passes(self) -> bool:
        """Whether asking the same again a little later will do."""
        return self.code in PASSING

    @property
    def cure(self) -> str:
        return FORM_ERRORS.get(self.code, FORM_ERRORS["internal"])[1]


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, with new lines as LF."""

    values: Mapping[str, str]

    def get(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)

    def optional(self, name: str) -> str | None:
        return self.values.get(name) or None


async def form_of(request: Request, *, most: int = 50) -> Form:
    """Browsers send CRLF for every new line of a text area: the text that was typed has LF."""
    async with request.form(max_files=0, max_fields=most, max_part_size=1 << 20) as data:
        return Form({k: v.replace("\r\n", "\n").replace("\r", "\n") for k, v in data.items() if isinstance(v, str)})


def text_error(text: str, field: str = "text") -> FormError | None:
    """The fault of a text that can be seen before the engine is asked."""
    if not text.strip():
        return FormError("empty", "", 422, field)
    if "\x00" in text:
        return FormError("nul", "", 422, field)
    if len(text) > LONGEST_TEXT:
        return FormError("long", f"{len(text):,} characters", 422, field)
    return None


def error_of(error: Exception) -> FormError:
    """The error of a service as a form shows it; anything unforeseen is raised on."""
    if isinstance(error, AppError):
        tell_operator(error)
        return FormError(error.code, str(error), error.status, retry_after=error.retry_after)
    if isinstance(error, explainers.ExplainersError):
        return FormError(error.code, str(error), LIBRARY.get(error.code, (422, ""))[0])
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return FormError("invalid", f"{place}: {first['msg']}", 422)
    raise error


FORESEEN = (AppError, explainers.ExplainersError, ValidationError)


def told(error: Exception) -> FormError:
    """The error of something under way, for its page. Something unforeseen is in the log of the server."""
    return error_of(error) if isinstance(error, FORESEEN) else FormError("internal", "", 500)
