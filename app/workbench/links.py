"""A selection as an address and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ..errors import BadRequest
from .schemas import Wish
from .study.language import EVERY, All, Compared, Condition, Inside, Is, both, is_textual, read, written

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
        found = read(wish.where)
    except BadRequest:
        return ()
    return found.parts if isinstance(found, All) else (found,)


def without(wish: Wish, part: Condition) -> str:
    return _joined(*(each for each in parts_of(wish) if each != part))


def narrowed(wish: Wish, statement: str, *, instead_of: tuple[str, ...] = ()) -> str:
    """The conditions with one more; `instead_of`: fields whose conditions it replaces. What is there already is taken
    away: a second click undoes the first."""
    added = read(statement)
    kept = tuple(each for each in parts_of(wish) if _field(each) not in instead_of)
    if set(_flat(added)) <= set(parts_of(wish)):
        return _joined(*(each for each in parts_of(wish) if each not in _flat(added)))
    return _joined(*kept, added)


def for_address(condition: Condition) -> str | None:
    """None for conditions with words of texts, which stand in no address."""
    return None if is_textual(condition) else written(condition)


def _joined(*parts: Condition) -> str:
    return written(both(*parts)) if parts else written(EVERY)


def _flat(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, All) else (condition,)


def _field(condition: Condition) -> str:
    match condition:
        case Is(field, _) | Compared(field, _, _):
            return field
        case Inside():
            return "inside"
        case _:
            return ""
