"""The rows of a file for a check, and the file without what was found: a new one, with its origin beside it."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Collection
from pathlib import Path

from ...errors import BadRequest
from ..reading.files import read_file
from ..reading.schemas import Fault, Mapping
from .check import Rows
from .damage import repaired
from .personal import masked
from .schemas import CheckedOut, Kind

APPLIED: tuple[Kind, ...] = ("leak", "near_leak", "duplicate", "conflict", "damaged", "personal")
DROPPED = frozenset({"leak", "near_leak", "duplicate", "near_duplicate", "conflict", "foreign", "long", "unreadable"})
MENDED: tuple[tuple[Kind, Callable[[str], str]], ...] = (("damaged", repaired), ("personal", masked))


def rows_of(path: Path, *, text: str | None = None, label: str | None = None) -> Rows:
    """Raises BadRequest with the file and the reason."""
    entries = read_file(path, mapping=None if text is None else Mapping(text=text), label=label).entries
    good = [(at, row) for at, row in enumerate(entries) if not isinstance(row, Fault)]
    return Rows(
        path.name,
        tuple(at for at, _ in good),
        tuple(row.text for _, row in good),
        tuple(row.label for _, row in good),
        tuple(at for at, row in enumerate(entries) if isinstance(row, Fault)),
    )


def cleaned(
    rows: Rows, found: CheckedOut, kinds: Collection[Kind]
) -> tuple[list[tuple[str, str | None]], dict[str, int]]:
    """Texts and labels after the actions for `kinds`, and how many rows each of them changed or left out.

    Of conflicts every row is left out: nobody knows which label is right.
    """
    by_kind = {finding.kind: set(finding.rows) for finding in found.findings}
    counts: dict[str, int] = {}
    gone: set[int] = set()
    for finding in found.findings:
        if finding.kind in kinds and finding.kind in DROPPED:
            fresh = set(finding.rows) - gone
            counts[finding.kind] = counts.get(finding.kind, 0) + len(fresh)
            gone |= fresh
    kept = []
    for number, text, label in zip(rows.numbers, rows.texts, rows.labels, strict=True):
        if number in gone:
            continue
        for kind, mend in MENDED:
            if kind in kinds and number in by_kind.get(kind, set()):
                mended = mend(text)
                counts[kind] = counts.get(kind, 0) + (mended != text)
                text = mended
        kept.append((text, label))
    return kept, counts


def write_cleaned(path: Path, source: Path, kept: list[tuple[str, str | None]], counts: dict[str, int]) -> None:
    """A CSV with text and label, and beside it FILE.origin.json. Raises BadRequest where the file is there already."""
    if path.exists():
        raise BadRequest(f"{path} is there already", cure="Name another file: nothing is written over.")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("text", "label"))
        writer.writerows((text, label or "") for text, label in kept)
    origin = {
        "made_from": {"file": source.name, "sha256": hashlib.sha256(source.read_bytes()).hexdigest()},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "rows": len(kept),
        "changed": counts,
    }
    beside = path.with_name(f"{path.name}.origin.json")
    beside.write_text(json.dumps(origin, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
