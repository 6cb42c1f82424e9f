from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import auc, precision_recall_curve

from explainers.metrics.plausibility import auprc, iou_f1, overlap, plausibility_of, runs, token_f1


def marked(*values: int) -> np.ndarray:
    return np.array(values, dtype=bool)


def test_scores_that_rank_all_marked_players_first_have_an_area_of_one() -> None:
    """Precision stays 1 until recall is 1."""
    assert auprc(np.array([3.0, 2.0, 1.0]), marked(1, 1, 0)) == pytest.approx(1)


def test_the_area_by_hand() -> None:
    """(recall, precision) goes (0, 1), (0, 0), (1, ½), (1, ⅓): the one step in recall has the height (0 + ½)/2."""
    assert auprc(np.array([3.0, 2.0, 1.0]), marked(0, 1, 0)) == pytest.approx(0.25)


def test_the_area_is_erasers() -> None:
    """ERASER takes scikit-learn's curve and trapezoids, ties included."""
    draw = np.random.default_rng(0)
    for _ in range(20):
        scores, rationale = draw.integers(0, 5, 12).astype(float), draw.random(12) < 0.4
        rationale[0] = True
        precision, recall, _ = precision_recall_curve(rationale, scores)

        assert auprc(scores, rationale) == pytest.approx(auc(recall, precision))


def test_token_f1_by_hand() -> None:
    """One of two chosen is one of three marked: P ½, R ⅓, F1 2/5."""
    assert token_f1(marked(1, 1, 0, 0, 0), marked(0, 1, 1, 1, 0)) == pytest.approx(2 / 5)
    assert token_f1(marked(1, 0), marked(0, 1)) == 0


def test_iou_f1_by_hand() -> None:
    """[0, 4) and [1, 4) share 3 of 4; [6, 7) and [6, 9) share 1 of 3, too few: P ½, R ½."""
    assert overlap((0, 4), (1, 4)) == pytest.approx(3 / 4)
    assert iou_f1([(0, 4), (6, 7)], [(1, 4), (6, 9)]) == pytest.approx(1 / 2)
    assert iou_f1([(0, 4), (6, 7)], [(1, 4), (6, 9)], threshold=0.3) == pytest.approx(1)
    assert iou_f1([], [(0, 1)]) == 0


def test_runs_are_the_longest_stretches() -> None:
    """Both ends of a text may be inside one."""
    assert runs(marked(1, 1, 0, 1)) == [(0, 2), (3, 4)]
    assert runs(marked(0, 0)) == []


def test_as_many_players_are_chosen_as_were_marked() -> None:
    """Two are marked: the two strongest are compared, one of them right, as a stretch of two with [1, 3): ⅓."""
    found = plausibility_of(np.array([3.0, 2.0, 1.0, 0.0]), marked(0, 1, 1, 0))

    assert found["token_f1"] == pytest.approx(1 / 2)
    assert found["iou_f1"] == 0


def test_nothing_marked_is_nothing_measured() -> None:
    """Null, not zero: no one said what the reason was."""
    assert plausibility_of(np.ones(2), marked(0, 0)) == {"auprc": None, "token_f1": None, "iou_f1": None}
