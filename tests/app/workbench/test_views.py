"""Views of a selection against plain formulas over all rows, whatever the stretches in which they are counted."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from app.audit.data.values import Bools
from app.workbench.study import curves
from app.workbench.study.figures import Counting, figures_between, figures_of
from app.workbench.study.frame import Frame, Named
from app.workbench.watching.atlas import MOST_POINTS, Placing
from app.workbench.watching.passing import Choosing, Ordering, Pairing, Watcher

CLASSES = "no", "yes"
ROWS = 5_000


def frame_of(rows: int, *, seed: int = 0, decimals: int | None = None) -> Frame:
    """Some rows without a prediction, some whose label is no class, probabilities that often repeat."""
    chance = np.random.default_rng(seed)
    label = chance.integers(-1, 3, rows)
    positive = np.clip(0.5 + 0.2 * (label == 1) + chance.normal(0, 0.25, rows), 0, 1)
    positive = (positive if decimals is None else positive.round(decimals)).astype(np.float32)
    shares = np.stack([1 - positive, positive], axis=1)
    predicted = shares.argmax(axis=1)
    confidence = shares.max(axis=1)
    lost = chance.random(rows) < 0.03
    shares[lost], confidence[lost], predicted[lost] = np.nan, np.nan, -1
    return Frame(
        texts=(), classes=CLASSES, label=Named((*CLASSES, "other"), label), predicted=Named(CLASSES, predicted),
        confidence=confidence, probabilities=shares, lengths=chance.integers(1, 40, rows),
        groups={"source": Named(("a", "b"), chance.integers(-1, 2, rows))},
        place=np.clip(chance.normal(0, 0.4, (rows, 2)), -1, 1).astype(np.float32),
        clusters=chance.integers(-1, 3, rows),
    )  # fmt: skip


def stretches(frame: Frame, cuts: list[int]) -> list[tuple[Frame, slice]]:
    ends = [0, *cuts, len(frame)]
    found = []
    for start, stop in pairwise(ends):
        part = slice(start, stop)
        shares, lengths, place, clusters = frame.probabilities, frame.lengths, frame.place, frame.clusters
        assert shares is not None
        assert lengths is not None
        assert place is not None
        assert clusters is not None
        found.append((replace(
            frame, label=Named(frame.label.names, frame.label.codes[part]), first=start,
            predicted=Named(CLASSES, frame.predicted.codes[part]), confidence=frame.confidence[part],
            probabilities=shares[part], lengths=lengths[part], place=place[part], clusters=clusters[part],
            groups={name: Named(each.names, each.codes[part]) for name, each in frame.groups.items()},
        ), part))  # fmt: skip
    return found


def seen(frame: Frame, mask: Bools, *watchers: Watcher, cuts: list[int] | None = None) -> None:
    for part, rows in stretches(frame, [700, 701, 4_000] if cuts is None else cuts):
        for watcher in watchers:
            watcher.add(part, mask[rows])


@pytest.mark.parametrize("decimals", [None, 2])
def test_curves_are_those_of_scikit_learn(decimals: int | None) -> None:
    """ROC, its area, average precision and every threshold, also where many rows have one probability."""
    frame = frame_of(ROWS, decimals=decimals)
    mask = np.random.default_rng(1).random(ROWS) < 0.6
    parting = curves.Parting(CLASSES, "yes", at=0.7, missed=3.0, needless=0.5)
    seen(frame, mask, parting)
    rows = mask & frame.judged
    assert frame.probabilities is not None
    shares, truth = frame.probabilities[rows, 1].astype(float), frame.label.codes[rows] == 1
    found, ranking = parting.thresholds(), parting.ranking()

    assert found is not None
    assert ranking is not None
    assert ranking.area == pytest.approx(roc_auc_score(truth, shares), abs=1e-12)
    assert ranking.average_precision == pytest.approx(average_precision_score(truth, shares), abs=1e-12)
    fall, recall, _ = roc_curve(truth, shares, drop_intermediate=False)
    assert set(ranking.roc) <= set(zip(fall.tolist(), recall.tolist(), strict=True))
    assert (ranking.roc[0], ranking.roc[-1]) == ((0.0, 0.0), (1.0, 1.0))
    for each in (*found.curve, found.chosen):
        missed, needless = int((truth & (shares < each.at)).sum()), int((~truth & (shares >= each.at)).sum())
        assert (each.missed, each.needless) == (missed, needless)
        assert each.cost == pytest.approx(100 * (3 * missed + 0.5 * needless) / rows.sum())
    own = frame.groups["source"].codes[rows] == 1
    assert found.groups["source", "b"] == (
        (own & truth & (shares < 0.7)).sum(), (own & truth).sum(), (own & ~truth & (shares >= 0.7)).sum(),
        (own & ~truth).sum(),
    )  # fmt: skip


def test_counts_do_not_depend_on_the_stretches() -> None:
    """Figures, the matrix, calibration and lengths in pieces and at once."""
    frame = frame_of(ROWS)
    mask = np.random.default_rng(2).random(ROWS) < 0.4
    results = []
    for cuts in ([], [1, 2, 3_333]):
        counting, whole, pairing, choosing = Counting(), Counting(), Pairing(3, 2), Choosing()
        calibration, lengths = curves.Calibrating(), curves.Measuring()
        seen(frame, mask, counting, pairing, choosing, calibration, lengths, cuts=cuts)
        seen(frame, np.ones(ROWS, dtype=np.bool_), whole, cuts=cuts)
        assert figures_between(counting.found, whole.found) == figures_of(frame, mask)
        assert choosing.packed() == np.packbits(mask).tobytes()
        assert pairing.counts[2, 1] == (mask & (frame.label.codes == 2) & (frame.predicted.codes == 1)).sum()
        found = calibration.found()
        assert found is not None
        results.append((pairing.counts.tolist(), found.error, lengths.found(), [each.n for each in found.bins]))
    assert results[0][0] == results[1][0]
    assert results[0][1] == pytest.approx(results[1][1])
    assert results[0][2:] == results[1][2:]
    rows = mask & frame.judged
    top = rows & (frame.confidence >= 0.9)
    assert results[0][3][-1] == top.sum()
    bins = results[0][2]
    assert sum(each.n for each in bins) == rows.sum()
    first = rows & (frame.length <= bins[0].high)
    assert (bins[0].n, bins[0].wrong) == (first.sum(), (first & frame.wrong).sum())


@pytest.mark.parametrize("most", [None, 7])
def test_the_first_rows_are_those_of_a_whole_sort(most: int | None) -> None:
    """Ties stay in the order of the file, however few are kept on the way."""
    frame = frame_of(ROWS, decimals=2)
    mask = np.random.default_rng(3).random(ROWS) < 0.7
    order = Ordering(lambda part: 2.0 * part.wrong + np.nan_to_num(part.confidence.astype(np.float64)), most=most)
    seen(frame, mask, order)
    rows = np.flatnonzero(mask)
    keys = np.lexsort((rows, -np.nan_to_num(frame.confidence[rows]), ~frame.wrong[rows]))

    assert order.rows == len(rows)
    assert order.found.tolist() == rows[keys][:most].tolist()


def test_the_map_counts_what_it_cannot_draw() -> None:
    """Few points are drawn one by one; of many the chosen ones are counted in fields, with the wrong ones."""
    few, many = frame_of(900), frame_of(MOST_POINTS + 5)
    for frame in (few, many):
        mask = np.random.default_rng(4).random(len(frame)) < 0.5
        placing = Placing(3)
        seen(frame, mask, placing, cuts=[400, 800])
        atlas = placing.found()
        assert atlas is not None
        assert (atlas.points, atlas.inside, atlas.fields.sum()) == (len(frame), mask.sum(), mask.sum())
        assert atlas.bad.sum() == (mask & frame.wrong).sum()
        assert (atlas.x is None) == (frame is many)
        assert frame.place is not None
        for each in atlas.clusters:
            own = frame.clusters == each.number
            middle = 12 + 376 * (np.median(frame.place[own, 0]) + 1) / 2
            assert (each.rows, each.inside) == (own.sum(), (own & mask).sum())
            assert each.x == pytest.approx(middle, abs=1.5)
