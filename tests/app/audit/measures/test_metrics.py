"""Every measure is explained, and where its rows come from."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from app.audit.data.values import Rows
from app.audit.measures.metrics import METRICS, RANKINGS, Among, metric, stratum

PAGE = Path(__file__).parents[4] / "docs" / "measures.md"


def test_every_measure_has_its_section() -> None:
    """Under the name by which a plan asks for it."""
    headings = set(re.findall(r"^#+ (\w+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE))

    assert {*METRICS, *RANKINGS} - headings == set()


def test_a_stratum_is_the_rows_that_count() -> None:
    """Labels and decisions cut the rows in two."""
    made = Rows(np.array([0.1, 0.9, 0.8]), np.array([True, True, False]))

    assert stratum(made, Among.POSITIVES).tolist() == [True, True, False]
    assert stratum(made, Among.UNSELECTED).tolist() == [True, False, False]
    assert stratum(made, Among.ALL).all()


def test_a_measure_that_needs_labels_says_so() -> None:
    """Selection rates do not."""
    made = Rows(np.array([0.1, 0.9]), None)
    with pytest.raises(ValueError, match="needs labels"):
        stratum(made, Among.NEGATIVES)
    with pytest.raises(ValueError, match=r"no measure.*selection_rate"):
        metric("fairness")

    assert metric("selection_rate").value(made).tolist() == [0, 1]
