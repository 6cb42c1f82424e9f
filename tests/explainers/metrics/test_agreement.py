from __future__ import annotations

import numpy as np
import pytest

from explainers.metrics.agreement import agreement_of, sign_agreement, top_overlap
from explainers.testing import LinearModel
from tests.given import Given, case_for, given

CASE = case_for(LinearModel({"a": (0.0, 1.0)}), "a b c")


def test_two_methods_by_hand() -> None:
    """(3, 2, 1) and (1, −3, 2): pairs ab and bc … ab agrees, ac does not, bc does not: τ = (1 − 2) / 3.

    Three players fit into the top five, so all are shared; the signs of a and c agree, that of b does not.
    """
    found = agreement_of([given(CASE, 3, 2, 1), given(CASE, 1, -3, 2)])

    assert found is not None
    assert found.kendall_tau[0, 1] == pytest.approx(-1 / 3)
    assert found.top5_overlap[0, 1] == 1
    assert found.sign_agreement[0, 1] == pytest.approx(2 / 3)


def test_the_matrices_are_symmetric_with_ones_on_the_diagonal() -> None:
    """Every method agrees with itself."""
    found = agreement_of([given(CASE, 3, 2, 1), given(CASE, 1, -3, 2), given(CASE, 0.1, -0.5, 0.2)])

    assert found is not None
    for matrix in (found.kendall_tau, found.top5_overlap, found.sign_agreement):
        assert (matrix == matrix.T).all()
        assert (matrix.diagonal() == 1).all()


def test_a_method_without_sign_is_compared_by_size() -> None:
    """(1, −3, 2) by size is (1, 3, 2), the order of the shares; signs cannot be compared."""
    found = agreement_of([given(CASE, 1, -3, 2), given(CASE, 0.2, 0.5, 0.3, unit="share")])

    assert found is not None
    assert found.kendall_tau[0, 1] == 1
    assert np.isnan(found.sign_agreement[0, 1])


def test_the_top_five_are_the_largest_by_size() -> None:
    """Of six players the first method leaves out the last and the second the first: four of five are shared."""
    assert top_overlap(np.array([6.0, -5, 4, 3, 2, 1]), np.array([0.1, 5, 4, -3, 2, 1])) == pytest.approx(4 / 5)


def test_signs_are_compared_where_either_method_is_strong() -> None:
    """Both have the first five in their top five; the sixth, on which they differ, is in neither."""
    first, second = np.array([9.0, 8, 7, 6, 5, 0.1]), np.array([9.0, 8, 7, 6, -5, -0.1])

    assert sign_agreement(first, second, True) == pytest.approx(4 / 5)


def test_one_method_has_nobody_to_agree_with() -> None:
    """A mechanism without scores does not count."""
    assert agreement_of([given(CASE, 3, 2, 1), Given(scores=None).explain(CASE)]) is None


def test_what_does_not_exist_is_null_in_json() -> None:
    """Constant scores have no order."""
    found = agreement_of([given(CASE, 1, 1, 1), given(CASE, 3, 2, 1)])

    assert found is not None
    assert '"kendall_tau":[[null,null],[null,1.0]]' in found.model_dump_json()
    assert np.isnan(type(found).model_validate_json(found.model_dump_json()).kendall_tau[0, 1])
