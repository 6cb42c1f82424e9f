"""Language models explained token by token, against the networks' own teacher-forced passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from explainers import BadInput, Question, TokenOutput, build, runner
from explainers.inputs.text.continuation import continued
from explainers.inputs.text.ids import ids_of
from tests.tiny import CONTINUING, tiny_continuing

PROMPT = "a gorgeous film that never"
SAID = " recovers from its opening"


def asked(text: str = PROMPT, said: str | None = SAID, *, first: int = 0, stop: int | None = None, **game: Any) -> Any:
    outputs = TokenOutput(continuation=said, first=first, stop=stop)
    return Question.model_validate({"input": {"text": text}, "outputs": outputs, **game})


def own_log_probabilities(model: Any, inputs: Any) -> Any:
    """(tokens,), from the module's own call: one pass over prompt and continuation."""
    module, wanted = model._network.module, torch.from_numpy(continued(inputs).continued)
    prompt = torch.from_numpy(ids_of(inputs).ids)
    with torch.inference_mode():
        if module.config.is_encoder_decoder:
            logits = module(input_ids=prompt[None], labels=wanted[None]).logits[0]
        else:
            logits = module(input_ids=torch.cat([prompt, wanted])[None]).logits[0, len(prompt) - 1 : -1]
    return logits.double().log_softmax(dim=-1).gather(-1, wanted[:, None])[:, 0].numpy()


@pytest.mark.parametrize("name", CONTINUING)
def test_everything_kept_gives_the_networks_own_log_probabilities(name: str) -> None:
    """Teacher forcing: every token as the network gives it after the tokens before it; to 1e-5."""
    model = tiny_continuing(name)
    case = runner.case_of(model, asked(value="log-probability"))
    wanted = own_log_probabilities(model, case.inputs)

    kept = model.outputs(case.inputs, np.ones((3, len(case.inputs.features)), dtype=bool))

    assert len(wanted) >= 4
    assert case.values(case.table.whole)[0] == pytest.approx(wanted, abs=1e-5)
    assert case.values(kept) == pytest.approx(np.tile(wanted, (3, 1)), abs=1e-5)
    assert np.log(case.prediction.probabilities) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("name", CONTINUING)
def test_a_coalition_is_the_prompt_with_other_ids(name: str) -> None:
    """What is absent is replaced in the prompt alone; the continuation stays."""
    model = tiny_continuing(name)
    case = runner.case_of(model, asked(value="log-probability"))
    keep = np.arange(len(case.inputs.features)) != 1
    held = ids_of(case.inputs)
    assert held.baseline_ids is not None
    ids = np.where(case.inputs.kept_positions(keep[None])[0], held.ids, held.baseline_ids)
    changed = model.encode(asked())
    object.__setattr__(changed.held, "ids", ids)

    found = case.values(case.table.logits(keep[None]))[0]

    assert found == pytest.approx(own_log_probabilities(model, changed), abs=1e-5)
    assert abs(found - case.values(case.table.whole)[0]).max() > 1e-3


@pytest.mark.parametrize("name", CONTINUING)
def test_the_end_of_the_path_is_the_prompt_itself(name: str) -> None:
    """Word embeddings that are given go in as those that the network looks up, scaled where it scales them."""
    model = tiny_continuing(name)
    inputs = model.encode(asked())

    ends = model.path_gradients(inputs, np.array([0.0, 1.0]), value="log-odds", targets=[0]).logits

    assert ends[1] == pytest.approx(model.predict([inputs])[0], abs=1e-4)
    assert ends[0] == pytest.approx(model.outputs(inputs, np.zeros((1, len(inputs.features)), dtype=bool))[0], abs=1e-4)


def test_some_tokens_are_explained_after_those_before_them() -> None:
    """Tokens 2 and 3: the same numbers as of all, and their places in the continuation."""
    model = tiny_continuing("llama")
    every, some = (
        runner.explain(model, question, build("leave-one-out")) for question in (asked(), asked(first=2, stop=4))
    )

    assert [(target.label, target.at) for target in some.targets] == [
        (target.label, target.at) for target in every.targets[2:4]
    ]
    assert some.scores == pytest.approx(every.scores[2:4], abs=1e-5)


def test_without_a_continuation_the_model_says_one() -> None:
    """The most probable token each time; asking again with what was said gives the same answer."""
    model = tiny_continuing("gpt2")
    said = model.encode(asked(said=None))
    again = model.encode(asked(said=said.outputs.continuation))

    assert said.outputs.continuation
    assert continued(said).continued.tolist() == continued(again).continued.tolist()


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (asked(first=9), "not in the continuation"),
        (asked(first=2, stop=2), "not in the continuation"),
        (asked(PROMPT * 40), "longer than the"),
        (asked(said=""), "leaves nothing"),
        (Question.about(PROMPT, "a pair"), "leave text_pair out"),
        (Question.about(PROMPT, word=1), "has no words"),
    ],
)
def test_what_cannot_be_asked_is_refused(question: Question, message: str) -> None:
    """The message names the value and the cure."""
    with pytest.raises(BadInput, match=message):
        tiny_continuing("gpt2").encode(question)


def test_a_classifier_continues_nothing() -> None:
    """Tokens asked of a classifier are refused, not ignored."""
    from tests.tiny import tiny

    with pytest.raises(BadInput, match="has no tokens"):
        tiny("bert").encode(asked())


def test_measures_on_demand_are_made() -> None:
    """Those that move what gradients flow to, and those that draw the weights anew."""
    measures = ("infidelity", "max-sensitivity", "randomisation")
    found = runner.explain(tiny_continuing("gpt2"), asked(), build("gradient-x-input"), measures=measures)

    assert 0 <= found.checks["infidelity"] <= 1
    assert found.checks["max_sensitivity"] > 0
    assert abs(found.checks["randomisation_tau"]) < 1
