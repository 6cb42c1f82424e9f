from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explainers.contract import Attribution
from explainers.methods.counterfactual import Counterfactual, deleted, minimal
from explainers.testing import LinearModel
from tests.given import case_for
from tests.tiny import tiny

WEIGHTS = {"good": (0.0, 2.0), "fine": (0.0, 1.5), "bad": (0.0, -1.0), "dull": (0.0, -1.8), "so": (0.0, 0.1)}


class Multi(LinearModel):
    head = "multi"


class Regression(LinearModel):
    head = "regression"
    labels = ("stars",)


def ask(model: Any, text: str, *, budget: int | None = None, **options: Any) -> Attribution:
    return Counterfactual(**options).explain(case_for(model, text, budget=budget))


def test_one_word_that_decides_is_found() -> None:
    """2 − 1 + .1 is positive; without good it is −.9, without any other word it is not."""
    found = ask(LinearModel(WEIGHTS), "so good bad")

    assert [edit.players for edit in found.edits] == [(1,)]
    assert found.edits[0].predicted.label == "no"
    assert found.edits[0].probability == pytest.approx(1 / (1 + np.exp(0.9)))
    assert found.edits[0].output == pytest.approx(-0.9)
    assert found.checks["exhaustive"] == 1


def test_two_words_are_needed_where_each_covers_for_the_other() -> None:
    """2 + 1.5 − 1: any one word less stays positive; without both good words it is −1."""
    found = ask(LinearModel(WEIGHTS), "good fine bad")

    assert [edit.players for edit in found.edits] == [(0, 1)]
    assert found.scores is not None
    assert found.scores[1] == pytest.approx([2, 1.5, 0])
    assert found.scores[1].sum() == pytest.approx(found.output[1] - found.edits[0].output)


def test_the_text_without_the_words_is_asked_too() -> None:
    """Deleted instead of masked, with the white space before them."""
    (edit,) = ask(LinearModel(WEIGHTS), "so good bad").edits

    assert edit.text == "so bad"
    assert edit.deleted_predicted is not None
    assert edit.deleted_predicted.label == "no"


def test_nothing_left_to_read_is_no_prediction() -> None:
    """The one word of a text may be masked but not deleted."""
    (edit,) = ask(LinearModel({"bad": (0.0, 1.0)}), "bad", most_parts=1).edits

    assert edit.text == ""
    assert edit.deleted_predicted is None
    assert edit.deleted_probability is None


@pytest.mark.parametrize(
    ("text", "spans", "left"),
    [
        ("a b c", [(0, 1)], "b c"),
        ("a b c", [(2, 3)], "a c"),
        ("a b c", [(4, 5), (2, 3)], "a"),
        ("a b c", [(0, 1), (2, 3)], "c"),
        ("a,b", [(1, 2)], "ab"),
        ("line\nb c", [(5, 6)], "line\n c"),
    ],
)
def test_deleting_takes_a_space_along(text: str, spans: list[tuple[int, int]], left: str) -> None:
    """That before the word; at the beginning of the text that after it."""
    assert deleted(text, spans) == left


def test_what_cannot_be_flipped_is_said() -> None:
    """Without any word 0 is a tie, which is the first class: all three must go, and two are allowed."""
    found = ask(LinearModel(WEIGHTS), "good fine so", most_parts=2)

    assert found.edits == ()
    assert found.checks["flips"] == 0
    assert [notice.code for notice in found.warnings] == ["no_flip"]
    assert found.scores is not None
    assert not found.scores.any()


def test_a_multi_label_class_goes_off() -> None:
    """Its logit crosses 0: 2 − 1.8 + .1 does so without good, whatever the other class says."""
    found = ask(Multi(WEIGHTS), "good dull so")

    assert [edit.players for edit in found.edits] == [(0,)]
    assert found.edits[0].output == pytest.approx(-1.7)


def test_a_multi_label_class_that_is_off_goes_on() -> None:
    """Class 0 has no weight and class 1 −.1: the higher logit is 0, off; nothing turns it on."""
    weights = {"bad": (-1.0, -2.0), "good": (0.5, 0.0)}

    found = ask(Multi(weights), "bad good")

    assert [edit.players for edit in found.edits] == [(0,)]
    assert found.edits[0].output == pytest.approx(0.5)


def test_a_regression_goes_half_of_the_way() -> None:
    """4 of 6 stars come from one word: without it 2 are left, less than 3."""
    found = ask(Regression({"great": (4.0,), "fine": (2.0,)}), "great fine")

    assert [edit.players for edit in found.edits] == [(0,)]
    assert found.edits[0].probability is None
    assert found.edits[0].output == pytest.approx(2)


def test_a_beam_finds_what_the_budget_cannot_try() -> None:
    """Of 20 words three weigh 4 and the rest about −.3, 7.0 in all: without two of the three it is −1.0.

    60 evaluations are enough for all single words, not for all 190 pairs.
    """
    text = " ".join(["good"] * 3 + [f"w{i}" for i in range(17)])
    weights = {"good": (0.0, 4.0)} | {f"w{i}": (0.0, -0.3 + i / 1000) for i in range(17)}

    found = ask(LinearModel(weights), text, budget=60)

    assert found.checks["exhaustive"] == 0
    assert [edit.players for edit in found.edits] == [(0, 1), (0, 2), (1, 2)]


def test_a_set_is_cut_to_what_is_needed() -> None:
    """A beam may carry words along: without good alone `so good bad` is negative already."""
    assert minimal(case_for(LinearModel(WEIGHTS), "so good bad"), (0, 1, 2)) == (1,)


def test_the_new_prediction_is_the_models_own() -> None:
    """Masked by the model itself, in fp32, on a network."""
    model = tiny("gpt2")
    case = case_for(model, "a good, witty film")

    found = Counterfactual().explain(case)

    for edit in found.edits:
        keep = np.ones((1, 5), dtype=bool)
        keep[0, list(edit.players)] = False
        assert model.outputs(case.inputs, keep).argmax() == edit.predicted.index
        assert edit.predicted != found.prediction.predicted
