"""Which column is what: guessed from names and first rows, and held against the file when it is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import BadFile
from .limits import Limits
from .records import Entry
from .schemas import Column, Mapping

TEXT = ("text", "sentence", "review", "comment", "content", "tweet", "post", "body", "message", "document", "utterance",
        "test_case", "premise", "sentence1", "text_a", "text1", "review_body", "comment_text", "question")  # fmt: skip
PAIR = ("text_pair", "sentence2", "text_b", "text2", "hypothesis", "second", "answer")
LABEL = ("label", "labels", "sentiment", "class", "target", "category", "score", "y", "gold", "rating", "stars",
         "toxicity", "emotion", "label_gold")  # fmt: skip
GROUP = ("group", "groups", "gender", "sex", "race", "ethnicity", "religion", "identity", "target_identity", "topic",
         "domain", "source", "language", "lang", "region", "country", "age", "dialect")  # fmt: skip
FUNCTIONAL = ("functionality", "target_ident", "templ_id")  # of a functional test in HateCheck's form
IDENTITY = ("id", "uid", "guid", "row_id", "key", "index", "idx")
SHOWN, LONGEST_SAMPLE = 3, 120
FEW = 30  # different values of a column that may be a label or a group
MOST_PARTS = 12  # different values of a column that is taken for a group whatever it is called


def describe(names: Sequence[str], sample: Iterable[Entry]) -> tuple[Column, ...]:
    """The columns with a few of their values."""
    seen: dict[str, dict[str, None]] = {name: {} for name in names}
    nested: set[str] = set()
    for entry in sample:
        for name in names:
            value = entry.values.get(name)
            if isinstance(value, list | dict):
                nested.add(name)
            elif value is not None and value == value:  # NaN is no value
                seen[name].setdefault(str(value)[:LONGEST_SAMPLE])
    return tuple(
        Column(name=name, samples=tuple(values)[:SHOWN], different=len(values), nested=name in nested and not values)
        for name, values in seen.items()
    )


def guess(
    columns: Sequence[Column], sample: Sequence[Entry], limits: Limits, *, headerless: bool = False
) -> Mapping | None:
    """None where no column holds text, or where the text may be in one that cannot be read.

    headerless: the only other column, where it has few values, is the label although nothing says so.
    """
    usable = {column.name: column for column in columns if column.samples}
    text = _named(usable, TEXT)
    if text is None and not any(column.nested for column in columns):
        text = _longest(usable, sample)
    if text is None:
        return None
    rest = {name: column for name, column in usable.items() if name != text}
    few = {name: column for name, column in rest.items() if column.different <= FEW}
    pair = _named(rest, PAIR)
    label = _named(few, LABEL)
    if headerless and len(rest) == len(few) == 1 and 2 * len(_values(sample, *few)) <= len(sample) + 1:
        label = next(iter(few))
    taken = (pair, label)
    wanted = [name for name in rest if name in FUNCTIONAL] if text == "test_case" else []
    wanted += [name for name in few if folded(name) in GROUP and name not in taken]
    wanted += [name for name in few if name not in taken and name not in wanted and _parts(few[name], len(sample))]
    groups = wanted[: limits.groups]
    return Mapping(text=text, text_pair=pair, label=label, groups=tuple(groups), id=_named(rest, IDENTITY))


def _parts(column: Column, rows: int) -> bool:
    """Whether a column that nothing else is known of parts the rows into groups that one could compare."""
    return folded(column.name) not in IDENTITY and 1 < column.different <= MOST_PARTS and 4 * column.different <= rows


def used(mapping: Mapping) -> tuple[str, ...]:
    return tuple(name for name in (mapping.text, mapping.text_pair, mapping.label, *mapping.groups, mapping.id) if name)


def check(mapping: Mapping, names: Sequence[str]) -> None:
    """Raises BadFile for a column that is not there or has two uses."""
    for name in used(mapping):
        if name not in names:
            listed = ", ".join(names[:20])
            raise BadFile(f"the file has no column {name[:80]!r}; it has: {listed}", cure="Choose one of its columns.")
    if len({mapping.text, mapping.text_pair}) == 1 or len(set(mapping.groups)) != len(mapping.groups):
        raise BadFile("a column is used twice", cure="Choose a column of its own for each.")


def _values(sample: Sequence[Entry], name: str) -> set[str]:
    return {str(entry.values.get(name)) for entry in sample}


def _named(columns: dict[str, Column], wanted: Sequence[str]) -> str | None:
    known = {folded(name): name for name in reversed(columns)}
    return next((known[name] for name in wanted if name in known), None)


def folded(name: str) -> str:
    return name.casefold().strip().replace(" ", "_").replace("-", "_")


def _longest(columns: dict[str, Column], sample: Sequence[Entry]) -> str | None:
    """The column whose values have the most characters, where they are text at all."""
    lengths: dict[str, int] = {}
    for name in columns:
        if folded(name) in (*LABEL, *IDENTITY):
            continue
        values: list[Any] = [entry.values.get(name) for entry in sample]
        texts = [value for value in values if isinstance(value, str) and any(map(str.isalpha, value))]
        if 2 * len(texts) > len(values):
            lengths[name] = sum(map(len, texts))
    return max(lengths, key=lambda name: lengths[name]) if lengths else None
