"""Labelled texts from files. A reader yields (text, label) and counts the rows that it cannot read; the plan's labels
give a label its number."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..datasets.duplicates import fingerprint, place
from ..datasets.reading.forms.decoding import lines_of
from ..datasets.reading.labels import match
from ..datasets.reading.parsing import form_of, parse
from ..datasets.reading.report import BadRows
from ..datasets.reading.schemas import Fault, Mapping
from ..errors import BadFile
from .plan import Plan, Source, Texts

Pair = tuple[str, str | None]  # text, label
SST_NAMES = {0: "negative", 1: "negative", 3: "positive", 4: "positive"}
BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-lrb-": "(", "-rrb-": ")", "``": '"', "''": '"'}


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    label: int


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The entry of a data file in the card. rows: how many are used. bad: a line for each of the first rows that could
    not be read."""

    path: str
    sha256: str
    rows: int
    bad_rows: int = 0
    unlabelled: int = 0
    bad: tuple[str, ...] = ()

    @property
    def left_out(self) -> dict[str, int]:
        return {name: n for name in ("bad_rows", "unlabelled") if (n := getattr(self, name))}


class BadData(ValueError):
    """The message names the file, the row and what was expected there."""


def missing_files(plan: Plan, root: Path) -> list[str]:
    """The plan's files that are not below `root`."""
    wanted = dict.fromkeys(source.path for source in _sources(plan))
    return [path for path in wanted if not (root / path).is_file()]


def _sources(plan: Plan) -> tuple[Source, ...]:
    return (*plan.train, *plan.judge, *(plan.pretrain.texts if plan.pretrain else ()))


def survey(plan: Plan, root: Path) -> list[FileRecord]:
    """The records of every file of a plan, before anything is computed. Raises BadData."""
    return [read(source, root, plan.labels)[1] for source in (*plan.train, *plan.judge)]


def read(source: Source, root: Path, labels: Sequence[str]) -> tuple[list[Example], FileRecord]:
    """Every row of one file that has a label. Rows that cannot be read, and those without a label, are counted; a label
    that means none of `labels` is an error. Raises BadData."""
    path = root / source.path
    pairs, bad = _pairs(source, root)
    pairs = drawn(pairs, source)
    numbers = _numbers(source, [label for _, label in pairs if label is not None], labels)
    examples = [Example(text, numbers[label]) for text, label in pairs if label is not None]
    if not examples:
        raise BadData(f"{source.path}: no row has a text and a label{''.join(f'; {line}' for line in bad.told(1))}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    unlabelled = len(pairs) - len(examples)
    return examples, FileRecord(source.path, digest, len(examples), bad.count, unlabelled, tuple(bad.told(20)))


def _pairs(source: Source, root: Path) -> tuple[list[Pair], BadRows]:
    """Every row that can be read, and those that cannot. Raises BadData."""
    path, bad = root / source.path, BadRows()
    pairs: list[Pair] = []
    try:
        pairs.extend(READERS[source.reader](path, source, bad))
    except BadFile as error:
        raise BadData(f"{source.path}: {error}. {error.cure}".removesuffix(". ")) from error
    except (KeyError, IndexError, AttributeError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        place = f"{source.path}, after row {len(pairs)}"
        raise BadData(f"{place}: not what the reader {source.reader!r} expects ({error!r})") from error
    return pairs, bad


def _numbers(source: Source, found: Sequence[str], labels: Sequence[str]) -> dict[str, int]:
    """The class of each label, by name: the order of a plan's labels says nothing of the numbers in a file."""
    matched = match(tuple(dict.fromkeys(found)), labels)
    unmatched = matched.unmatched if matched.by == "name" else tuple(dict.fromkeys(found))
    if unmatched:
        entries = ", ".join(f'"{each[:40]}" = "…"' for each in unmatched[:3])
        raise BadData(
            f"{source.path}: label {unmatched[0][:80]!r} is none of {', '.join(labels)}; "
            f"say which it means: classes = {{ {entries} }}"
        )
    return {label: labels.index(name) for label, name in matched.classes.items()}


def texts_of(sources: Sequence[Source], root: Path) -> list[str]:
    """The different texts of files, whatever their labels. Raises BadData."""
    found: dict[str, str] = {}
    for source in sources:
        for text, _ in drawn(_pairs(source, root)[0], source):
            found.setdefault(fingerprint(text), text)
    return list(found.values())


def drawn(pairs: list[Pair], source: Source) -> list[Pair]:
    """The rows of the source's share. Files to learn from and files to judge by are drawn apart."""
    if source.share == 1:
        return pairs
    salt = type(source).__name__
    return [pair for pair in pairs if place(pair[0], salt) < source.share]


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
    if not examples:
        raise BadData("every text to learn from is also one to be judged by; give others, or judge by other files")
    return list(examples.values()), records


def _sst_phrases(path: Path, source: Source, bad: BadRows) -> Iterator[Pair]:
    """Every labelled subtree that is not neutral, longest first, so that a duplicate keeps its sentence's label."""
    phrases: dict[str, int] = {}
    for line in lines_of(path):
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


def _sst_binary(path: Path, source: Source, bad: BadRows) -> Iterator[Pair]:
    for line in lines_of(path):
        grade, _, text = line.partition(" ")
        yield " ".join(BRACKETS.get(t, t) for t in text.split()), ("negative", "positive")[int(grade)]


def _imdb_cad(path: Path, source: Source, bad: BadRows) -> Iterator[Pair]:
    for text, label in _rows(path, Mapping(text="Text", label="Sentiment"), bad):
        yield text, label and label.lower()


def _hatexplain_csv(path: Path, source: Source, bad: BadRows) -> Iterator[Pair]:
    for text, label in _rows(path, Mapping(text="text", label="label"), bad):
        yield text, label and _normal_or_toxic(label)


def _hatexplain_jsonl(path: Path, source: Source, bad: BadRows) -> Iterator[Pair]:
    """Texts that are lists of words."""
    for line in lines_of(path):
        row = json.loads(line)
        yield " ".join(row["tokens"]), _normal_or_toxic(row["majority"])


def _normal_or_toxic(label: str) -> str:
    return "normal" if label == "normal" else "toxic"


def _table(path: Path, source: Source, bad: BadRows) -> Iterator[Pair]:
    label = None if isinstance(source, Texts) else source.label
    return _rows(path, Mapping(text=source.text, label=label, classes=source.classes), bad)


def _rows(path: Path, mapping: Mapping, bad: BadRows) -> Iterator[Pair]:
    """Raises BadFile."""
    for row in parse(path, form_of(path, path.name), mapping=mapping).rows:
        if isinstance(row, Fault):
            bad.add(row)
        else:
            yield row.text, row.label


READERS: dict[str, Callable[[Path, Source, BadRows], Iterator[Pair]]] = {
    "sst_phrases": _sst_phrases,
    "sst_binary": _sst_binary,
    "imdb_cad": _imdb_cad,
    "hatexplain_csv": _hatexplain_csv,
    "hatexplain_jsonl": _hatexplain_jsonl,
    "table": _table,
}
