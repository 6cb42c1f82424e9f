"""Options of a question: one for each field of its game, so that a new field has its option without a line here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from ..._library import explainers
from .trouble import Mistake

FIELDS = explainers.Game.model_fields
STRETCH = tuple[int, int] | None


def with_game(command: Callable[..., int]) -> Callable[..., int]:
    """The command with the options of a game, which it is given together as `game`, by the names of the fields."""
    own = inspect.signature(command, eval_str=True).parameters
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=_option(field))
        for name, field in FIELDS.items()
    ]

    @wraps(command)
    def asked(**given: Any) -> int:
        game = {name: given.pop(name) for name in FIELDS}
        return command(**given, game=game | {"focus": _stretch(game["focus"])})

    every = [*(parameter for name, parameter in own.items() if name != "game"), *options]
    asked.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    asked.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    return asked


def _option(field: FieldInfo) -> Any:
    if field.annotation == STRETCH:
        return Annotated[str | None, typer.Option(metavar="START:END", help=field.description)]
    limits = {side: getattr(each, side) for each in field.metadata for side in ("ge", "le") if hasattr(each, side)}
    return Annotated[field.annotation, typer.Option(help=field.description, min=limits.get("ge"), max=limits.get("le"))]


def _stretch(given: str | None) -> tuple[int, int] | None:
    """START:END in characters. Raises Mistake."""
    if given is None:
        return None
    start, colon, end = given.partition(":")
    if not (colon and start.isdecimal() and end.isdecimal()):
        raise Mistake(f"--focus {given!r}: write START:END, the first character and the one behind the last")
    return int(start), int(end)
