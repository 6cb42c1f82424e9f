"""A file that somebody names, read as a whole: rows, rows that could not be read, and notes about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...errors import BadFile, BadRequest
from .faults import spoken
from .parsing import Row, form_of, parse
from .report import BadRows
from .schemas import Column, Fault, Mapping


@dataclass(frozen=True, slots=True)
class FileRows:
    """entries: every row in the order of the file. notes: sentences about the file as a whole."""

    columns: tuple[Column, ...]
    mapping: Mapping
    entries: tuple[Row | Fault, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(each for each in self.entries if isinstance(each, Row))

    @property
    def bad(self) -> BadRows:
        bad = BadRows()
        for each in self.entries:
            if isinstance(each, Fault):
                bad.add(each)
        return bad


def read_file(
    path: Path, *, mapping: Mapping | None = None, label: str | None = None, groups: Sequence[str] = ()
) -> FileRows:
    """Reads the columns of `mapping`, which is guessed where none is given, with another label and further groups.

    Raises BadRequest that names the file, the reason and the cure.
    """
    with refused(path):
        form = form_of(path, path.name)
        if label is not None or groups:
            mapping = _extended(mapping or parse(path, form).mapping, label, groups)
        parsed = parse(path, form, mapping=mapping)
        return FileRows(parsed.columns, parsed.mapping, tuple(parsed.rows), tuple(spoken(parsed.notes)))


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Raises BadRequest with the file's name for a file that cannot be read within."""
    try:
        yield
    except BadFile as error:
        raise BadRequest(f"{path}: {error}", cure=error.cure) from error
    except OSError as error:
        raise BadRequest(
            f"{path} cannot be read: {error.strerror or error}", cure="Name a CSV, JSON lines or Parquet file."
        ) from None


def _extended(mapping: Mapping, label: str | None, groups: Sequence[str]) -> Mapping:
    """A copy whose groups may be any number: data sets have a limit, files that are read at once have none."""
    update: dict[str, object] = {"groups": tuple(dict.fromkeys((*mapping.groups, *groups)))}
    return mapping.model_copy(update=update if label is None else {**update, "label": label})
