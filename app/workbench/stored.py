"""A frame as it is stored: columns of a run, and what was found out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from ..audit.data.values import Bools
from ..datasets.vectors import units_of
from ..schemas import Record
from ..store.datasets import bench, columns
from ..store.datasets import rows as datasets
from .study.choose import fitting
from .study.contrast import WordLine, contrast_of
from .study.figures import Figures
from .study.finder import Findings
from .study.frame import Frame
from .study.language import Textual, written
from .study.places import Places
from .study.tags import Tagged

TOGETHER = 20_000  # rows whose texts are looked through at once
VERSION = 1


class FiguresOut(Record):
    """Accuracy within a slice beside that of the other rows."""

    rows: int
    n: int
    accuracy: float | None
    interval: tuple[float, float] | None
    rest: float | None
    gap: float | None
    gap_interval: tuple[float, float] | None
    p: float | None
    q: float | None
    detectable: float | None


class FoundOut(Record):
    """A slice that was sought on one half of the rows and tested on the other."""

    statement: str
    sought: FiguresOut
    held: FiguresOut
    confirmed: bool
    examples: tuple[int, ...]


class Study(Record):
    """Findings about a run, stored beside its columns."""

    version: int = VERSION
    classes: tuple[str, ...]
    one_class: bool = Field(description="Whether one class holds at a time.")
    labels: tuple[str, ...]
    groups: dict[str, tuple[str, ...]]
    tags: tuple[str, ...]
    counts: dict[str, int]
    found: tuple[FoundOut, ...]
    tried: int
    halves: tuple[int, int]
    detectable: float | None
    explained: tuple[float, float] | None = Field(description="Share of variance of either dimension of the map.")
    clusters: tuple[tuple[str, ...], ...] = Field(description="Words of each cluster.")
    words: tuple[str, ...]


def figures_out(given: Figures) -> FiguresOut:
    def ends(interval: Any) -> tuple[float, float] | None:
        return None if interval is None else (interval.low, interval.high)

    return FiguresOut(
        rows=given.rows, n=given.n, accuracy=given.accuracy, interval=ends(given.interval), rest=given.rest_accuracy,
        gap=given.gap, gap_interval=ends(given.gap_interval), p=given.p, q=given.q, detectable=given.detectable,
    )  # fmt: skip


def write(
    session: Session, run: int, frame: Frame, *, tagged: Tagged, found: Findings, places: Places | None,
    clusters: Sequence[tuple[str, ...]], words: Mapping[str, Bools], one_class: bool,
) -> None:  # fmt: skip
    """Everything a page asks of a run, as columns and one record."""
    arrays: dict[str, Any] = {
        "label": frame.label.codes.astype(np.int16),
        "predicted": frame.predicted.codes.astype(np.int16),
        "confidence": frame.confidence.astype(np.float32),
        "words": narrow(frame.length),
        "characters": narrow(np.fromiter(map(len, frame.texts), dtype=np.int32, count=len(frame))),
        "tags": _bits(tagged.tags, len(frame)),
        "same": tagged.same.astype(np.int32),
    }
    if frame.probabilities is not None and len(frame.classes) <= 50:
        arrays["probabilities"] = frame.probabilities
    if tagged.doubts is not None:
        arrays["quality"] = tagged.doubts.quality.astype(np.float32)
        arrays["better"] = tagged.doubts.better.astype(np.int16)
    if places is not None:
        arrays |= {"place": places.place.astype(np.float32), "cluster": places.clusters.astype(np.int16)}
        arrays["vectors"] = units_of(places.vectors).astype(np.float16)
    for number, column in enumerate(frame.groups.values()):
        arrays[f"group:{number}"] = narrow(column.codes)
    if words:
        arrays["holders"] = np.packbits(np.stack(list(words.values())), axis=1)
    columns.write(session, run, arrays)
    record = Study(
        classes=frame.classes, one_class=one_class, labels=frame.label.names,
        groups={name: column.names for name, column in frame.groups.items()}, tags=tuple(tagged.tags),
        counts={tag: int(mask.sum()) for tag, mask in tagged.tags.items()},
        found=tuple(
            FoundOut(
                statement=written(each.condition), sought=figures_out(each.sought), held=figures_out(each.held),
                confirmed=each.confirmed, examples=each.examples,
            )
            for each in found.candidates
        ),
        tried=found.tried, halves=found.halves, detectable=found.detectable,
        explained=None if places is None else places.explained, clusters=tuple(clusters), words=tuple(words),
    )  # fmt: skip
    bench.put_study(session, run, record.model_dump_json())


def study_of(session: Session, run: int) -> Study | None:
    """None before the run was studied, also where an earlier version did."""
    body = bench.study(session, run)
    if body is None or json.loads(body).get("version") != VERSION:
        return None
    return Study.model_validate_json(body)


def search(session: Session, dataset: int, asked: Textual, *, rows: int) -> tuple[Bools, bytes | None]:
    """Rows whose text fits, from the column that was kept of an earlier search; else looked for, with the column that
    is to be kept."""
    name = column_name(asked)
    (first,) = [run for run in datasets.runs(session, dataset) if not run.model][:1]
    kept = columns.read(session, first.serial, [name]).get(name)
    if kept is not None:
        return np.unpackbits(kept, count=rows).astype(np.bool_), None
    fits = fitting(asked)
    found = np.zeros(rows, dtype=np.bool_)
    for start in range(0, rows, TOGETHER):
        for number, text, pair in datasets.texts(session, dataset, start, start + TOGETHER):
            found[number] = fits(text if pair is None else f"{text}\n{pair}")
    return found, np.packbits(found).tobytes()


def keep(session: Session, dataset: int, asked: Textual, body: bytes) -> None:
    """The result of a search, so that the next one finds it."""
    (first,) = [run for run in datasets.runs(session, dataset) if not run.model][:1]
    columns.write(session, first.serial, {column_name(asked): np.frombuffer(body, dtype=np.uint8)})


def column_name(asked: Textual) -> str:
    return f"text:{hashlib.sha256(written(asked).encode()).hexdigest()[:40]}"


def words_apart(session: Session, run: int, study: Study, chosen: bytes, rows: int, n: int) -> tuple[WordLine, ...]:
    """Words of the chosen rows against the others. chosen: n rows of all, as bits."""
    if not 0 < n < rows or not study.words:
        return ()
    bits = np.frombuffer(chosen, dtype=np.uint8)
    counts = [
        (
            np.bitwise_count(block & bits).sum(axis=1, dtype=np.int64),
            np.bitwise_count(block).sum(axis=1, dtype=np.int64),
        )
        for block in columns.blocks(session, run, "holders")
    ]
    if not counts:
        return ()
    inside, every = (np.concatenate(each) for each in zip(*counts, strict=True))
    return contrast_of(study.words, np.stack([inside, every - inside], axis=1).astype(np.float64), n, rows - n)


def narrow(values: Any) -> Any:
    """Whole numbers in two bytes each where all fit: what is read of every row is read sooner."""
    fits = len(values) and np.iinfo(np.int16).min <= values.min() and values.max() <= np.iinfo(np.int16).max
    return values.astype(np.int16 if fits else np.int32)


def _bits(tags: Mapping[str, Bools], rows: int) -> Any:
    """One bit a tag."""
    found = np.zeros(rows, dtype=np.uint32)
    for bit, mask in enumerate(tags.values()):
        found |= mask.astype(np.uint32) << np.uint32(bit)
    return found
