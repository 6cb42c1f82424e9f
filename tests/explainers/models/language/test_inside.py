"""The inside of a language model: attention, layers and the words they would say, and what another token needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from explainers import Incompatible, PromptInput, Question, TokenOutput, build, runner
from explainers.inputs.text.edits import replaced, without
from explainers.inputs.text.ids import ids_of
from tests.tiny import DECODERS, tiny_chat

PROMPT = PromptInput.of("the film is good and witty", system="never dull", passages=("a movie is a film",))
SAID = " a good movie"


def asked(**more: Any) -> Question:
    outputs = TokenOutput(continuation=SAID, **more.pop("outputs", {"whole": True}))
    return Question.about("", prompt=PROMPT, outputs=outputs, **more)


def whole(model: Any, inputs: Any) -> torch.Tensor:
    return torch.cat([torch.from_numpy(ids_of(inputs).ids), torch.from_numpy(inputs.held.continuation.continued[:-1])])[
        None
    ]


@pytest.mark.parametrize("name", sorted(set(DECODERS) - {"bloom", "gemma2", "gemma3_text"}))
def test_attention_is_that_of_the_prompt_and_the_answer(name: str) -> None:
    """As the module itself gives it, in every family; nobody looks ahead, and its tokens are listed in order."""
    model = tiny_chat(name)
    found = runner.explain(model, asked(), build("attention"))
    inputs = model.encode(asked())
    module = model._twin.module
    with torch.inference_mode():
        wanted = torch.cat(module(whole(model, inputs), output_attentions=True).attentions).numpy()

    assert found.relations == pytest.approx(wanted, abs=1e-5)
    assert np.triu(found.relations, 1).max() == 0
    assert len(found.tokens) == found.relations.shape[-1] > inputs.size
    said = model.tokenizer.decode(inputs.held.continuation.continued[:-1])
    assert "".join(token.text for token in found.tokens[inputs.size :]) == said


def test_rollout_and_relevance_are_read_before_each_token() -> None:
    """A row for each token of the answer; that of the whole is the mean flow of the rows."""
    model = tiny_chat("qwen2")
    flow = runner.explain(model, asked(), build("rollout"))
    relevance = runner.explain(model, asked(), build("relevance"))
    count = len(flow.targets) - 1

    assert flow.scores[-1] == pytest.approx(flow.scores[:count].mean(axis=0), abs=1e-6)
    assert (flow.scores > 0).all()
    assert (flow.scores.sum(axis=1) < 1).all()
    assert not np.allclose(flow.scores[0], flow.scores[1])
    assert relevance.scores.shape == flow.scores.shape
    assert relevance.scores.max() > 0


@pytest.mark.parametrize("name", ["gpt2", "llama", "gemma", "qwen2"])
def test_the_last_layer_says_what_the_model_says(name: str) -> None:
    """Five words a layer and token; the last layer's are the most probable ones, and the conductance adds up."""
    model = tiny_chat(name)
    question = asked(value="log-probability", baseline="zero")
    found = runner.explain(model, question, build("layers", {"tolerance": 0.05}))
    inputs = model.encode(question)
    with torch.inference_mode():
        odds = model._network.module(whole(model, inputs)).logits[0, inputs.size - 1 :].double().log_softmax(-1)
    layers = found.layers

    assert np.shape(layers.words)[:2] == (3, len(inputs.held.continuation.continued))
    for place, rivals in enumerate(layers.words[-1]):
        top = odds[place].topk(5)
        assert [rival.logprob for rival in rivals] == pytest.approx(top.values.tolist(), abs=1e-4)
        assert rivals[0].text == model.tokenizer.decode(top.indices[:1])
    assert layers.readings[:, -1] == pytest.approx(found.output, abs=1e-4)
    assert layers.words[0] != layers.words[-1]
    with pytest.raises(Incompatible, match="leave the contrast out"):
        runner.explain(model, asked(outputs={"contrast": " a film"}), build("layers"))


def test_a_counterfactual_is_another_token() -> None:
    """The fewest words without which the model would say another token first, tried on the model itself."""
    model = tiny_chat("llama", 1)
    said = model.generate(asked(), model_decoding())
    question = Question.about("", prompt=PROMPT, outputs=TokenOutput(continuation=said.text, ids=(said.tokens[0].id,)))
    found = runner.explain(model, question, build("counterfactual"))
    edit = found.edits[0]
    inputs = model.encode(question)
    keep = np.ones((1, len(inputs.features)), dtype=bool)
    keep[0, list(edit.players)] = False
    top = model._network.most_probable(model._network.coalitions(inputs, keep))[0, 0]

    assert int(top) != said.tokens[0].id
    assert edit.predicted.label == model.tokenizer.decode([int(top)])
    assert edit.probability < 0.5
    for player in edit.players if len(edit.players) > 1 else ():
        fewer = keep.copy()
        fewer[0, player] = True
        assert model._network.most_probable(model._network.coalitions(inputs, fewer))[0, 0] == said.tokens[0].id


def model_decoding() -> Any:
    from explainers import Decoding

    return Decoding(max_tokens=1)


def test_an_edit_of_a_prompt_stays_in_its_parts() -> None:
    """Words are deleted and replaced where they stand; a passage of which nothing is left is gone."""
    inputs = tiny_chat("llama").encode(asked(players="word"))
    words = [feature.text for feature in inputs.features]
    system = words.index("dull")

    changed = without(inputs, [system])
    assert [message.text for message in changed.messages] == ["never", "the film is good and witty"]
    assert changed.passages == PROMPT.passages
    assert without(inputs, range(2, 7)).passages == ()
    other = replaced(inputs, [(system, "funny"), (words.index("witty"), "clumsy")])
    assert [message.text for message in other.messages] == ["never funny", "the film is good and clumsy"]


def test_interactions_of_a_prompts_parts() -> None:
    """Of up to twelve segments, every pair; diagonal and pairs add up to the fall of the answer."""
    found = runner.explain(tiny_chat("llama"), asked(players="passage"), build("interactions"))

    assert len(found.features) == 3
    upper = np.triu(found.interactions).sum(axis=(1, 2))
    assert upper == pytest.approx(found.output - found.baseline_output, abs=1e-6)
