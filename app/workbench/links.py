"""A selection as an address and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ..errors import BadRequest
from .schemas import Wish
from .study.language import Compared, Condition, Inside, Is, both, joined, read, written

DEFAULTS = Wish()


def wish_of(given: Mapping[str, str]) -> Wish:
    """From the values of a query; an empty field of a form is none. Raises BadRequest."""
    values = {name: value for name, value in given.items() if name in Wish.model_fields and value.strip()}
    try:
        return Wish.model_validate(values, strict=False)
    except ValueError as error:
        first = error.errors()[0] if hasattr(error, "errors") else {"loc": ("the address",), "msg": str(error)}
        raise BadRequest(
            f"{first['loc'][0]}: {first['msg']}", cure="Start from the workbench of the data set."
        ) from None


def query_of(wish: Wish, **changes: Any) -> str:
    """The part of an address behind `?`; what is as it is by default is left out."""
    chosen = wish.model_copy(update={"start": 0, **changes})
    parts = [(name, value) for name, value in chosen.model_dump().items() if value != getattr(DEFAULTS, name)]
    return urlencode([(name, f"{value:g}" if isinstance(value, float) else value) for name, value in parts])


def parts_of(wish: Wish) -> tuple[Condition, ...]:
    """The conditions in the address, each of which can be taken away. Those that are not understood are none."""
    try:
        return joined(read(wish.where))
    except BadRequest:
        return ()


def without(wish: Wish, part: Condition) -> str:
    return written(both(*(each for each in parts_of(wish) if each != part)))


def narrowed(wish: Wish, statement: str, *, instead_of: tuple[str, ...] = ()) -> str:
    """The conditions with one more; `instead_of`: fields whose conditions it replaces. What is there already is taken
    away: a second click undoes the first."""
    added = read(statement)
    kept = tuple(each for each in parts_of(wish) if _field(each) not in instead_of)
    if set(joined(added)) <= set(parts_of(wish)):
        return written(both(*(each for each in parts_of(wish) if each not in joined(added))))
    return written(both(*kept, added))


def _field(condition: Condition) -> str:
    match condition:
        case Is(field, _) | Compared(field, _, _):
            return field
        case Inside():
            return "inside"
        case _:
            return ""
