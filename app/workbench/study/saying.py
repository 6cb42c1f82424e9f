"""Conditions in the words of a reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...web.words import N_
from .language import All, Any, Compared, Condition, Contains, Inside, Is, Judged, Matches, Not

Translate = Callable[[str], str]
Clusters = Sequence[Sequence[str]]
TAG_NAMES: Mapping[str, str] = {
    "label-looks-wrong": N_("label looks wrong"),
    "conflicting-labels": N_("conflicting labels"),
    "near-duplicate": N_("near-duplicate"),
    "low-margin": N_("low margin"),
    "no-similar-row": N_("no similar row"),
}
FIELDS: Mapping[str, str] = {
    "label": N_("label “%(value)s”"),
    "predicted": N_("predicted “%(value)s”"),
    "badge": N_("badge “%(value)s”"),
    "tag": N_("tagged “%(value)s”"),
    "slice": N_("in “%(value)s”"),
    "cluster": N_("cluster %(value)s"),
}
SIGNS: Mapping[tuple[str, str], str] = {
    ("words", "<"): N_("under %(value)s words"),
    ("words", "<="): N_("up to %(value)s words"),
    ("words", ">"): N_("over %(value)s words"),
    ("words", ">="): N_("at least %(value)s words"),
    ("confidence", "<"): N_("confidence under %(value)s"),
    ("confidence", "<="): N_("confidence up to %(value)s"),
    ("confidence", ">"): N_("confidence over %(value)s"),
    ("confidence", ">="): N_("confidence at least %(value)s"),
}
CONTAINS, MATCHES, NOT = N_("contains “%(value)s”"), N_("fits the pattern %(value)s"), N_("not (%(value)s)")
INSIDE = N_("within a shape on the map")
RIGHT, WRONG, EVERY, OR = N_("right"), N_("wrong"), N_("all rows"), N_("%(first)s or %(second)s")


def said(condition: Condition, translate: Translate = str, clusters: Clusters = ()) -> str:
    """The condition as a phrase; joints are commas. clusters: the words of each, which tell more than its number."""
    match condition:
        case All(()):
            return translate(EVERY)
        case All(parts):
            return ", ".join(said(part, translate, clusters) for part in parts)
        case Any(parts):
            found = said(parts[0], translate, clusters)
            for part in parts[1:]:
                found = _filled(translate(OR), first=found, second=said(part, translate, clusters))
            return found
        case Not(inner):
            return _filled(translate(NOT), value=said(inner, translate, clusters))
        case Judged(right):
            return translate(RIGHT if right else WRONG)
        case Contains(needle):
            return _filled(translate(CONTAINS), value=needle)
        case Inside():
            return translate(INSIDE)
        case Matches(pattern):
            return _filled(translate(MATCHES), value=pattern)
        case Compared(field, sign, number):
            template = SIGNS.get((field, sign))
            return (
                f"{field} {sign} {number:g}" if template is None else _filled(translate(template), value=f"{number:g}")
            )
        case Is("tag", value) if value in TAG_NAMES:
            return translate(TAG_NAMES[value])
        case Is("cluster", value):
            number = int(value) if value.isdecimal() and len(value) < 6 else -1
            words = ", ".join(clusters[number][:2]) if 0 <= number < len(clusters) else ""
            named = _filled(translate(FIELDS["cluster"]), value=value)
            return f"{named} ({words})" if words else named
        case Is(field, value):
            template = FIELDS.get(field)
            name = field.removeprefix("group:")
            return f"{name} “{value}”" if template is None else _filled(translate(template), value=value)


def _filled(template: str, **values: str) -> str:
    """Put values into a template. Words of users may hold a percent sign, so this is no formatting."""
    for name, value in values.items():
        template = template.replace(f"%({name})s", value)
    return template
