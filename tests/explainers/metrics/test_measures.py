from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from explainers import runner
from explainers.contract import Agreement, OnDemand, Question
from explainers.errors import BadInput, Incompatible
from explainers.metrics import MEASURES
from explainers.metrics.faithfulness import faithfulness_of
from explainers.metrics.on_demand import ON_DEMAND, measured
from explainers.metrics.plausibility import plausibility_of
from explainers.registry import build
from explainers.testing import GradientModel, LinearModel
from tests.given import Given, case_for, given


def test_every_measure_has_words() -> None:
    """Pages and documentation read them from one table."""
    for measure in MEASURES.values():
        assert measure.title
        assert measure.reading.endswith(".")
        assert measure.reference


def test_every_number_that_is_measured_is_in_the_table() -> None:
    """Faithfulness, the three matrices of agreement, what is made on demand and plausibility, no more and no less."""
    case = case_for(GradientModel({"a": (0.0, 1.0)}), "a b c")
    scores = given(case, 1, 2, 3)
    found = set(faithfulness_of(scores, case).checks) | (set(Agreement.model_fields) - {"methods"})
    found |= set(measured(list(ON_DEMAND), scores, case, Given(scores=(1, 2, 3))))
    found |= set(plausibility_of(np.ones(3), np.ones(3, dtype=bool)))

    assert found == set(MEASURES)


def test_the_names_on_demand_are_those_of_the_type() -> None:
    """A request is checked against the type, the library against its table."""
    assert set(get_args(OnDemand)) == set(ON_DEMAND)


def test_an_unknown_measure_is_refused() -> None:
    """Before anything is computed, with the names there are."""
    with pytest.raises(BadInput, match="infidelity, max-sensitivity"):
        runner.explain(LinearModel({}), Question.about(text="a"), build("leave-one-out"), measures=["fidelity"])


def test_a_measure_that_the_model_cannot_make_is_refused() -> None:
    """Infidelity moves embeddings: a model without gradients has none to move."""
    with pytest.raises(Incompatible, match="needs gradients"):
        runner.explain(LinearModel({}), Question.about(text="a"), build("leave-one-out"), measures=["infidelity"])


def test_what_is_asked_for_stands_among_the_checks() -> None:
    """Beside the measures that every explanation has."""
    model = GradientModel({"a": (0.0, 1.0), "b": (0.0, -0.5)})

    checks = runner.explain(model, Question.about(text="a b"), build("leave-one-out"), measures=["infidelity"]).checks

    assert checks["infidelity"] == pytest.approx(0, abs=1e-12)
    assert "comprehensiveness" in checks
    assert "max_sensitivity" not in checks
