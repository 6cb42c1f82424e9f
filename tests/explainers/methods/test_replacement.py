"""Edits by replacement: the fewest words, of a list, each edit tried as the text that it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explainers import runner
from explainers.badge import badge_of
from explainers.contract import Question
from explainers.methods.replacement import COMMON, Replacement
from explainers.testing import GradientModel
from tests.given import case_for
from tests.tiny import WORDS, tiny

WEIGHTS = {"good": (0.0, 2.0), "fine": (0.0, 1.5), "bad": (2.5, 0.0), "poor": (0.8, 0.0), "film": (0.0, 0.1)}


def test_the_one_word_that_flips_is_found_with_what_to_put_in() -> None:
    """Of a linear model: good → bad; the text is the changed one and the model's answer is for it."""
    case = case_for(GradientModel(WEIGHTS), "a good film")
    made = Replacement(words="bad poor fine").explain(case)
    first = made.edits[0]

    assert (first.players, first.replacements, first.text) == ((1,), ("bad",), "a bad film")
    assert first.predicted.label == "no"
    assert runner.predict(case.model, [Question(text=first.text)])[0].predicted == first.predicted
    assert made.scores is not None
    assert made.scores[1] == pytest.approx([0, 4.5, 0])  # log-odds 2.1 before, −2.4 after
    assert badge_of(made, Replacement()).level == "sound"


def test_two_words_are_replaced_where_one_is_not_enough() -> None:
    """No single word of the list flips; the two together do, and the scores share what they did."""
    made = Replacement(words="poor").explain(case_for(GradientModel(WEIGHTS), "good fine film"))

    assert made.edits[0].replacements == ("poor", "poor")
    assert made.edits[0].players == (0, 1)
    assert made.scores is not None
    assert made.scores[1] == pytest.approx([2.8, 2.3, 0])


def test_where_nothing_flips_it_says_so() -> None:
    """No edit, scores of zero, a notice and a badge that is not sound."""
    made = Replacement(words="fine").explain(case_for(GradientModel(WEIGHTS), "good good"))

    assert made.edits == ()
    assert made.scores is not None
    assert not made.scores.any()
    assert [notice.code for notice in made.warnings] == ["no_replacement"]
    assert badge_of(made, Replacement()).level == "rough"


def test_first_order_falls_are_those_of_the_embeddings() -> None:
    """For one token in place of one: the gradient times the difference of the two embeddings, by finite difference."""
    model = tiny("bert")
    case = case_for(model, "the film is good")
    falls = model.replacement_falls(case.inputs, ["bad", "witty"], value="log-odds", target=1)
    ids = model._encoder.tokenizer(" bad", add_special_tokens=False)["input_ids"]
    weight = model._network.word_embeddings.double().numpy()
    step = 1e-3
    noise = np.zeros((len(case.inputs.ids), weight.shape[1]))
    noise[4] = step * (weight[ids[0]] - weight[case.inputs.ids[4]])
    around = [case.values(model.predict([replace(case.inputs, noise=sign * noise)]))[0, 1] for sign in (1, -1)]

    assert falls.shape == (4, 2)
    assert falls[3, 0] == pytest.approx(-(around[0] - around[1]) / (2 * step), rel=0.05, abs=1e-3)


def test_edits_of_a_network_are_texts_that_flip_it() -> None:
    """With everyday words on a network of random weights: what is claimed is what the model says of the text."""
    model = tiny("bert", seed=2)
    texts = ("the film is good", "a dull movie", "not bad but funny", "it was clumsy")
    found = [Replacement(words=WORDS, most_parts=2).explain(case_for(model, text)) for text in texts]

    assert any(made.edits for made in found)
    for made in found:
        for edit in made.edits:
            assert runner.predict(model, [Question(text=edit.text)])[0].predicted == edit.predicted
            assert edit.predicted != made.prediction.predicted


def test_a_capital_stays_a_capital() -> None:
    """At the beginning of a sentence."""
    model = GradientModel({**WEIGHTS, "Bad": (2.5, 0.0), "Good": (0.0, 2.0)})
    made = Replacement(words="bad").explain(case_for(model, "Good film"))

    assert made.edits[0].text == "Bad film"


def test_the_list_is_of_everyday_words() -> None:
    """Each once, lower case, nothing that needs an apostrophe."""
    words = COMMON.split()

    assert len(words) == len(set(words)) > 100
    assert all(word.isalpha() and word.islower() for word in words)
