"""The form of the page: one line a way to change texts, and the recipes that it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import BadRequest
from ..web.forms import Form
from ..web.words import N_
from ..workbench.links import query_of
from ..workbench.schemas import Wish
from .schemas import HOWS, How, Must, Recipe, VariantsRequest

NAMES: Mapping[How, str] = {
    "replace": N_("Words replaced"),
    "identity": N_("Another group named"),
    "negate": N_("Negation"),
    "typo": N_("Typing errors"),
    "case": N_("Upper and lower case"),
    "punctuation": N_("Punctuation"),
    "template": N_("Own templates"),
    "flip": N_("Fewest words taken away"),
}
MUSTS: Mapping[Must, str] = {
    "stay": N_("must stay"),
    "flip": N_("must flip"),
    "rise": N_("must rise"),
    "fall": N_("must fall"),
}
ARROWS = ("→", "->", "=")


def asked_of(form: Form, wish: Wish) -> VariantsRequest:
    """The request of a form over the selection of a page. Raises BadRequest and ValidationError."""
    recipes = tuple(_recipe(form, how) for how in HOWS if form.get(how))
    if not recipes:
        raise BadRequest("no way to change texts is ticked", cure="Tick one, or several.")
    given: dict[str, Any] = {"model": wish.model, "slice": wish.slice, "where": wish.where, "recipes": recipes}
    return VariantsRequest(**given, rows=_number(form, "rows", 200), seed=_number(form, "seed", 0))


def pairs_of(typed: str) -> tuple[tuple[str, str], ...]:
    """One pair a line, `old → new`; -> and = do as well. Raises BadRequest for the first line that is none."""
    found = []
    for line in filter(str.strip, typed.splitlines()):
        arrow = next((each for each in ARROWS if each in line), None)
        old, _, new = line.partition(arrow or ARROWS[0])
        if arrow is None or not old.strip() or not new.strip():
            raise BadRequest(f"{line.strip()[:80]!r} is no pair of words", cure="Write one pair a line: good → bad")
        found.append((old.strip(), new.strip()))
    return tuple(found)


def query(wish: Wish) -> str:
    """The selection as a part of an address, without what does not choose rows."""
    return query_of(Wish(model=wish.model, slice=wish.slice, where=wish.where))


def _recipe(form: Form, how: How) -> Recipe:
    given: dict[str, Any] = {"how": how, "must": form.get(f"{how}-must") or None, "times": _number(form, "times", 1)}
    if given["must"] in ("rise", "fall"):
        given["target"] = form.get("target")
    if how == "replace":
        given["pairs"] = pairs_of(form.get("pairs"))
    if how == "template":
        given["templates"] = tuple(line.strip() for line in form.get("templates").splitlines() if line.strip())
    if how in ("identity", "negate"):
        given["language"] = form.get("language") or "en"
    return Recipe.model_validate(given)


def _number(form: Form, name: str, default: int) -> int:
    typed = form.get(name).strip()
    if not typed:
        return default
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 10:
        raise BadRequest(f"{name}: {typed[:40]!r} is no whole number", cure=f"Write a number such as {default}.")
    return int(typed)
