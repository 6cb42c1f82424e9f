"""The workbench as pages and routes ask for it: a selection of rows, and every view of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from ..audit.data.values import Bools, Ints
from ..compare.flips import flips_by_slice, flips_of
from ..datasets.schemas import CellOut
from ..datasets.service import require
from ..errors import BadRequest, Conflict, NotFound
from ..store.database import Store
from ..store.datasets import bench
from ..store.datasets import rows as datasets
from ..store.datasets.tables import Dataset, DatasetRun
from . import stored
from .schemas import BenchOut, FoundSlice, SliceOut, SliceRequest, VersusOut, Wish
from .stored import Study, figures_out
from .study import curves
from .study.choose import chosen
from .study.contrast import contrast
from .study.figures import corrected, figures_of
from .study.frame import Frame
from .study.language import EVERY, Condition, Is, Textual, both, is_textual, joined, read, written
from .study.saying import said

MOST_VERSUS = 40  # slices that two models are compared by


@dataclass(frozen=True, slots=True)
class Slice:
    key: str
    name: str
    condition: Condition
    origin: str  # made or found


@dataclass(frozen=True, eq=False)
class Opened:
    """The rows of a data set as one model sees them, while a session is open."""

    session: Session
    dataset: Dataset
    run: DatasetRun
    runs: tuple[DatasetRun, ...]  # those that were studied
    study: Study
    frame: Frame
    searched: dict[Textual, bytes]  # searches that nobody did before

    @cached_property
    def slices(self) -> tuple[Slice, ...]:
        """Slices that somebody named, then the candidates of the search, confirmed or not."""
        made = [
            Slice(each.key, each.name, read(each.statement), "made")
            for each in bench.slices(self.session, self.dataset.serial)
        ]
        known = {each.key for each in made}
        found = [Slice(key_of(each.statement), "", read(each.statement), "found") for each in self.study.found]
        return (*made, *(each for each in found if each.key not in known))

    def slice(self, key: str) -> Slice:
        """Raises NotFound."""
        for each in self.slices:
            if each.key == key:
                return each
        raise NotFound(f"the data set has no slice {key[:80]!r}", cure="GET /v1/datasets/{id}/slices lists them.")

    def mask(self, condition: Condition) -> Bools:
        """Raises BadRequest for what these rows do not have."""
        names = {each.key: each.condition for each in self.slices}
        names |= {each.name: each.condition for each in self.slices if each.name}
        return chosen(self.frame, condition, names, self._search)

    def _search(self, asked: Textual) -> Bools:
        found, body = stored.search(self.session, self.dataset.serial, asked, rows=len(self.frame))
        if body is not None:
            self.searched[asked] = body
        return found


def opened(session: Session, project: str, id: str, model: str = "") -> Opened:
    """By default as the last model that was asked sees it. Raises NotFound, Conflict before the answers are studied."""
    dataset = require(session, project, id)
    runs = [run for run in datasets.runs(session, dataset.serial) if run.model]
    studied = [(run, study) for run in runs if (study := stored.study_of(session, run.serial)) is not None]
    wanted = [each for each in studied if not model or each[0].model == model]
    if not wanted and studied and not any(run.model == model for run in runs):
        known = ", ".join(dict.fromkeys(run.model for run, _ in studied))
        raise NotFound(f"no predictions of {model[:80]!r} are there; there are: {known}")
    if not wanted:
        raise Conflict("no answers of a model are there to look at yet", cure="Ask a model, and wait for its job.")
    run, study = wanted[-1]
    seen = tuple(each for each, _ in studied)
    return Opened(session, dataset, run, seen, study, stored.frame_of(session, run, study), {})


def view(store: Store, project: str, id: str, wish: Wish) -> tuple[BenchOut, Drawn]:
    """Raises NotFound, Conflict, BadRequest."""

    def look(session: Session) -> tuple[BenchOut, Drawn, dict[Textual, bytes], int]:
        here = opened(session, project, id, wish.model)
        out, drawn = _seen(here, wish)
        return out, drawn, here.searched, here.dataset.serial

    out, drawn, searched, dataset = store.query(look)
    _keep(store, dataset, searched)
    return out, drawn


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """Data of the map: places (n, 2) of the rows, those of the selection, and those that are wrong."""

    place: Any
    inside: Bools
    wrong: Bools
    clusters: Ints | None
    explained: tuple[float, float] | None


def condition_of(here: Opened, wish: Wish) -> Condition:
    """Raises NotFound for a slice that is not there, BadRequest for conditions that are not understood, and for words
    of texts in an address."""
    where = read(wish.where)
    if is_textual(where):
        raise BadRequest("words of texts do not belong into an address", cure="Save the conditions as a slice first.")
    return both(here.slice(wish.slice).condition, where) if wish.slice else where


def save(store: Store, project: str, id: str, asked: SliceRequest, *, who: str) -> SliceOut:
    """A slice of the same conditions is there once. Raises NotFound, BadRequest."""
    condition = read(asked.statement)
    if condition == EVERY:
        raise BadRequest("a slice has at least one condition", cure="Write conditions such as: wrong and words < 8.")
    statement = written(condition)
    key = key_of(statement)

    def look(session: Session) -> tuple[SliceOut, dict[Textual, bytes], int]:
        here = opened(session, project, id)
        (figures,) = corrected([figures_of(here.frame, here.mask(condition))])
        name = asked.name.strip()
        made = SliceOut(
            key=key, name=name or said(condition), statement=statement, origin="made", figures=figures_out(figures)
        )
        return made, here.searched, here.dataset.serial

    made, searched, dataset = store.query(look)
    _keep(store, dataset, searched)
    put = partial(bench.put_slice, dataset=dataset, key=key, name=asked.name.strip(), statement=statement, who=who)
    if not store.commit(put):
        raise BadRequest(f"a data set has at most {bench.MOST_SLICES} slices", cure="Delete one that is not needed.")
    return made


def listed(store: Store, project: str, id: str, model: str = "") -> tuple[SliceOut, ...]:
    """Every slice with its figures, corrected together."""

    def look(session: Session) -> tuple[tuple[SliceOut, ...], dict[Textual, bytes], int]:
        here = opened(session, project, id, model)
        return tuple(out for out, _ in _slices(here)), here.searched, here.dataset.serial

    found, searched, dataset = store.query(look)
    _keep(store, dataset, searched)
    return found


def delete(store: Store, project: str, id: str, key: str) -> None:
    """Raises NotFound, also for a slice that was found by the search: that is a part of the study."""

    def remove(session: Session) -> bool:
        return bench.delete_slice(session, require(session, project, id).serial, key)

    if not store.commit(remove):
        raise NotFound(f"the data set has no slice {key[:80]!r} that somebody made")


def key_of(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()[:12]


def _keep(store: Store, dataset: int, searched: dict[Textual, bytes]) -> None:
    """Keeps what was looked for in the texts, so that the next one need not look."""
    for asked, body in searched.items():
        store.commit(partial(stored.keep, dataset=dataset, asked=asked, body=body))


def _slices(here: Opened) -> list[tuple[SliceOut, Bools]]:
    """A slice that names what is no longer there is left out."""
    found: list[tuple[Slice, Bools]] = []
    for each in here.slices:
        try:
            found.append((each, here.mask(each.condition)))
        except BadRequest:
            continue
    figures = corrected([figures_of(here.frame, mask) for _, mask in found])
    return [
        (
            SliceOut(
                key=each.key, name=each.name or said(each.condition), statement=written(each.condition),
                origin="made" if each.origin == "made" else "found", figures=figures_out(own),
            ),
            mask,
        )
        for (each, mask), own in zip(found, figures, strict=True)
    ]  # fmt: skip


def _seen(here: Opened, wish: Wish) -> tuple[BenchOut, Drawn]:
    frame, study = here.frame, here.study
    condition = condition_of(here, wish)
    mask = here.mask(condition)
    everything = np.ones(len(frame), dtype=np.bool_)
    target = wish.target if wish.target in frame.classes else frame.classes[-1]
    slices = _slices(here)
    by_key = {out.key: out for out, _ in slices}
    candidates = [(key_of(each.statement), each) for each in study.found]
    found = [
        FoundSlice(**each.model_dump(), key=key, name=by_key[key].name) for key, each in candidates if key in by_key
    ]
    confirmed = {each.key for each in found if each.confirmed}
    out = BenchOut(
        dataset=here.dataset.id, model=here.run.model, models=tuple(dict.fromkeys(run.model for run in here.runs)),
        classes=frame.classes, statement=written(condition),
        whole=figures_out(figures_of(frame, everything)), selection=figures_out(figures_of(frame, mask)),
        always=_always(frame, mask),
        slices=tuple(out for out, _ in slices if out.origin == "made" or out.key in confirmed),
        found=tuple(found), tried=study.tried, halves=study.halves, detectable=study.detectable, tags=study.counts,
        confusion=_confusion(frame, here.mask(_without_cell(condition))),
        calibration=curves.calibration_of(frame, mask), calibration_whole=curves.calibration_of(frame, everything),
        thresholds=curves.thresholds_of(
            frame, mask, target=target, at=wish.threshold, missed=wish.missed, needless=wish.needless
        ) if study.one_class else None,
        ranking=curves.ranking_of(frame, mask, target=target) if study.one_class else None,
        lengths=curves.lengths_of(frame, mask),
        words=contrast(stored.holders(here.session, here.run.serial, study, len(frame)), mask, ~mask),
        clusters=study.clusters,
        versus=_versus(here, wish, mask, slices) if wish.against else (),
        marked=len(bench.marks(here.session, here.dataset.serial)),
    )  # fmt: skip
    return out, Drawn(frame.place, mask, frame.wrong, frame.clusters, study.explained)


def _always(frame: Frame, mask: Bools) -> tuple[str, float] | None:
    labels = frame.label.codes[mask & frame.judged]
    if not len(labels):
        return None
    counts = np.bincount(labels, minlength=len(frame.classes))
    return frame.classes[int(counts.argmax())], float(counts.max() / len(labels))


def _without_cell(condition: Condition) -> Condition:
    """The selection without the cell of the matrix that was chosen in it, so that the other cells stay in sight."""
    return both(
        *(each for each in joined(condition) if not (isinstance(each, Is) and each.field in ("label", "predicted")))
    )


def _confusion(frame: Frame, mask: Bools) -> tuple[CellOut, ...]:
    rows = mask & (frame.label.codes >= 0) & (frame.predicted.codes >= 0)
    width = len(frame.predicted.names)
    pairs = frame.label.codes[rows].astype(np.int64) * width + frame.predicted.codes[rows]
    numbers, counts = np.unique(pairs, return_counts=True)
    names = frame.label.names, frame.predicted.names
    return tuple(
        CellOut(label=names[0][number // width], predicted=names[1][number % width], rows=count)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True)
    )


def _versus(here: Opened, wish: Wish, mask: Bools, slices: Sequence[tuple[SliceOut, Bools]]) -> tuple[VersusOut, ...]:
    """All rows, the selection, then slice by slice; q over the slices alone. Raises NotFound for a model that was not
    asked about these rows."""
    other = opened(here.session, here.dataset.project, here.dataset.id, wish.against)
    together = here.frame.judged & other.frame.judged
    first, second = here.frame.right[together], other.frame.right[together]
    chosen_slices = [(out.name, out.key, own) for out, own in slices[:MOST_VERSUS] if own[together].any()]
    listed = flips_by_slice(first, second, [own[together] for _, _, own in chosen_slices])
    wide = [("", "", flips_of(first, second))]
    if not mask.all():
        wide.append(("", "selection", flips_of(first[mask[together]], second[mask[together]])))
    named = [*wide, *((name, key, each) for (name, key, _), each in zip(chosen_slices, listed, strict=True))]
    return tuple(
        VersusOut(
            name=name, key=key, n=each.n, accuracy=each.accuracy, better=each.better, worse=each.worse, both=each.both,
            neither=each.neither, difference=each.difference, p=each.p, q=each.q,
            interval=None if each.interval is None else (each.interval.low, each.interval.high),
        )
        for name, key, each in named
    )  # fmt: skip
