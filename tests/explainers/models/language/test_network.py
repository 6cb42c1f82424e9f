"""Language models: absent tokens, shared passes and answers, against plain passes of the same network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from explainers import BadInput, Cancelled, PromptInput, Question, TokenOutput, build, generate, runner
from explainers.inputs.text.ids import ids_of
from explainers.models.architectures import HIDES
from explainers.models.language.network import shared_positions
from tests.tiny import DECODERS, tiny_chat, tiny_continuing

PROMPT = PromptInput.of("the film is good and witty", system="never dull")
SAID = " a good movie"


def asked(**more: Any) -> Question:
    outputs = TokenOutput(continuation=SAID, whole=True, contrast=more.pop("contrast", None))
    return Question.about("", prompt=PROMPT, outputs=outputs, value=more.pop("value", "log-probability"), **more)


def plain(model: Any, ids: torch.Tensor, said: torch.Tensor) -> Any:
    """(tokens,) log-probabilities of what is said after a prompt of these ids, by the module's own call."""
    with torch.inference_mode():
        logits = model._network.module(input_ids=torch.cat([ids, said])[None]).logits[0, len(ids) - 1 : -1]
    return logits.double().log_softmax(dim=-1).gather(-1, said[:, None])[:, 0].numpy()


@pytest.mark.parametrize("name", sorted(HIDES - {"gemma2", "gemma3_text"}))
def test_what_is_deleted_is_not_in_the_prompt(name: str) -> None:
    """The module's own pass over the shorter prompt gives the same log-probabilities, every family; to 1e-4."""
    model = tiny_chat(name)
    inputs = model.encode(asked(baseline="deleted"))
    keep = np.random.default_rng(0).random((6, len(inputs.features))) < 0.5
    ids, said = torch.from_numpy(ids_of(inputs).ids), torch.from_numpy(inputs.held.continuation.continued)

    found = model.output_of(inputs).value(model.outputs(inputs, keep), "log-probability", range(len(said)))

    for row, kept in zip(found, inputs.kept_positions(keep), strict=True):
        assert row == pytest.approx(plain(model, ids[torch.from_numpy(kept)], said), abs=1e-4)


def test_a_network_that_looks_back_a_little_deletes_nothing() -> None:
    """Its window counts places, hidden ones too: what lies behind would not move up as deleting says."""
    assert tiny_chat("gemma2").baselines[0] == "hidden"
    assert "deleted" not in tiny_chat("gemma2").baselines
    assert "deleted" in tiny_chat("qwen2").baselines


@pytest.mark.parametrize("name", ["gpt2", "llama", "qwen2"])
def test_what_is_hidden_keeps_the_places_of_the_others(name: str) -> None:
    """Other numbers than deleting gives where something lies behind; the same where nothing is absent."""
    model = tiny_chat(name)
    hidden, deleted = (model.encode(asked(baseline=baseline)) for baseline in ("hidden", "deleted"))
    keep = np.ones((5, len(hidden.features)), dtype=bool)
    keep[1:, 0] = False

    first, second = model.outputs(hidden, keep), model.outputs(deleted, keep)

    assert first[0] == pytest.approx(second[0], abs=1e-4)
    assert first[0] == pytest.approx(model.predict([hidden])[0], abs=1e-4)
    assert abs(first[1:] - second[1:]).max() > 1e-3


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_shared_positions_change_no_number(name: str) -> None:
    """Keys and values of the first positions are computed once; rows come out as without."""
    model = tiny_chat(name)
    inputs = model.encode(asked(baseline="eos"))
    keep = np.random.default_rng(1).random((9, len(inputs.features))) < 0.5
    rows = model._network.coalitions(inputs, keep)
    alone = np.concatenate([model._network.logits(part) for part in rows.parts(1)])

    together = model._network.logits(rows)

    assert shared_positions(rows) >= 4
    assert together == pytest.approx(alone, abs=2e-4)
    assert model._network._shares is not None


def test_a_pass_that_shares_wrongly_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are compared the first time: other keys and values, and nothing is shared from then on."""
    model = tiny_chat("gpt2", 3)
    model._network._shares = None
    true = type(model._network)._first_positions
    monkeypatch.setattr(type(model._network), "_first_positions", lambda self, ids: true(self, ids.flip(0)))
    inputs = model.encode(asked(baseline="eos"))
    keep = np.random.default_rng(1).random((8, len(inputs.features))) < 0.5

    found = model.outputs(inputs, keep)

    assert model._network._shares is False
    assert found[0] == pytest.approx(model._network.logits(model._network.coalitions(inputs, keep[:1]))[0], abs=1e-4)


def test_a_run_of_tokens_is_the_sum_of_its_rows() -> None:
    """Shapley values of log-probabilities; the last target is all of them, and its scores add up to its output."""
    model = tiny_chat()
    found = runner.explain(model, asked(players="sentence"), build("shap"))

    assert found.targets[-1].at is None
    assert [target.at for target in found.targets[:-1]] == list(range(len(found.targets) - 1))
    assert found.prediction.main == found.targets[-1]
    assert found.scores[:-1].sum(axis=0) == pytest.approx(found.scores[-1], abs=1e-6)
    assert found.output[:-1].sum() == pytest.approx(found.output[-1], abs=1e-6)
    assert found.residual == pytest.approx(np.zeros(len(found.targets)), abs=1e-6)


def test_a_contrast_is_the_difference_of_two_log_probabilities() -> None:
    """Of every coalition, for values and slopes alike."""
    model = tiny_chat()
    other = " a bad film"
    found = runner.case_of(model, asked(contrast=other, value="log-odds", players="sentence"))
    whole = {
        text: runner.explain(
            model,
            Question.about("", prompt=PROMPT, players="sentence", outputs=TokenOutput(continuation=text, whole=True)),
            build("leave-one-out"),
        ).output[-1]
        for text in (SAID, other)
    }
    ends = model.path_gradients(found.inputs, np.ones(1), value="log-odds", targets=[len(found.targets) - 1])

    assert found.prediction.main.label == f"{SAID.strip()} / {other.strip()}"
    assert found.values(found.table.whole)[0, -1] == pytest.approx(whole[SAID] - whole[other], abs=1e-4)
    assert ends.logits[0] == pytest.approx(found.table.whole[0], abs=1e-3)


def test_integrated_gradients_start_at_zero_where_tokens_are_hidden() -> None:
    """What is hidden has no embedding: the record names the baseline that the path really has."""
    found = runner.explain(tiny_chat(), asked(players="sentence"), build("integrated-gradients"))

    assert found.baseline == "zero"
    assert found.checks["converged"] == 1


@pytest.mark.parametrize("name", ["gpt2", "llama", "t5", "bart"])
def test_an_answer_is_the_most_probable_token_each_time(name: str) -> None:
    """With kept keys and values as without, and each token's log-probability as it is explained; to 1e-4."""
    model = tiny_continuing(name)
    found = generate("a gorgeous film", model, max_tokens=6)
    wanted = model.encode(Question.about("a gorgeous film", outputs=found.output()))
    served = model.output_of(wanted).value(model.predict([wanted]), "log-probability", range(len(found.tokens)))

    assert len(found.tokens) <= 6
    assert all(token.logprob == max(each.logprob for each in token.rivals) for token in found.tokens)
    assert served[0] == pytest.approx([token.logprob for token in found.tokens], abs=1e-4)
    assert "".join(token.text for token in found.tokens) == found.text


def test_a_drawn_answer_is_had_again_with_its_seed() -> None:
    """Another seed, another answer; a small share leaves the most probable tokens alone."""
    model = tiny_chat()
    first, again, other = (
        generate("", model, prompt=PROMPT, max_tokens=12, temperature=2.0, seed=seed) for seed in (1, 1, 2)
    )
    sure = generate("", model, prompt=PROMPT, max_tokens=12, temperature=2.0, top_p=1e-9, seed=1)
    greedy = generate("", model, prompt=PROMPT, max_tokens=12)

    assert [token.id for token in first.tokens] == [token.id for token in again.tokens]
    assert first.text != other.text
    assert sure.text == greedy.text
    assert first.model_copy(update={"timings": {}}) == again.model_copy(update={"timings": {}})


def test_an_answer_stops_between_two_tokens() -> None:
    """Whoever asked hears what was said so far, and may end it."""
    heard: list[str] = []

    def progress(done: float, note: str = "") -> None:
        heard.append(note)
        if len(heard) > 3:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        generate("", tiny_chat(), prompt=PROMPT, max_tokens=50, progress=progress)

    assert len(heard) == 4


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (asked(contrast=SAID), "is the answer itself"),
        (asked(contrast=""), "leaves nothing"),
        (asked(baseline="text"), "choose hidden"),
        (
            Question.about("a film " * 60, outputs=TokenOutput(continuation="a")),
            r"user \d+\); tiny-chat-llama reads",
        ),
        (asked(players="patch"), "parts of an image"),
        (asked(focus=(0, 900)), "no stretch"),
        (Question.about("a", outputs=TokenOutput(continuation="a", ids=(99999,))), "numbers of tokens"),
    ],
)
def test_what_cannot_be_asked_of_a_chat_is_refused(question: Question, message: str) -> None:
    """The message names the value and the cure."""
    with pytest.raises(BadInput, match=message):
        tiny_chat().encode(question)


def test_messages_need_a_template() -> None:
    """A model that only goes on from a text says so; it hides nothing, for its answer is read at the last word."""
    model = tiny_continuing("gpt2")

    with pytest.raises(BadInput, match="no chat template"):
        model.encode(asked())
    assert "hidden" not in model.baselines
