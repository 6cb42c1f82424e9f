"""The job that reads a data set or asks a model about it, with the study of the answers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ..datasets import service
from ..datasets.kind import DatasetKind, answers_of, dataset_of, run_of
from ..jobs.runner.work import Work
from ..web.words import N_
from . import stored
from .study.finder import find
from .study.judging import frame_of
from .study.places import names_of, places_of, word_rows
from .study.tags import OF_TEXTS, tagged

TOGETHER = 5_000
STEPS = (
    N_("looking at the answers"),
    N_("placing texts on a map"),
    N_("looking for labels that look wrong"),
    N_("looking for slices in which it fails"),
    N_("counting words"),
)
HOLDERS = 40_000_000  # bits of the word table


class WorkbenchKind(DatasetKind):
    """A DatasetKind whose rows, once all have their answers, are tagged, placed on the map, and searched for slices."""

    def study(self, work: Work) -> None:
        found = dataset_of(work)
        state = work.engine.ready(work.request.model)
        run = run_of(work, found, state)
        work.progress(0.0, STEPS[0])
        rows = [
            row
            for start in range(0, found.rows, TOGETHER)
            for row in service.rows(work.store, work.project, found.id, start, start + TOGETHER)
        ]
        answers = answers_of(work)
        frame = frame_of(rows, state.labels, state.head, answers[:, : len(state.labels)])
        work.progress(0.2, STEPS[1])
        places = places_of(answers[:, len(state.labels) :])
        work.progress(0.4, STEPS[2])
        tags = tagged(frame, None if places is None else places.vectors, one_class=state.head == "single")
        frame = replace(frame, tags=tags.tags, clusters=None if places is None else places.clusters)
        work.progress(0.6, STEPS[3])
        slices = find(frame, tags=OF_TEXTS)
        work.progress(0.9, STEPS[4])
        words = word_rows(frame.words, most=max(40, min(400, HOLDERS // max(found.rows, 1))))
        clusters = () if places is None else names_of(places.clusters, frame.words)
        keep = partial(
            stored.write, run=run, frame=frame, tagged=tags, found=slices, places=places, clusters=clusters,
            words=words, one_class=state.head == "single",
        )  # fmt: skip
        work.commit(keep)
