"""A data set before it is learned from: copies, conflicts, leaks, damage, languages, lengths, personal data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..._library import explainers
from ..duplicates import near_texts, same_texts, seen_before
from .damage import is_damaged
from .languages import languages_of
from .personal import found_in
from .schemas import Action, CheckedOut, FindingOut, Kind, LengthsOut

SMALL_CLASS = 0.05  # share of the texts with a label, below which a class is called small
READ = 512  # tokens of the base model
Told = Callable[[float, str], None]


@dataclass(frozen=True)
class Rows:
    """The rows of a file by their numbers; `unreadable` are numbered too."""

    name: str
    numbers: tuple[int, ...]
    texts: tuple[str, ...]
    labels: tuple[str | None, ...]
    unreadable: tuple[int, ...] = ()


def check(rows: Rows, others: Sequence[Rows] = (), *, tell: Told) -> CheckedOut:
    """Everything that is found, in the order of what it does to a model."""
    findings: list[FindingOut] = []
    tell(0.0, "copies")
    findings += _copies(rows)
    for at, other in enumerate(others):
        tell(0.3 + 0.3 * at / len(others), "leaks")
        findings += _leaks(rows, other)
    tell(0.6, "damage")
    damaged = list(map(is_damaged, rows.texts))
    findings += _listed("damaged", "repair", "characters were lost or read in a wrong encoding", rows, damaged)
    tell(0.7, "languages")
    whole = [at for at, is_so in enumerate(damaged) if not is_so]
    own, languages, foreign = languages_of([rows.texts[at] for at in whole])
    if foreign:
        numbers = [rows.numbers[whole[at]] for at in foreign]
        findings.append(_finding("foreign", "review", f"in another language than {own}", numbers))
    tell(0.8, "personal data")
    findings += _personal(rows)
    tell(0.9, "lengths")
    lengths, longer = _lengths(rows.texts)
    if longer:
        told = f"longer than the {READ} tokens that the base model reads; the rest is cut"
        findings.append(_finding("long", "review", told, [rows.numbers[at] for at in longer]))
    findings += _balance(rows)
    if rows.unreadable:
        findings.append(_finding("unreadable", "drop", "could not be read", list(rows.unreadable)))
    counts = Counter(label for label in rows.labels if label is not None)
    return CheckedOut(
        file=rows.name,
        rows=len(rows.numbers) + len(rows.unreadable),
        labels=dict(counts.most_common()),
        languages=languages,
        lengths=lengths,
        findings=tuple(findings),
    )


def _copies(rows: Rows) -> list[FindingOut]:
    """Texts that have two labels; copies with one label; texts that are nearly the same."""
    conflicts: dict[int, int] = {}
    copies: dict[int, int] = {}
    for group in same_texts(rows.texts):
        spoken = {rows.labels[at] for at in group} - {None}
        if len(spoken) > 1:
            conflicts |= {at: group[0] if at != group[0] else group[1] for at in group}
        else:
            copies |= dict.fromkeys(group[1:], group[0])
    near: dict[int, int] = {}
    for pair in near_texts(rows.texts):
        near.setdefault(pair.second, pair.first)
    return [
        *_pairs("conflict", "relabel", "the same text has two labels", rows, conflicts),
        *_pairs("duplicate", "drop", "the same text stands before", rows, copies),
        *_pairs("near_duplicate", "review", "nearly the same text stands before", rows, near),
    ]


def _leaks(rows: Rows, other: Rows) -> list[FindingOut]:
    found = seen_before(rows.texts, other.texts)
    same = {at: there for at, (there, likeness) in found.items() if likeness == 1.0}
    near = {at: there for at, (there, _) in found.items() if at not in same}
    findings = []
    leaks: tuple[tuple[Kind, str, dict[int, int]], ...] = (
        ("leak", "the same text is", same),
        ("near_leak", "nearly the same text is", near),
    )
    for kind, told, there in leaks:
        if there:
            made = _finding(kind, "drop", f"{told} in {other.name}", [rows.numbers[at] for at in there])
            where = tuple(other.numbers[at] for at in there.values())
            findings.append(made.model_copy(update={"file": other.name, "others": where}))
    return findings


def _personal(rows: Rows) -> list[FindingOut]:
    held: dict[str, list[int]] = defaultdict(list)
    every = []
    for number, text in zip(rows.numbers, rows.texts, strict=True):
        kinds = {kind for kind, _, _ in found_in(text)}
        every += [number] if kinds else []
        for kind in kinds:
            held[kind].append(number)
    if not every:
        return []
    counts = ", ".join(f"{len(numbers)} with {kind}" for kind, numbers in sorted(held.items()))
    return [_finding("personal", "mask", f"personal data: {counts}", every)]


def _lengths(texts: Sequence[str]) -> tuple[LengthsOut | None, list[int]]:
    if not texts:
        return None, []
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(explainers.base_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    counts = np.array([len(each.ids) for each in tokenizer.encode_batch(list(texts))])
    lengths = LengthsOut(median=int(np.median(counts)), longest=int(counts.max()), most=READ)
    return lengths, np.flatnonzero(counts > READ).tolist()


def _balance(rows: Rows) -> list[FindingOut]:
    """Classes with few texts: their accuracy hides behind that of the others."""
    counts = Counter(label for label in rows.labels if label is not None)
    total = sum(counts.values())
    made = []
    for label, count in counts.items():
        if len(counts) > 1 and count < SMALL_CLASS * total:
            numbers = [number for number, own in zip(rows.numbers, rows.labels, strict=True) if own == label]
            made.append(_finding("balance", "review", f"only {count} of {total} texts have the label {label}", numbers))
    return made


def _listed(kind: Kind, action: Action, told: str, rows: Rows, marked: Iterable[bool]) -> list[FindingOut]:
    numbers = [number for number, is_so in zip(rows.numbers, marked, strict=True) if is_so]
    return [_finding(kind, action, told, numbers)] if numbers else []


def _pairs(kind: Kind, action: Action, told: str, rows: Rows, pairs: Mapping[int, int]) -> list[FindingOut]:
    if not pairs:
        return []
    finding = _finding(kind, action, told, [rows.numbers[at] for at in pairs])
    return [finding.model_copy(update={"others": tuple(rows.numbers[at] for at in pairs.values())})]


def _finding(kind: Kind, action: Action, told: str, numbers: list[int]) -> FindingOut:
    return FindingOut(kind=kind, action=action, told=told, rows=tuple(numbers))
