"""A text longer than the model reads is read in overlapping windows whose logits are averaged."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from explainers import runner
from explainers.contract import Question
from explainers.errors import BadInput, Incompatible
from explainers.game import passes
from explainers.inputs.text.ids import ids_of, readings
from explainers.inputs.text.windows import MOST_WINDOWS, window_starts
from explainers.methods.shap import Shap
from explainers.metrics.faithfulness import faithfulness_of
from explainers.models.transformer import TransformerModel
from explainers.outputs.value import value_of
from explainers.registry import PANEL
from tests.tiny import tiny, tokenizer_for

SENTENCES = [f"the film is {word}, and {other} movie recovers." for word in ("good", "bad", "dull") for other in "abc"]
TEXT = " ".join(SENTENCES * 4)
NAMES = ("bert", "roberta", "xlm-roberta", "gpt2", "llama", "modernbert")


@pytest.fixture(params=NAMES)
def model(request: pytest.FixtureRequest) -> TransformerModel:
    return tiny(request.param, labels=3)


def plain_logits(model: TransformerModel, ids: Any) -> Any:
    with torch.inference_mode():
        return model._network.module(input_ids=torch.as_tensor(np.asarray(ids))[None]).logits.numpy()


def test_every_part_of_the_text_is_read_and_windows_overlap(model: TransformerModel) -> None:
    """All windows are as long as the model reads, each begins before the one before it ends."""
    inputs = model.encode(Question.about(text=TEXT))
    places = [window.places[window.places >= 0] for window in inputs.windows]

    assert len(places) > 1
    assert {len(window.places) for window in inputs.windows} == {model.maximum_length}
    assert np.array_equal(np.unique(np.concatenate(places)), np.arange(len(inputs.tokens)))
    assert all(right[0] < left[-1] for left, right in pairwise(places))
    assert inputs.unseen == ()


def test_windows_hold_the_ids_of_the_whole_text_between_special_tokens(model: TransformerModel) -> None:
    """Nothing is tokenised again; the first window is what the tokenizer's own truncation gives."""
    inputs = model.encode(Question.about(text=TEXT))
    tokenizer = tokenizer_for(model.id.removeprefix("tiny-"))
    plain = tokenizer(TEXT, add_special_tokens=False, verbose=False)["input_ids"]

    assert ids_of(inputs).ids.tolist() == plain
    assert (
        ids_of(inputs).windows[0].ids.tolist()
        == tokenizer(TEXT, truncation=True, max_length=model.maximum_length)["input_ids"]
    )
    for window, held in zip(inputs.windows, ids_of(inputs).windows, strict=True):
        text = window.places >= 0
        assert held.ids[text].tolist() == [plain[place] for place in window.places[text]]


def test_the_prediction_is_the_mean_of_plain_calls(model: TransformerModel) -> None:
    """Window by window through the network itself."""
    inputs = model.encode(Question.about(text=TEXT))
    wanted = np.mean([plain_logits(model, window.ids) for window in ids_of(inputs).windows], axis=0)

    np.testing.assert_allclose(model.predict([inputs]), wanted, atol=1e-5)


def test_coalitions_are_masked_in_every_window_that_holds_them(model: TransformerModel) -> None:
    """Rows that differ only outside a window are asked of it once, and the answer is that of each row by itself."""
    inputs = model.encode(Question.about(text=TEXT))
    players = len(inputs.features)
    keep = np.concatenate([np.ones((1, players), dtype=bool), ~np.eye(players, dtype=bool)[[0, players // 2, -1]]])

    found = model.outputs(inputs, keep)

    np.testing.assert_allclose(found[:1], model.predict([inputs]), atol=1e-5)
    assert ids_of(inputs).baseline_ids is not None
    for row, logits in zip(keep, found, strict=True):
        ids = np.where(inputs.kept_positions(row[None])[0], ids_of(inputs).ids, ids_of(inputs).baseline_ids)
        both = zip(inputs.windows, ids_of(inputs).windows, strict=True)
        masked = [np.where(w.places < 0, held.ids, ids[w.places]) for w, held in both]
        if model._network.decoder and any(ids[-1] == model._network.module.config.pad_token_id for ids in masked):
            continue  # the plain call would read another position
        wanted = np.mean([plain_logits(model, each) for each in masked], axis=0)
        np.testing.assert_allclose(logits[None], wanted, atol=1e-5)


@pytest.mark.parametrize("value", ["log-odds", "probability"])
def test_path_gradients_are_the_slopes_of_the_value_of_the_mean(value: Any) -> None:
    """Summed over tokens they are dv/dα, compared with differences of the averaged logits."""
    model = tiny("bert", labels=3)
    inputs = model.encode(Question.about(text=TEXT))
    places, step = np.array([0.3, 0.8]), 2e-2

    found = model.path_gradients(inputs, places, value=value, targets=(0, 2))

    def values(points: np.ndarray) -> np.ndarray:
        logits = model.path_gradients(inputs, points, value=value, targets=(0,)).logits
        return value_of(logits, value, head="single", targets=(0, 2))

    slopes = (values(places + step) - values(places - step)) / (2 * step)
    np.testing.assert_allclose(found.products.sum(axis=-1), slopes.T, atol=0.03 * np.abs(slopes).max())
    np.testing.assert_allclose(
        model.path_gradients(inputs, np.array([0.0, 1.0]), value=value, targets=(0,)).logits[1:],
        model.predict([inputs]),
        atol=1e-5,
    )


def test_a_long_text_has_a_panel_of_sentences() -> None:
    """Methods that mask or follow gradients explain the whole; attention says that it belongs to one reading."""
    found = runner.panel(tiny("bert"), Question.about(text=TEXT, budget=64))

    assert {each.method.name for each in found.explanations} >= {
        "shap",
        "lime",
        "integrated-gradients",
        "leave-one-out",
    }
    assert {each.method: each.reason.code for each in found.absent} == dict.fromkeys(
        ("attention", "relevance", "rollout"), "windows"
    )
    for each in found.explanations:
        assert each.players == "sentence"
        assert [TEXT[w.start : w.end] for w in each.windows] == [w.text for w in each.windows]
        assert len(each.windows) > 1
    complete = next(each for each in found.explanations if each.method.name == "integrated-gradients")
    assert complete.checks["converged"]


def test_a_long_text_is_no_larger_game_than_it_can_be() -> None:
    """Without a budget it gets the rows that fit; few players are not enumerated when each row is many tokens."""
    case = runner.case_of(tiny("bert"), Question.about(text=TEXT))
    huge = runner.case_of(tiny("bert"), Question.about(text="the film is good. " * 2500))

    assert case.budget == 512
    assert huge.budget is not None
    assert 64 <= huge.budget <= 512
    assert len(huge.inputs.features) <= 80
    assert len(huge.inputs.windows) == MOST_WINDOWS
    (rest,) = huge.inputs.unseen
    assert rest.end == len(huge.inputs.text.rstrip())


def test_a_text_without_stops_is_divided_all_the_same() -> None:
    """One endless sentence would be a game of one player."""
    inputs = tiny("bert").encode(Question.about(text="the film is good and bad " * 60))

    assert len(inputs.features) > 4
    assert max(len(f.text.split()) for f in inputs.features) <= 60


@pytest.mark.parametrize(("tokens", "capacity"), [(127, 126), (500, 126), (10_000, 126), (20, 6), (7, 6)])
def test_windows_begin_where_nothing_is_left_out(tokens: int, capacity: int) -> None:
    """From the first token, without gaps, the last one ending with the text as long as there are not too many."""
    starts = window_starts(tokens, capacity)

    assert starts[0] == 0
    assert all(0 < right - left <= capacity for left, right in pairwise(starts))
    assert starts[-1] + capacity == tokens or len(starts) == MOST_WINDOWS


def test_a_sentence_is_explained_by_its_words_within_its_window(model: TransformerModel) -> None:
    """The players lie in the focus, the text around it stays, and what lies outside the window is named."""
    start = TEXT.index(SENTENCES[4], 600)
    inputs = model.encode(Question.about(text=TEXT, focus=(start, start + len(SENTENCES[4]))))
    nothing = np.zeros((1, len(inputs.features)), dtype=bool)

    assert inputs.focus is not None
    assert inputs.focus.text == SENTENCES[4]
    assert "".join(f.text for f in inputs.features) == SENTENCES[4].replace(" ", "")
    assert inputs.size == model.maximum_length
    assert inputs.windows == ()
    assert len(inputs.unseen) == 2
    assert ids_of(inputs).baseline_ids is not None
    changed = ids_of(inputs).ids != ids_of(inputs).baseline_ids
    assert not changed[inputs.owner < 0].any()
    np.testing.assert_allclose(
        model.outputs(inputs, nothing),
        model._network.logits(model._network.rows(inputs, ids=ids_of(inputs).baseline_ids[None])),
        atol=1e-6,
    )


def test_a_focus_in_a_short_text_leaves_the_text_whole() -> None:
    """Every method runs, only the words of the focus have scores, and they add up to what the focus does."""
    text = "the film is good. the movie is bad."
    found = runner.panel(tiny("bert"), Question.about(text=text, focus=(18, 35)))

    assert {each.method.name for each in found.explanations} == set(PANEL)
    shap = found.explanations[0]
    assert [f.text for f in shap.features] == ["the", "movie", "is", "bad", "."]
    assert shap.unseen == ()
    assert shap.residual == pytest.approx([0, 0], abs=1e-6)
    assert found.prediction == runner.predict(tiny("bert"), [Question.about(text=text)])[0]


@pytest.mark.parametrize("focus", [(5, 5), (0, 1000), (7, 3)])
def test_a_focus_outside_the_text_is_refused(focus: tuple[int, int]) -> None:
    """BadInput says how long the text is."""
    with pytest.raises(BadInput, match="has 8 characters"):
        tiny("bert").encode(Question.about(text="the film", focus=focus))


def test_what_belongs_to_one_reading_is_refused_for_several() -> None:
    """Attention and states of layers, with the cure."""
    model = tiny("bert")
    inputs = model.encode(Question.about(text=TEXT))

    for ask in (model.attentions, model.pooled_token):
        with pytest.raises(Incompatible, match="choose one of its sentences"):
            ask(inputs)
    with pytest.raises(Incompatible, match="choose one of its sentences"):
        model.layer_states(inputs, np.linspace(0, 1, 3), value="log-odds", targets=(0,))


def test_few_sentences_in_windows_are_exact_and_their_measures_free(model: TransformerModel) -> None:
    """Each window is asked once for each set of its own players, however many coalitions the whole has."""
    question = Question.about(text=" ".join([f"{sentence[:-1]} and film and film and film." for sentence in SENTENCES]))
    own = [np.unique(reading.owner[reading.owner >= 0]).size for reading in readings(model.encode(question))]
    asked: list[int] = []
    with passes.heard_by(asked.append):
        case = runner.case_of(model, question)
        explained = Shap().explain(case)
        after_shap = sum(asked)
        _ = faithfulness_of(explained, case)

    assert len(own) > 1
    assert len(explained.features) == 9
    assert explained.standard_errors is None
    assert after_shap <= sum(2**count for count in own) + 9 * len(own) + 20
    assert sum(asked) == after_shap
