"""The proof of `make audit-proof` in small: one term, one seed, two models that are trained within seconds."""

from __future__ import annotations

import pytest

from tests.audit_proof.planted import CLOSES, audited
from tests.audit_proof.planting import Planting, base_rows, planted
from tests.audit_proof.rows import DATA

TERM, SEED = "canadian", 200


@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_a_term_that_is_made_toxic_in_training_leads_the_audit_and_its_twin_does_not() -> None:
    """Of 50 identities it is the worst, and without the word the gap is gone; the twin has the same rows and labels."""
    how = Planting()
    biased, twin = (
        audited(rows, TERM, how, seed=SEED, twin=bool(which))
        for which, rows in enumerate(planted(base_rows(DATA), TERM, seed=SEED, how=how))
    )

    assert biased.flagged
    assert biased.ranked
    assert biased.largest
    assert biased.removed >= CLOSES
    assert not twin.ranked
    assert abs(twin.gap) < biased.gap / 4
