from __future__ import annotations

from explainers.metrics import MEASURES
from explainers.metrics.faithfulness import faithfulness_of
from explainers.testing import LinearModel
from explainers.types import Agreement
from tests.given import case_for, given


def test_every_measure_has_words() -> None:
    """Pages and documentation read them from one table."""
    for measure in MEASURES.values():
        assert measure.title
        assert measure.reading.endswith(".")
        assert measure.reference


def test_every_number_that_is_measured_is_in_the_table() -> None:
    """Faithfulness of an attribution and the three matrices of agreement, no more and no less."""
    case = case_for(LinearModel({"a": (0.0, 1.0)}), "a b c")
    measured = set(faithfulness_of(given(case, 1, 2, 3), case)) | (set(Agreement.model_fields) - {"methods"})

    assert measured == set(MEASURES)
