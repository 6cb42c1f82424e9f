"""Filters as an address and back. A search is a text, so it is never part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from ...errors import BadRequest
from .browse import Filters

RIGHT = {"yes": True, "no": False}
PLAIN = ("label", "predicted", "badge", "sort")


def filters_of(given: Mapping[str, Sequence[str]]) -> Filters:
    """From the values of a query; an empty field of a form is no filter. Raises BadRequest."""
    first = {name: values[0] for name, values in given.items() if values and values[0]}
    values: dict[str, Any] = {name: first[name] for name in PLAIN if name in first}
    if given.get("model"):
        values["model"] = given["model"][0]
    if "right" in first:
        if first["right"] not in RIGHT:
            raise BadRequest(f"right: {first['right'][:40]!r} is neither yes nor no", cure="Give yes or no.")
        values["right"] = RIGHT[first["right"]]
    for name in ("low", "high"):
        if name in first:
            values[name] = _number(first[name])
    values["groups"] = dict(_group(each) for each in given.get("group", ()) if each)
    try:
        return Filters.model_validate(values)
    except ValueError as error:
        raise BadRequest("a filter has a value that it cannot have", cure="Start from the data set's page.") from error


def filters_of_query(query: str) -> Filters:
    return filters_of(parse_qs(query, keep_blank_values=True, max_num_fields=50))


def query_of(filters: Filters, **changes: Any) -> str:
    """The filters with some of them changed, as the part of an address behind `?`."""
    cursor = changes.pop("cursor", None)
    chosen = filters.model_copy(update=changes)
    parts: list[tuple[str, str]] = []
    if chosen.model is not None:
        parts.append(("model", chosen.model))
    parts += [
        (name, value) for name in PLAIN if (value := getattr(chosen, name)) and (name, value) != ("sort", "number")
    ]
    if chosen.right is not None:
        parts.append(("right", "yes" if chosen.right else "no"))
    parts += [(name, f"{value:g}") for name in ("low", "high") if (value := getattr(chosen, name)) is not None]
    parts += [("group", f"{column}:{value}") for column, value in chosen.groups.items()]
    if cursor:
        parts.append(("cursor", cursor))
    return urlencode(parts)


def _group(given: str) -> tuple[str, str]:
    column, colon, value = given.rpartition(":")
    if not colon:
        raise BadRequest(f"the group {given[:80]!r} has no value", cure="Start from the data set's page.")
    return column, value


def _number(given: str) -> float:
    try:
        return float(given)
    except ValueError:
        raise BadRequest(f"{given[:40]!r} is no probability", cure="Give a number from 0 to 1.") from None
