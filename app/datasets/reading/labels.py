"""Which class of a model a label of a file means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...errors import BadRequest
from .cells import name_of

By = Literal["name", "position", "nothing"]
PLACEHOLDER = re.compile(r"LABEL_(\d+)")  # what transformers calls a class without a name
NUMBERS = {"false": "0", "true": "1"}


def declared(given: Iterable[str]) -> dict[str, str]:
    """Classes by label, from entries `label = class` as forms, commands and addresses have them. Raises BadRequest."""
    found: dict[str, str] = {}
    for line in filter(str.strip, (line for entry in given for line in entry.split("\n"))):
        label, equals, name = (part.strip() for part in line.partition("="))
        if not (label and equals and name):
            raise BadRequest(
                f"{line.strip()[:80]!r} does not say which class a label means",
                cure="Write label=class, such as 0=negative.",
            )
        if name_of(label) in found:
            raise BadRequest(f"the label {label[:80]!r} has two classes", cure="Write one line for each label.")
        found[name_of(label)] = name
    return found


@dataclass(frozen=True, slots=True)
class Matched:
    """classes: label of the file → class of the model. unmatched: labels that mean no class as far as can be told."""

    by: By
    classes: Mapping[str, str]
    unmatched: tuple[str, ...] = ()


def match(labels: Sequence[str], classes: Sequence[str]) -> Matched:
    """By name, whatever the case and the spelling of a number (1.0 is 1). Where no label is a name, by position if the
    labels are the numbers of all the classes, from 0, and nothing else; two classes may be false and true. The
    position is an assumption, which is to be told: `by` says so."""
    found = _by_name(labels, classes)
    if not found:
        numbers = {label: NUMBERS.get(label, label) for label in labels}
        if len(classes) > 1 and sorted(numbers.values()) == sorted(map(str, range(len(classes)))):
            return Matched("position", {label: classes[int(number)] for label, number in numbers.items()})
    rest = tuple(label for label in labels if label not in found)
    return Matched("name" if found else "nothing", found, rest)


def _by_name(labels: Sequence[str], classes: Sequence[str]) -> dict[str, str]:
    spelled = [name_of(name).casefold() for name in classes]
    often = Counter(spelled)
    by_name = {key: name for key, name in zip(spelled, classes, strict=True) if often[key] == 1}
    placed = [PLACEHOLDER.fullmatch(name) for name in classes]
    if all(found and int(found[1]) == at for at, found in enumerate(placed)):
        by_name |= {str(at): name for at, name in enumerate(classes)}
    exact = {name: name for name in classes}
    keys = {label: exact.get(label) or by_name.get(name_of(label).casefold()) for label in labels}
    return {label: name for label, name in keys.items() if name is not None}
