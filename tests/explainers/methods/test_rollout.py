from __future__ import annotations

import numpy as np
import pytest

from explainers.methods.rollout import Rollout, rollout
from explainers.testing import GradientModel
from tests.given import case_for
from tests.tiny import tiny


def test_two_layers_by_hand() -> None:
    """A' = (A + I) / 2 of both, the later layer from the left.

    First layer: the second token looks at the first, [[1, 0], [1, 0]] → A' = [[1, 0], [½, ½]].
    Second layer: the first looks at the second, [[0, 1], [0, 1]] → A' = [[½, ½], [0, 1]].
    Product: row 0 = ½ [1, 0] + ½ [½, ½] = [¾, ¼], row 1 = [½, ½].
    """
    first, second = [[1.0, 0], [1, 0]], [[0.0, 1], [0, 1]]

    found = rollout(np.array([[first], [second]]))

    assert found == pytest.approx(np.array([[0.75, 0.25], [0.5, 0.5]]))


def test_heads_are_averaged() -> None:
    """One head looks at the first token, one at the second: on average half each, and half stays."""
    heads = np.array([[[[1.0, 0], [1, 0]], [[0, 1], [0, 1]]]])

    assert rollout(heads) == pytest.approx(np.array([[0.75, 0.25], [0.25, 0.75]]))


def test_rows_are_brought_back_to_one() -> None:
    """A head that gives out only half of its weight keeps its proportions: [½, 0] + I, halved, is [¾, 0] → [1, 0]."""
    assert rollout(np.array([[[[0.5, 0.0], [0.0, 1.0]]]])) == pytest.approx(np.eye(2))


def test_shares_are_the_same_for_every_class() -> None:
    """[CLS] keeps ½ + ½ · ¼ of four tokens, each of three words gets ½ · ¼: no class enters."""
    found = Rollout().explain(case_for(GradientModel({"a": (0.0, 1.0)}), "a b c"))

    assert found.scores == pytest.approx(np.full((2, 3), 1 / 8))
    assert found.checks["special_share"] == pytest.approx(5 / 8)
    assert found.unit == "share"


@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2"])
def test_shares_of_words_and_special_tokens_make_one(name: str) -> None:
    """Nothing of the flow is lost, whichever position is read."""
    found = Rollout().explain(case_for(tiny(name), "a gorgeous film"))

    assert found.scores is not None
    assert found.scores[0].sum() + found.checks["special_share"] == pytest.approx(1, abs=1e-5)
    assert (found.scores >= 0).all()
