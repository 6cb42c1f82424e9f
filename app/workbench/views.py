"""Every view of a selection, counted in one pass over the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..audit.data.values import Ints
from ..datasets.schemas import CellOut
from ..errors import BadRequest
from ..store.datasets import bench
from . import stored
from .counts import CALIBRATIONS, keep_counts, known_counts
from .opening import Opened, Slice, condition_of, key_of
from .schemas import BenchOut, FoundSlice, SliceOut, Wish
from .stored import Study, figures_out
from .study import curves
from .study.figures import Count, Counting, corrected, figures_between
from .study.language import EVERY, Condition, Is, both, joined, written
from .study.saying import said
from .versus import versus
from .watching.atlas import Atlas, Placing
from .watching.passing import Choosing, Ordering, Pairing, Watcher


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """atlas: the map, where it was asked for and there is one. explained: share of the variance that either of its
    dimensions holds. numbers: the first rows, in the order asked for; total:
    how many rows are chosen."""

    out: BenchOut
    atlas: Atlas | None
    explained: tuple[float, float] | None
    numbers: Ints
    total: int


def slices_of(here: Opened) -> list[Slice]:
    """A slice that names what is no longer there is left out."""
    found = []
    for each in here.slices:
        try:
            here.check(each.condition)
        except BadRequest:
            continue
        found.append(each)
    return found


def told(known: Sequence[Slice], counts: Sequence[Count], whole: Count) -> tuple[SliceOut, ...]:
    """Slices with their figures, corrected together."""
    figures = corrected([figures_between(inside, whole) for inside in counts])
    return tuple(
        SliceOut(
            key=each.key, name=each.name or said(each.condition), statement=written(each.condition),
            origin="made" if each.origin == "made" else "found", figures=figures_out(own),
        )
        for each, own in zip(known, figures, strict=True)
    )  # fmt: skip


class _Views:
    """Everything that is counted of a selection, and where the counts go."""

    def __init__(self, here: Opened, wish: Wish, listed: Ordering | None, drawn: bool) -> None:
        study = here.study
        classes = study.classes
        self.condition = condition_of(here, wish)
        self.known = slices_of(here)
        self.selection, self.choosing, self.calibration = Counting(), Choosing(), curves.Calibrating()
        self.pairs, self.confusion = (Pairing(len(study.labels), len(classes)) for _ in range(2))
        self.lengths, self.whole = curves.Measuring(), curves.Calibrating()
        self.parting = curves.Parting(
            classes, wish.target if wish.target in classes else classes[-1],
            at=wish.threshold, missed=wish.missed, needless=wish.needless,
        )  # fmt: skip
        self.listed = listed
        self.placing = Placing(len(study.clusters)) if drawn else None
        self.calibration_whole = CALIBRATIONS.get(here.mark(EVERY))
        conditions = dict.fromkeys((EVERY, *(each.condition for each in self.known)))
        self.counts = known_counts(here, conditions)
        self.counting = {each: Counting() for each in conditions if each not in self.counts}

    def asked(self, one_class: bool) -> dict[Condition, list[Watcher]]:
        asked: dict[Condition, list[Watcher]] = {self.condition: []}
        views = (self.parting if one_class else None, self.listed, self.placing)
        asked[self.condition] += [self.selection, self.choosing, self.calibration, self.pairs, self.lengths]
        asked[self.condition] += [each for each in views if each is not None]
        asked.setdefault(_without_cell(self.condition), []).append(self.confusion)
        if self.calibration_whole is None:
            asked.setdefault(EVERY, []).append(self.whole)
        for condition, each in self.counting.items():
            asked.setdefault(condition, []).append(each)
        return asked

    def keep(self, here: Opened) -> None:
        self.counts |= keep_counts(here, self.counting)
        if self.calibration_whole is None:
            self.calibration_whole = self.whole.found()
            if self.calibration_whole is not None:
                CALIBRATIONS.put(here.mark(EVERY), self.calibration_whole)


def seen(here: Opened, wish: Wish, listed: Callable[[Opened], Ordering] | None, drawn: bool) -> Seen:
    study = here.study
    order = None if listed is None else listed(here)
    views = _Views(here, wish, order, drawn)
    here.look(views.asked(study.one_class))
    views.keep(here)
    whole, selection = views.counts[EVERY], views.selection.found
    slices = told(views.known, [views.counts[each.condition] for each in views.known], whole)
    by_key = {out.key: out for out in slices}
    candidates = [(key_of(each.statement), each) for each in study.found]
    found = [
        FoundSlice(**each.model_dump(), key=key, name=by_key[key].name) for key, each in candidates if key in by_key
    ]
    confirmed = {each.key for each in found if each.confirmed}
    out = BenchOut(
        dataset=here.dataset.id, model=here.run.model, models=tuple(dict.fromkeys(run.model for run in here.runs)),
        classes=study.classes, statement=written(views.condition),
        whole=figures_out(figures_between(whole, whole)), selection=figures_out(figures_between(selection, whole)),
        always=_always(study, views.pairs),
        slices=tuple(out for out in slices if out.origin == "made" or out.key in confirmed),
        found=tuple(found), tried=study.tried, halves=study.halves, detectable=study.detectable, tags=study.counts,
        confusion=_confusion(study, views.confusion),
        calibration=views.calibration.found(), calibration_whole=views.calibration_whole,
        thresholds=views.parting.thresholds() if study.one_class else None,
        ranking=views.parting.ranking() if study.one_class else None,
        lengths=views.lengths.found(),
        words=stored.words_apart(
            here.session, here.run.serial, study, views.choosing.packed(), here.table.rows, selection.rows
        ),
        clusters=study.clusters,
        versus=versus(here, wish, views.condition, views.known) if wish.against else (),
        marked=len(bench.marks(here.session, here.dataset.serial)),
    )  # fmt: skip
    atlas = None if views.placing is None else views.placing.found()
    return Seen(out, atlas, study.explained, np.zeros(0, np.int64) if order is None else order.found, selection.rows)


def _always(study: Study, pairs: Pairing) -> tuple[str, float] | None:
    """The most frequent label of the rows that can be judged, and its share."""
    counts = pairs.counts[: len(study.classes)].sum(axis=1)
    if not counts.any():
        return None
    return study.classes[int(counts.argmax())], float(counts.max() / counts.sum())


def _confusion(study: Study, pairs: Pairing) -> tuple[CellOut, ...]:
    return tuple(
        CellOut(label=study.labels[label], predicted=study.classes[predicted], rows=int(pairs.counts[label, predicted]))
        for label, predicted in np.argwhere(pairs.counts).tolist()
    )


def _without_cell(condition: Condition) -> Condition:
    """The selection without the cell of the matrix that was chosen in it, so that the other cells stay in sight."""
    return both(
        *(each for each in joined(condition) if not (isinstance(each, Is) and each.field in ("label", "predicted")))
    )
