"""Labelled texts from files. A reader yields (text, label name); the plan's labels give it a number."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .plan import Plan, Source

SST_NAMES = {0: "negative", 1: "negative", 3: "positive", 4: "positive"}
BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-lrb-": "(", "-rrb-": ")", "``": '"', "''": '"'}


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    label: int


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the card says of a data file."""

    path: str
    sha256: str
    rows: int


class BadData(ValueError):
    """The message names the file, the row and what was expected there."""


def missing_files(plan: Plan, root: Path) -> list[str]:
    """The plan's files that are not below `root`."""
    wanted = dict.fromkeys(source.path for source in (*plan.train, *plan.judge))
    return [path for path in wanted if not (root / path).is_file()]


def read(source: Source, root: Path, labels: Sequence[str]) -> tuple[list[Example], FileRecord]:
    """Every row of one file whose label is among `labels`; a label outside them is an error."""
    path = root / source.path
    number = {name: i for i, name in enumerate(labels)}
    examples = []
    try:
        for text, label in READERS[source.reader](path, source):
            if label not in number:
                raise BadData(f"{source.path}: label {label!r} is none of {', '.join(labels)}")
            examples.append(Example(text, number[label]))
    except (KeyError, IndexError, AttributeError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        place = f"{source.path}, after row {len(examples)}"
        raise BadData(f"{place}: not what the reader {source.reader!r} expects ({error!r})") from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return examples, FileRecord(source.path, digest, len(examples))


def training_examples(plan: Plan, root: Path) -> tuple[list[Example], list[FileRecord]]:
    """The plan's training rows without duplicates and without any text that the plan is judged by."""
    held_out = {fingerprint(e.text) for j in plan.judge for e in read(j, root, plan.labels)[0]}
    examples: dict[str, Example] = {}
    records = []
    for source in plan.train:
        rows, record = read(source, root, plan.labels)
        records.append(record)
        for example in rows:
            if (key := fingerprint(example.text)) not in held_out:
                examples.setdefault(key, example)
    return list(examples.values()), records


def fingerprint(text: str) -> str:
    """Equal for texts that differ in case, punctuation or spacing only."""
    return re.sub(r"\W+", "", text).casefold()


def _sst_phrases(path: Path, source: Source) -> Iterator[tuple[str, str]]:
    """Every labelled subtree that is not neutral, longest first, so that a duplicate keeps its sentence's label."""
    phrases: dict[str, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        for grade, phrase in _subtrees(line):
            phrases.setdefault(phrase, grade)
    for phrase, grade in phrases.items():
        if grade in SST_NAMES:
            yield phrase, SST_NAMES[grade]


def _subtrees(line: str) -> Iterable[tuple[int, str]]:
    stack: list[tuple[int, list[str]]] = []
    found: list[tuple[int, str]] = []
    for token in re.findall(r"\(\d|\)|[^\s()]+", line):
        if token.startswith("("):
            stack.append((int(token[1:]), []))
        elif token == ")":  # noqa: S105 - a bracket of the tree
            grade, words = stack.pop()
            found.append((grade, " ".join(words)))
            if stack:
                stack[-1][1].extend(words)
        else:
            stack[-1][1].append(BRACKETS.get(token, token).replace("\\/", "/"))
    return reversed(found)


def _sst_binary(path: Path, source: Source) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        grade, _, text = line.partition(" ")
        yield " ".join(BRACKETS.get(t, t) for t in text.split()), ("negative", "positive")[int(grade)]


def _imdb_cad(path: Path, source: Source) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield row["Text"], row["Sentiment"].lower()


def _hatexplain_csv(path: Path, source: Source) -> Iterator[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["text"], _normal_or_toxic(row["label"])


def _hatexplain_jsonl(path: Path, source: Source) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield " ".join(row["tokens"]), _normal_or_toxic(row["majority"])


def _normal_or_toxic(label: str) -> str:
    return "normal" if label == "normal" else "toxic"


def _table(path: Path, source: Source) -> Iterator[tuple[str, str]]:
    if path.suffix == ".jsonl":
        rows: Iterable[dict[str, str]] = (json.loads(s) for s in path.read_text(encoding="utf-8").splitlines())
    else:
        text = path.read_text(encoding="utf-8")
        rows = csv.DictReader(text.splitlines(), delimiter="\t" if path.suffix == ".tsv" else ",")
    for row in rows:
        yield row[source.text], str(row[source.label])


READERS: dict[str, Callable[[Path, Source], Iterator[tuple[str, str]]]] = {
    "sst_phrases": _sst_phrases,
    "sst_binary": _sst_binary,
    "imdb_cad": _imdb_cad,
    "hatexplain_csv": _hatexplain_csv,
    "hatexplain_jsonl": _hatexplain_jsonl,
    "table": _table,
}
