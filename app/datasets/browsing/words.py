"""Which words carry the predictions of a data set: mean attribution x frequency over the explained rows."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable

from sqlalchemy.orm import Session

from ...store.datasets import facts as dataset_facts
from ...store.datasets.facts import Explained
from ...store.datasets.tables import DatasetRun
from ..schemas import WordOut

MOST_WORDS = 100  # of a class, those with the largest sum


def gather(session: Session, run: int) -> None:
    """Writes the word table of a run."""
    found = dataset_facts.explained(session, run)
    row = session.get_one(DatasetRun, run)
    row.explained = len(found)
    wrong = dataset_facts.wrong(session, run, list(found), json.loads(row.labels))
    row.words = json.dumps([word.model_dump() for word in table(found.values(), wrong)])


def table(found: Iterable[Explained], wrong: Collection[int] = ()) -> tuple[WordOut, ...]:
    """Words of each class, the strongest first. A word that stands twice in a text counts twice. wrong: the rows that
    the model gets wrong, of which the means stand apart, too."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(list)
    failing: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in found:
        for label, words in each.words.items():
            for word, score in words:
                if word.strip():
                    sums[label, word.strip().casefold()].append(score)
                    if each.number in wrong:
                        failing[label, word.strip().casefold()].append(score)
    by_class: dict[str, list[WordOut]] = defaultdict(list)
    for (label, word), scores in sums.items():
        total = sum(scores)
        bad = failing.get((label, word), [])
        by_class[label].append(
            WordOut(
                label=label, word=word, mean=total / len(scores), count=len(scores), total=total,
                wrong_mean=sum(bad) / len(bad) if bad else None, wrong_count=len(bad),
            )
        )  # fmt: skip
    return tuple(
        word
        for label in sorted(by_class)
        for word in sorted(by_class[label], key=lambda word: (-abs(word.total), word.word))[:MOST_WORDS]
    )
