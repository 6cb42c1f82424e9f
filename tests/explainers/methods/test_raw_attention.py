from __future__ import annotations

import numpy as np
import pytest

from explainers.methods.attention import RawAttention
from explainers.testing import GradientModel
from tests.given import case_for
from tests.tiny import tiny


def test_it_has_relations_and_no_scores() -> None:
    """Layers, heads, tokens, tokens: [CLS] and three words attend evenly, so each gets a quarter."""
    found = RawAttention().explain(case_for(GradientModel({}), "a b c"))

    assert found.scores is None
    assert found.relations.shape == (1, 2, 4, 4)
    assert found.checks["special_share"] == pytest.approx(0.25)


def test_the_relations_are_not_in_the_json() -> None:
    """They are served apart; the JSON stays small."""
    found = RawAttention().explain(case_for(GradientModel({}), "a b c"))

    assert "relations" not in found.model_dump()


def test_a_transformer_shows_every_layer_and_head() -> None:
    """Two layers of four heads; every row that looks gives out exactly one."""
    case = case_for(tiny("bert"), "a good film")
    tokens = len(case.inputs.tokens)

    found = RawAttention().explain(case)

    assert found.relations.shape == (2, 4, tokens, tokens)
    assert found.relations.sum(axis=-1) == pytest.approx(np.ones((2, 4, tokens)), abs=1e-5)
