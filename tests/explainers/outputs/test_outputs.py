"""What an output reads from rows of the table: values, probabilities, predictions and other answers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from explainers import BadInput
from explainers.models.networks.gradients import value_tensor
from explainers.outputs import Classes, Numbers, Tokens
from explainers.outputs.value import ALLOWED

LOGITS = np.array([1.0, -2.0, 0.5, 3.0, 0.0])  # of a vocabulary of five, at each of two places
SAID = (3, 1)


class Ends(NamedTuple):
    whole: Any
    empty: Any


def columns(logits: Any) -> Any:
    """(1, 6): logit, logsumexp and largest of the others of both tokens, by definition."""
    others = {token: np.delete(logits, token) for token in SAID}
    rows = [(logits[token], np.log(np.exp(rest).sum()), rest.max()) for token, rest in others.items()]
    return np.array(rows).reshape(1, -1)


def test_three_numbers_give_every_value_of_a_token() -> None:
    """Probability and log-probability are those of the soft-max over the whole vocabulary."""
    output, rows = Tokens((" a", " b"), first=4), columns(LOGITS)
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum()
    wanted = shares[list(SAID)]

    assert output.value(rows, "probability", [0, 1])[0] == pytest.approx(wanted)
    assert output.value(rows, "log-probability", [0, 1])[0] == pytest.approx(np.log(wanted))
    assert output.value(rows, "log-odds", [1])[0] == pytest.approx(np.log(wanted[1:] / (1 - wanted[1:])))
    assert output.value(rows, "logit", [0])[0] == pytest.approx([3.0])
    assert output.probability(rows, 1) == pytest.approx(wanted[1:])
    assert output.prediction(rows[0]).probabilities == pytest.approx(wanted)
    assert [(output.target(n).label, output.target(n).at) for n in (0, 1)] == [(" a", 4), (" b", 5)]
    assert output.width == rows.shape[1]


def test_a_token_that_is_all_but_certain_keeps_its_log_odds() -> None:
    """Nothing overflows and nothing is rounded to 1."""
    rows = np.array([[800.0, -800.0, -800.0], [-800.0, 800.0, 800.0]])

    found = [Tokens(("a",)).value(rows, value, [0])[:, 0] for value in ("log-odds", "probability", "log-probability")]

    assert found[0].tolist() == [1600, -1600]
    assert found[1].tolist() == [1, 0]
    assert found[2].tolist() == [0, -1600]


def test_a_token_flips_when_its_log_odds_have_gone_half_of_the_way() -> None:
    """From 4 to 0, where another was more probable: at 2 and below, not at 2.1, and not in the other direction."""
    output = Tokens(("a",))
    ends = Ends(np.array([[4.0, 0.0, 9.5]]), np.array([[0.0, 0.0, 9.5]]))
    rows = np.array([[2.0, 0.0, 9.5], [2.1, 0.0, 9.5], [-1.0, 0.0, 9.5], [9.0, 0.0, 9.5]])

    assert output.flips(rows, said=0, ends=ends).tolist() == [True, False, True, False]
    assert output.falls(said=0, ends=ends)
    assert not output.falls(said=0, ends=Ends(ends.empty, ends.whole))


def test_the_most_probable_token_flips_when_another_is_more_probable() -> None:
    ends = Ends(np.array([[4.0, 0.0, 1.0]]), np.array([[0.0, 0.0, 1.0]]))
    rows = np.array([[1.5, 0.0, 1.0], [0.9, 0.0, 1.0]])

    assert Tokens(("a",)).flips(rows, said=0, ends=ends).tolist() == [False, True]


def test_classes_flip_when_another_is_said() -> None:
    """The most probable one of all, or one that was on and is off."""
    ends = Ends(np.array([[1.0, 2.0]]), np.zeros((1, 2)))
    rows = np.array([[3.0, 2.0], [0.0, 1.0], [0.0, -1.0]])

    assert Classes(("no", "yes")).flips(rows, said=1, ends=ends).tolist() == [True, False, True]
    assert Classes(("no", "yes"), several=True).flips(rows, said=1, ends=ends).tolist() == [False, False, True]


def test_a_number_flips_when_it_has_gone_half_of_the_way() -> None:
    """To the baseline's, and not away from it."""
    ends = Ends(np.array([[1.0]]), np.array([[0.0]]))

    assert Numbers(("size",)).flips(np.array([[1.0], [0.4], [2.0]]), said=0, ends=ends).tolist() == [False, True, False]


def test_the_ten_largest_and_the_asked_class_are_covered() -> None:
    """In the model's order; a class that there is not is refused."""
    labels = tuple(f"c{n}" for n in range(14))
    columns = np.arange(14.0)

    assert Classes(labels, 0).targets(columns) == (0, *range(4, 14))
    with pytest.raises(BadInput, match="class 14 does not exist"):
        Classes(labels, 14).targets(columns)


@pytest.mark.parametrize("value", ALLOWED["tokens"])
def test_the_gradients_value_is_the_tables(value: Any) -> None:
    """The same number from the same columns in torch and in numpy."""
    rows = np.random.default_rng(0).normal(size=(3, 4))

    found = value_tensor(torch.from_numpy(rows), value, head="tokens", targets=[1]).numpy()

    assert found == pytest.approx(Tokens(("a", "b")).value(rows, value, [1]))
