"""Token classifiers: a class for every word, and the explanation of one word's class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification

from explainers import runner
from explainers.contract import Need, Question
from explainers.errors import BadInput, BadModel, Incompatible
from explainers.inputs.text.ids import ids_of
from explainers.models import check_folder, load_model
from explainers.models.transformer import TransformerModel
from explainers.registry import METHODS, build
from tests.tiny import ARCHITECTURES, tiny, tokenizer_for

TEXT = "Don't the witty co-worker recovers, 这部电影很好看"


def supported(name: str) -> bool:
    from transformers import AutoConfig

    return type(AutoConfig.for_model(name)) in AutoModelForTokenClassification._model_mapping


@pytest.fixture(params=[name for name in ARCHITECTURES if supported(name)])
def model(request: pytest.FixtureRequest) -> TransformerModel:
    return tiny(request.param, labels=4, task="word")


def test_every_architecture_has_a_token_classifier_but_those_that_transformers_lacks() -> None:
    """So that a name that is left out is noticed."""
    assert {name for name in ARCHITECTURES if not supported(name)} <= {"gemma3_text", "mistral", "olmo2", "opt"}


def test_every_word_has_the_class_of_its_first_token(model: TransformerModel) -> None:
    """As the plain call gives it; words are cut out of the text."""
    tokenizer = tokenizer_for(model.id.removeprefix("tiny-"))
    batch = tokenizer(TEXT, return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        plain = model._network.module(**batch).logits[0].numpy()
    inputs = model.encode(Question.about(text=TEXT))

    found = runner.predict(model, [Question.about(text=TEXT)])[0]

    assert [TEXT[w.start : w.end] for w in found.words] == [w.text for w in found.words]
    assert "co-worker" in [w.text for w in found.words]
    np.testing.assert_allclose(model.word_logits(inputs), plain[list(ids_of(inputs).reads)], atol=1e-5)
    for word, token in zip(found.words, ids_of(inputs).reads, strict=True):
        assert word.predicted.index == int(plain[token].argmax())
        assert inputs.tokens[token].player is not None


def test_the_chosen_word_is_what_is_explained(model: TransformerModel) -> None:
    """The output is the log-odds of the class at that word's position; everything kept is the prediction."""
    inputs = model.encode(Question.about(text=TEXT, word=3))
    case = runner.case_of(model, Question.about(text=TEXT, word=3))
    everything = np.ones((2, len(inputs.features)), dtype=bool)

    np.testing.assert_allclose(model.predict([inputs])[0], model.word_logits(inputs)[3], atol=1e-5)
    np.testing.assert_allclose(model.outputs(inputs, everything), np.repeat(case.table.whole, 2, axis=0), atol=1e-5)
    assert model.pooled_token(inputs) == ids_of(inputs).reads[3]
    assert case.prediction.predicted == case.prediction.words[3].predicted


def test_a_panel_of_a_word_adds_up(model: TransformerModel) -> None:
    """Every method that the architecture allows runs; Shapley values and integrated gradients leave no residual."""
    found = runner.panel(model, Question.about(text="the witty film recovers", word=1))

    assert {each.reason.code for each in found.absent} == (set() if Need.ATTENTIONS in model.offers else {"lacks"})
    by_name = {each.method.name: each for each in found.explanations}
    assert {each.word for each in found.explanations} == {1}
    assert by_name["shap"].residual == pytest.approx(np.zeros(4), abs=1e-5)
    assert by_name["integrated-gradients"].badge is not None
    assert by_name["integrated-gradients"].checks["converged"] or by_name["integrated-gradients"].warnings


def test_another_word_is_another_question() -> None:
    """Same text, same players, other numbers."""
    model = tiny("bert", labels=4, task="word")
    first, second = (
        runner.explain(model, Question.about(text="the witty film", word=word), build("leave-one-out"))
        for word in (0, 2)
    )

    assert first.features == second.features
    assert first.output != pytest.approx(second.output)


def test_without_a_word_the_most_telling_one_is_explained() -> None:
    """Of the words whose class is not the text's most frequent one the surest; the answer says which."""
    model = tiny("bert", labels=4, task="word")
    found = runner.predict(model, [Question.about(text=TEXT)])[0]
    chosen = runner.explain(model, Question.about(text=TEXT), build("leave-one-out")).word
    said = [word.predicted.index for word in found.words]
    rare = [k for k, index in enumerate(said) if index != np.bincount(said).argmax()] or list(range(len(said)))

    assert chosen == max(rare, key=lambda k: found.words[k].probability)
    assert found.predicted == found.words[chosen].predicted


@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("shap-partition", "grad-cam")])
def test_every_method_explains_a_word(method: str) -> None:
    """With the class of that word as its output, in the words of a pair too."""
    model = tiny("bert", labels=4, task="word")
    found = runner.explain(model, Question.about(text="the witty film", text_pair="is good", word=4), build(method))

    assert found.word == 4
    assert found.prediction.words[4].part == "text_pair"
    assert found.prediction.predicted == found.prediction.words[4].predicted


def test_a_word_that_is_not_there_is_refused() -> None:
    """With the words there are; for a model that says one class of the text with the cure."""
    with pytest.raises(BadInput, match="reads 3 words, 0 to 2"):
        tiny("bert", labels=4, task="word").encode(Question.about(text="the witty film", word=3))
    with pytest.raises(BadInput, match="one class of the whole text"):
        tiny("bert").encode(Question.about(text="the witty film", word=0))


def test_a_long_text_is_cut_and_says_so() -> None:
    """Words behind the longest input have no class."""
    found = runner.explain(
        tiny("bert", labels=4, task="word"), Question.about(text="witty " * 300), build("leave-one-out")
    )

    assert found.windows == ()
    assert found.unseen
    assert len(found.prediction.words) == 126


def test_many_texts_at_once_are_refused() -> None:
    """A row a text would hide that there is one a word."""
    with pytest.raises(Incompatible, match="a class of every word"):
        runner.scores(tiny("bert", labels=4, task="word"), ["good"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    network: Any = tiny("bert", labels=3, task="word")._network.module
    network.save_pretrained(tmp_path / "tagger")
    tokenizer_for("bert").save_pretrained(tmp_path / "tagger")
    return tmp_path / "tagger"


def test_a_folder_of_a_token_classifier_is_loaded(folder: Path) -> None:
    """As what it was saved as, with the same predictions."""
    report = check_folder(folder)
    loaded = load_model(folder)

    assert report.task == loaded.task == "word"
    question = Question.about(text=TEXT)
    assert (
        runner.predict(loaded, [question])[0].words
        == runner.predict(tiny("bert", labels=3, task="word"), [question])[0].words
    )


def test_a_token_classifier_of_one_class_is_refused(folder: Path) -> None:
    """It says the same of every word."""
    import json

    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "only"}, "label2id": {"only": 0}}
    (folder / "config.json").write_text(json.dumps(config))

    with pytest.raises(BadModel):
        check_folder(folder)
