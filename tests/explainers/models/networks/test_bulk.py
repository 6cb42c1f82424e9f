"""Many texts at once: the same numbers as one at a time, in their order, and a refusal that names its text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explainers import runner
from explainers.contract import Question
from explainers.errors import BadInput, Cancelled
from explainers.game import passes
from explainers.game.batches import PROCESSOR
from explainers.testing import LinearModel
from tests.explainers.models.test_transformer import generated
from tests.tiny import ARCHITECTURES, tiny


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_many_at_once_have_the_numbers_of_one_at_a_time(name: str) -> None:
    """But for rounding, in the order given, also where a text holds the padding token or is longer than is read."""
    model = tiny(name)
    padding = model._encoder.tokenizer.pad_token
    texts = [*generated()[::5], f"good {padding} film", "witty " * 400, "bad", "😀"]
    alone = np.concatenate([model.predict([model.encode(Question.about(text=text))]) for text in texts])

    assert np.abs(runner.scores(model, texts) - alone).max() <= 1e-5


def test_pairs_of_one_length_are_told_apart_by_their_segments() -> None:
    """The border between the two texts is part of what a row is."""
    model = tiny("bert")
    texts = [("good film", "bad"), ("good", "film bad"), ("a film", "is"), ("a", "film is")]
    alone = np.concatenate([model.predict([model.encode(Question.about(text=a, text_pair=b))]) for a, b in texts])

    assert np.abs(runner.scores(model, texts) - alone).max() <= 1e-5


def test_a_text_that_cannot_be_read_is_named() -> None:
    """By its place in the list; an empty one and one of invisible characters alike."""
    for model in (tiny("bert"), tiny("roberta")):
        with pytest.raises(BadInput, match="text 3 of the list: the text is empty"):
            runner.scores(model, ["good", "bad", " "])
    with pytest.raises(BadInput, match=r"text 2 of the list: .*invisible"):
        runner.scores(tiny("bert"), ["good", "\u200b"])
    with pytest.raises(BadInput, match="some texts are pairs"):
        runner.scores(tiny("bert"), ["good", ("good", "bad")])


def test_no_texts_have_no_rows() -> None:
    """Of the right width."""
    assert runner.scores(tiny("bert", labels=3), []).shape == (0, 3)


def test_a_model_without_bulk_prediction_is_asked_text_by_text() -> None:
    """A plugin's model need not know how to batch."""
    model = LinearModel({"good": (-1.0, 1.0), "bad": (2.0, -2.0)})

    assert runner.scores(model, ["good film", "bad", "bad good"]).tolist() == [[-1, 1], [2, -2], [1, -1]]


def test_it_stops_between_batches() -> None:
    """A cancelled audit does not finish its predictions first."""
    asked: list[float] = []

    def stop(done: float, note: str = "") -> None:
        asked.append(done)
        if done > 0:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        runner.scores(tiny("bert"), generated(), progress=stop)

    assert 0 < asked[-1] < 1


def test_equal_texts_have_equal_bits_however_many_batches_there_are(monkeypatch):
    """The last batch has another size, and with it other last bits."""
    monkeypatch.setattr("explainers.game.batches.PROCESSOR", replace(PROCESSOR, tokens=30))
    model, told = tiny("bert"), []
    texts = ["good bad film", "bad good film", "good good film"] * 5
    with passes.heard_by(told.append):
        found = runner.scores(model, texts)

    assert sum(told) == 3
    assert np.array_equal(found, np.tile(found[:3], (5, 1)))
    assert len(np.unique(found, axis=0)) == 3


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_states_are_what_the_head_reads(name: str) -> None:
    """The last linear layer makes the logits of them, in the texts' order; the model is left without hooks."""
    model = tiny(name, labels=3)
    texts = ["a good film", "bad", "the movie is not never good", "bad"]
    found = runner.states(model, texts)
    logits, states = found[:, :3], found[:, 3:]
    module = model._network.module
    head = [each for each in module.modules() if getattr(each, "out_features", None) == 3][-1]
    made = states @ head.weight.detach().double().numpy().T
    if head.bias is not None:
        made = made + head.bias.detach().double().numpy()

    assert np.abs(logits - runner.scores(model, texts)).max() <= 1e-5
    assert np.abs(made - logits).max() <= 1e-4
    assert states.shape[1] >= 16
    assert not any(each._forward_pre_hooks for each in module.modules())


def test_a_model_without_a_state_gives_its_logits() -> None:
    """One that is made of weights has nothing behind them."""
    model = LinearModel({"good": (0.0, 2.0)})

    assert np.array_equal(runner.states(model, ["good film", "film"]), runner.scores(model, ["good film", "film"]))
