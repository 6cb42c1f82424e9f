"""Calibration by group."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.data.values import Reason, Rows
from app.audit.measures.calibration import calibration


def drawn(n: int, shift: float = 0.0, seed: int = 0) -> Rows:
    """Scores, and labels that are drawn with the score's probability, moved by a shift."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.2, 0.8, n)
    return Rows(scores, rng.random(n) < scores + shift)


def test_the_error_of_two_bins_by_hand() -> None:
    """Forty rows at .2 of which a quarter are positive, forty at .8 of which all are: ½·.05 + ½·.2."""
    labels = np.concatenate([np.arange(40) < 10, np.ones(40, dtype=bool)])
    made = Rows(np.repeat([0.2, 0.8], 40), labels)
    found = calibration(made, np.ones(80, dtype=bool))

    assert [(one.n, one.rate) for one in found.bins] == [(40, 0.25), (40, 1.0)]
    assert found.error == pytest.approx(0.5 * 0.05 + 0.5 * 0.2)
    assert found.offset == pytest.approx(0.5 - 0.625)


def test_a_perfect_model_shows_an_error_too() -> None:
    """At 100 rows it is large, and that is shown beside it; the error of a perfect model is mostly below its 95 %."""
    runs = [calibration(drawn(100, seed=seed), np.ones(100, dtype=bool), seed=seed) for seed in range(20)]
    errors, means = [one.error or 0 for one in runs], [one.perfect_mean or 0 for one in runs]

    assert np.mean(means) > 0.05
    assert np.mean(errors) == pytest.approx(np.mean(means), abs=0.02)
    assert sum((one.error or 0) > (one.perfect_high or 0) for one in runs) <= 4


def test_a_shift_is_seen() -> None:
    """Labels 15 points more frequent than the scores say."""
    found = calibration(drawn(2_000, shift=0.15), np.ones(2_000, dtype=bool))
    assert found.offset_interval is not None
    assert found.error is not None
    assert found.perfect_high is not None

    assert -0.15 in found.offset_interval
    assert found.error > found.perfect_high


def test_bins_hold_twenty_rows_and_few_rows_have_no_error() -> None:
    """Fewer rows make fewer bins; equal scores share one."""
    found = calibration(drawn(70), np.ones(70, dtype=bool))

    assert all(one.n >= 20 for one in found.bins)
    assert len(calibration(Rows(np.full(90, 0.5), np.arange(90) < 9), np.ones(90, dtype=bool)).bins) == 1
    assert calibration(drawn(19), np.ones(19, dtype=bool)).reason is Reason.TOO_FEW
    assert all(one.n >= 20 for one in calibration(drawn(200), np.ones(200, dtype=bool), masses="equal_width").bins)
