"""Options from fields, those of a game and of a decoding: a new field has its option without a line here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, TypeAlias

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ..._library import explainers
from .trouble import Mistake

Command: TypeAlias = Callable[..., int]
STRETCH = tuple[int, int] | None


def with_fields(model: type[BaseModel], group: str) -> Callable[[Command], Command]:
    """Give a command an option for each field of `model`; it takes them together as `group`, by the fields' names."""
    fields = model.model_fields
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=_option(field))
        for name, field in fields.items()
    ]

    def with_options(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters

        @wraps(command)
        def asked(**given: Any) -> int:
            held = {name: _read(name, field, given.pop(name)) for name, field in fields.items()}
            return command(**given, **{group: held})

        every = [*(parameter for name, parameter in own.items() if name != group), *options]
        asked.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
        asked.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
        return asked

    return with_options


def _option(field: FieldInfo) -> Any:
    if field.annotation == STRETCH:
        return Annotated[str | None, typer.Option(metavar="START:END", help=field.description)]
    limits = {side: getattr(each, side) for each in field.metadata for side in ("ge", "le") if hasattr(each, side)}
    return Annotated[field.annotation, typer.Option(help=field.description, min=limits.get("ge"), max=limits.get("le"))]


def _read(name: str, field: FieldInfo, given: Any) -> Any:
    """The option's value; a stretch from START:END in characters. Raises Mistake."""
    if given is None or field.annotation != STRETCH:
        return given
    start, colon, end = given.partition(":")
    if not (colon and start.isdecimal() and end.isdecimal()):
        raise Mistake(f"--{name} {given!r}: write START:END, the first character and the one behind the last")
    return int(start), int(end)


with_game = with_fields(explainers.Game, "game")
with_decoding = with_fields(explainers.Decoding, "decoding")
