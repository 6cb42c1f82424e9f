"""The texts that two models are compared on, with labels as classes of the models and groups where there are any."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..audit.data.values import Ints
from ..datasets.reading.files import read_file
from ..datasets.reading.labels import match
from ..datasets.reading.parsing import Row
from ..datasets.reading.schemas import Mapping
from ..errors import BadRequest

NO_LABEL = -1
MOST_TEXTS = 100_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Columns that are read; those left open are guessed as data sets guess them."""

    text: str | None = None
    label: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Texts:
    """texts; labels (texts,) as class numbers, NO_LABEL where a row has none; groups by column."""

    name: str
    sha256: str
    texts: tuple[str, ...]
    labels: Ints
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def labelled(self) -> int:
        return int((self.labels != NO_LABEL).sum())


def read_texts(path: Path, classes: Sequence[str], asked: Asked | None = None) -> Texts:
    """The rows of a file. Raises BadRequest that names the file, the value, and what is allowed."""
    asked = asked or Asked()
    mapping = None if asked.text is None else Mapping(text=asked.text)
    read = read_file(path, mapping=mapping, label=asked.label, groups=asked.groups)
    notes = list(read.notes)
    if (bad := read.bad).count:
        notes.append(f"{bad.count:,} rows could not be read and are left out; {next(bad.told(1))}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return texts_of(path.name, digest, read.rows, classes, groups=read.mapping.groups, notes=notes)


def texts_of(
    name: str,
    sha256: str,
    rows: Sequence[Row],
    classes: Sequence[str],
    *,
    groups: Sequence[str],
    notes: Sequence[str] = (),
) -> Texts:
    """Rows that were read already, such as those of a data set. Raises BadRequest."""
    if not rows:
        raise BadRequest(f"{name} has no text that can be read", cure="Give a file with texts.")
    if len(rows) > MOST_TEXTS:
        raise BadRequest(f"{name} has {len(rows):,} texts; at most {MOST_TEXTS:,} are compared", cure="Draw some.")
    labels, told = _labels(name, [row.label for row in rows], classes)
    by_column = {column: tuple(row.groups.get(column, "") for row in rows) for column in groups}
    return Texts(name, sha256, tuple(row.text for row in rows), labels, by_column, (*notes, *told))


def _labels(name: str, written: Sequence[str | None], classes: Sequence[str]) -> tuple[Ints, list[str]]:
    """Raises BadRequest for a label that is no class: a wrong accuracy is worse than none."""
    matched = match(tuple(dict.fromkeys(label for label in written if label is not None)), classes)
    if matched.unmatched:
        raise BadRequest(
            f"{name}: the label {matched.unmatched[0][:80]!r} is no class of the model; it has {', '.join(classes)}",
            cure="Correct the labels, or name another column of labels.",
        )
    numbers = [NO_LABEL if label is None else classes.index(matched.classes[label]) for label in written]
    told = []
    if matched.by == "position":
        said = ", ".join(f"{label} = {matched.classes[label]}" for label in sorted(matched.classes))
        told.append(f"labels are read by position: {said}")
    return np.array(numbers, dtype=np.int64), told
