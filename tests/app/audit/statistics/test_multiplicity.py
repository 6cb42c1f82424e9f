"""q-values against statsmodels, and the rate of false discoveries where a peer's step is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from app.audit.statistics.multiplicity import q_values


@pytest.mark.parametrize(("ours", "theirs"), [("bh", "fdr_bh"), ("by", "fdr_by")])
def test_q_values_are_those_of_statsmodels(ours: str, theirs: str) -> None:
    """Also with ties and with tests that could not be made."""
    rng = np.random.default_rng(0)
    p = np.round(rng.random(30) ** 2, 2)
    found = q_values([*p, None, float("nan")], ours)

    assert found[:30] == pytest.approx(multipletests(p, method=theirs)[1], abs=1e-12)
    assert found[30:] == [None, None]


def test_twenty_true_nulls_are_discovered_in_a_tenth_of_the_runs() -> None:
    """Giskard ranks by argsort once and finds something in 64 %; with no p below the line it raises."""
    rng = np.random.default_rng(1)
    runs = 2_000
    found = sum(min(q for q in q_values(rng.random(20)) if q is not None) <= 0.1 for _ in range(runs))

    assert found / runs == pytest.approx(0.1, abs=4 * (0.1 * 0.9 / runs) ** 0.5)
    assert q_values([]) == []
