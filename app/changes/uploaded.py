"""The texts of a data set that was sent, for jobs."""

from __future__ import annotations

from collections.abc import Sequence

from ..datasets import service as datasets
from ..datasets.reading.parsing import Row
from ..jobs.runner.work import Work
from .material import Texts, texts_of


def texts_of_dataset(work: Work, id: str, classes: Sequence[str]) -> Texts:
    """Raises BadRequest where a label is no class of the models."""
    found = datasets.find(work.store, work.project, id)
    rows: list[Row] = []
    for part in datasets.parts(work.store, work.project, found.id):
        work.check()
        rows += [Row(len(rows) + at, each.text, None, each.label, dict(each.groups)) for at, each in enumerate(part)]
    return texts_of(found.name, found.sha256 or "", rows, classes, groups=tuple(found.groups))
