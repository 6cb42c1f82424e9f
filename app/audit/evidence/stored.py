"""The base of a report's numbers: rows, word scores and edits, kept as Parquet files beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BadRequest
from ..data.groups import Membership
from ..data.material import Match, Pair
from ..data.swapped import Replacement
from ..data.values import Bools, Floats, Ints
from .evidence import Edited, Evidence, ExplainedText, Word

NAMES = ("rows", "words", "texts", "edits", "pairs", "swaps", "matches")
ROWS, WORDS, TEXTS, EDITS, PAIRS, SWAPS, MATCHES = (f"{name}.parquet" for name in NAMES)
GROUP = "group: "


@dataclass(frozen=True)
class Stored:
    """hashes: SHA-256 of each text. clusters: names, None where rows are independent. twins: rows that are
    counterfactual twins of others and are not measured themselves. texts: of the explained rows alone. labels: true
    where the row is of the class; labelled: where its label is known, None where no row has one."""

    hashes: tuple[str, ...]
    scores: Floats
    labels: Bools | None
    membership: Membership
    clusters: tuple[str, ...] | None
    twins: Bools
    functions: tuple[str, ...] | None = None
    labelled: Bools | None = None
    pairs: tuple[Pair, ...] = ()
    matches: tuple[Match, ...] = ()  # a sample, where terms say who is named
    texts: Mapping[int, str] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)

    def __post_init__(self) -> None:
        if self.labels is not None and self.labelled is None:
            object.__setattr__(self, "labelled", np.ones(len(self.labels), dtype=bool))

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def negatives(self) -> Bools | None:
        """Rows that are known not to be of the class."""
        return None if self.labels is None or self.labelled is None else self.labelled & ~self.labels

    @property
    def blocks(self) -> Ints | None:
        """Clusters as numbers."""
        if self.clusters is None:
            return None
        return np.unique(np.array(self.clusters), return_inverse=True)[1].astype(np.int64)


def write(stored: Stored, folder: Path) -> dict[str, str]:
    """Writes the tables; returns name → SHA-256."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, columns in _columns(stored).items():
        path = folder / name
        pq.write_table(pa.table(columns), path, compression="zstd")
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _columns(stored: Stored) -> dict[str, dict[str, Any]]:
    import pyarrow as pa

    members = stored.membership
    rows: dict[str, Any] = {"text_sha256": list(stored.hashes), "score": stored.scores, "twin": stored.twins}
    if stored.labels is not None:
        rows["label"] = pa.array(stored.labels, mask=None if stored.labelled is None else ~stored.labelled)
    if stored.clusters is not None:
        rows["cluster"] = list(stored.clusters)
    if stored.functions is not None:
        rows["function"] = list(stored.functions)
    for g, (name, axis) in enumerate(zip(members.names, members.axes, strict=True)):
        state = np.where(members.inside[:, g], 1, np.where(members.background[:, g], 0, -1)).astype(np.int8)
        rows[f"{GROUP}{axis}\t{name}"] = state
    explained, edited = stored.evidence.explained, stored.evidence.edited
    tables = {
        ROWS: rows,
        TEXTS: {
            "row": [each.row for each in explained],
            "method": [each.method for each in explained],
            "text": [stored.texts[each.row] for each in explained],
            **{
                name: [getattr(each, name) for each in explained]
                for name in ("output", "baseline", "comprehensiveness", "sufficiency")
            },
        },
        WORDS: {
            "row": [each.row for each in explained for _ in each.words],
            "method": [each.method for each in explained for _ in each.words],
            **{
                name: [getattr(word, name) for each in explained for word in each.words]
                for name in ("text", "start", "end", "score")
            },
            "part": [word.part for each in explained for word in each.words],
        },
        EDITS: {name: [getattr(each, name) for each in edited] for name in ("gap", "word", "row", "score")},
    }
    if stored.pairs:
        tables[PAIRS] = {
            name: [getattr(each, name) for each in stored.pairs] for name in ("row", "other", "before", "after")
        }
        tables[SWAPS] = {"pair": [k for k, each in enumerate(stored.pairs) for _ in each.replacements]} | {
            name: [getattr(one, name) for each in stored.pairs for one in each.replacements]
            for name in ("start", "end", "old", "new", "rule")
        }
    if stored.matches:
        names = [each.name for each in fields(Match)]
        tables[MATCHES] = {name: [getattr(each, name) for each in stored.matches] for name in names}
    return tables


def read(folder: Path, hashes: Mapping[str, str]) -> Stored:
    """Raises BadRequest for a table that is missing or is not the one whose hash the report holds."""
    for name, wanted in hashes.items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise BadRequest(f"the table {name!r} is missing beside the report")
        if hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
            raise BadRequest(f"the table {name!r} was changed: its SHA-256 is not the one in the report")
    rows = _table(folder / ROWS)
    groups = [name for name in rows if name.startswith(GROUP)]
    states = np.array([rows[name] for name in groups]).T.reshape(len(rows["score"]), len(groups))
    split = [name.removeprefix(GROUP).split("\t", 1) for name in groups]
    membership = Membership(
        tuple(name for _, name in split), tuple(axis for axis, _ in split), states == 1, states == 0
    )
    texts, evidence = _evidence(folder)
    return Stored(
        hashes=tuple(rows["text_sha256"]),
        scores=np.array(rows["score"], dtype=np.float64),
        labels=np.array([label is True for label in rows["label"]]) if "label" in rows else None,
        labelled=np.array([label is not None for label in rows["label"]]) if "label" in rows else None,
        membership=membership,
        clusters=tuple(rows["cluster"]) if "cluster" in rows else None,
        twins=np.array(rows["twin"], dtype=bool),
        functions=tuple(rows["function"]) if "function" in rows else None,
        pairs=_pairs(folder) if PAIRS in hashes else (),
        matches=tuple(Match(*each) for each in _records(_table(folder / MATCHES))) if MATCHES in hashes else (),
        texts=texts,
        evidence=evidence,
    )


def _pairs(folder: Path) -> tuple[Pair, ...]:
    replaced: dict[int, list[Replacement]] = {}
    for pair, *one in _records(_table(folder / SWAPS)):
        replaced.setdefault(pair, []).append(Replacement(*one))
    found = (Pair(*row) for row in _records(_table(folder / PAIRS)))
    return tuple(replace(pair, replacements=tuple(replaced.get(k, ()))) for k, pair in enumerate(found))


def _evidence(folder: Path) -> tuple[dict[int, str], Evidence]:
    words: dict[tuple[int, str], list[Word]] = {}
    table = _table(folder / WORDS)
    order = ("row", "method", "text", "start", "end", "part", "score")
    for row, method, text, start, end, part, score in zip(*(table[name] for name in order), strict=True):
        words.setdefault((row, method), []).append(Word(text, start, end, part, score))
    texts = _table(folder / TEXTS)
    names = ("row", "method", "output", "baseline", "comprehensiveness", "sufficiency")
    explained = tuple(
        ExplainedText(words=tuple(words.get(values[:2], ())), **dict(zip(names, values, strict=True)))
        for values in zip(*(texts[name] for name in names), strict=True)
    )
    edited = tuple(Edited(*values) for values in _records(_table(folder / EDITS)))
    return dict(zip(texts["row"], texts["text"], strict=True)), Evidence(explained, edited)


def _table(path: Path) -> dict[str, list[Any]]:
    import pyarrow.parquet as pq

    found: dict[str, list[Any]] = pq.read_table(path).to_pydict()
    return found


def _records(table: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*table.values(), strict=True))
