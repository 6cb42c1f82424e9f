"""Two texts compared: the score is the inner product, and a text is encoded once for each set of its own players."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch

from explainers import BadInput, Question, build, runner
from explainers.game.shapley import all_coalitions
from explainers.inputs.text.pairs import pair_of
from explainers.methods.interactions import shapley_interactions
from tests.tiny import tiny, tiny_comparing

FIRST, SECOND = "a good witty film", "the movie is bad"


def asked(**game: Any) -> Question:
    outputs = game.pop("outputs", None)
    made = Question.about(FIRST, SECOND, **game)
    return made if outputs is None else Question.model_validate({**made.model_dump(), "outputs": outputs})


def score(model: Any, ids: Any, split: int) -> float:
    """By the module itself, one text after the other."""
    vectors = []
    for side in (ids[:split], ids[split:]):
        with torch.inference_mode():
            states = model._network.module(input_ids=torch.from_numpy(side)[None]).last_hidden_state[0].double()
        vector = states.mean(dim=0)
        vectors.append(vector / vector.norm() if model._network.unit else vector)
    return float(vectors[0] @ vectors[1])


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_the_score_of_every_coalition_is_an_inner_product(name: str, unit: bool) -> None:
    """All 2^(4 + 4) of them, each by the module's own call on the masked ids."""
    model = tiny_comparing(name, unit)
    inputs = model.encode(asked())
    held, keep = pair_of(inputs), all_coalitions(len(inputs.features))
    ids = np.where(inputs.kept_positions(keep), held.ids, held.baseline_ids)
    some = np.random.default_rng(0).permutation(len(keep))[:20]

    found = model.outputs(inputs, keep)

    assert len(inputs.features) == 8
    assert found[some, 0] == pytest.approx([score(model, row, held.split) for row in ids[some]], abs=1e-5)
    assert found[-1] == pytest.approx(model.predict([inputs])[0], abs=1e-6, rel=1e-6)


def test_all_coalitions_cost_those_of_each_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """2^4 + 2^4 texts go through the encoder, not 2^8 pairs."""
    model = tiny_comparing()
    inputs = model.encode(asked())
    plain, read = model._network._vectors, []
    monkeypatch.setattr(model._network, "_vectors", lambda rows: read.append(rows.shape[0]) or plain(rows))

    model.outputs(inputs, all_coalitions(8))

    assert sum(read) == 2**4 + 2**4


def test_shapley_values_and_interactions_are_those_of_brute_force() -> None:
    """From the definition, over all 8! orders' distinct coalitions, to 1e-6."""
    model = tiny_comparing()
    inputs = model.encode(asked())
    game = model.outputs(inputs, all_coalitions(8))[:, 0]
    wanted = np.zeros(8)
    orders = list(permutations(range(8)))
    for order in orders:
        kept = 0
        for player in order:
            wanted[player] += game[kept | 1 << player] - game[kept]
            kept |= 1 << player
    made = runner.explain(model, asked(), build("shap"))
    joint = runner.explain(model, asked(), build("interactions"))
    _, pairs = shapley_interactions(game[:, None], 8)

    assert made.scores[0] == pytest.approx(wanted / len(orders), abs=1e-6)
    assert joint.interactions[0][~np.eye(8, dtype=bool)] == pytest.approx(pairs[0][~np.eye(8, dtype=bool)], abs=1e-6)
    assert made.residual == pytest.approx([0], abs=1e-6)


def test_nothing_is_left_to_chance_up_to_ten_words_a_text() -> None:
    """2^9 + 2^4 texts go through the encoder; of thirteen players in one text that would be an estimate."""
    model = tiny_comparing()
    long = "the film is a good and witty movie but"
    made = runner.explain(model, Question.about(long, SECOND), build("shap"))

    assert made.checks["exact"] == 1
    assert made.forward_passes == 2**9 + 2**4
    assert made.standard_errors is None
    assert made.residual == pytest.approx([0], abs=1e-6)


def test_beyond_ten_words_numbers_have_standard_errors() -> None:
    """Of scores and interactions; the scores still add up, and one budget holds for each text."""
    made = runner.explain(
        tiny_comparing(), Question.about("the film is a good and witty movie but never bad", SECOND, budget=200),
        build("interactions"),
    )  # fmt: skip

    assert made.checks["exact"] == 0
    assert made.forward_passes == 200 + 2**4
    assert (made.standard_errors > 0).all()
    assert made.interaction_errors.shape == made.interactions.shape == (1, 15, 15)
    assert made.residual == pytest.approx([0], abs=1e-6)
    with pytest.raises(BadInput, match="budget 16 is too small for the 11 players of the first text: give 24"):
        runner.explain(
            tiny_comparing(), Question.about("the film is a good and witty movie but never bad", SECOND, budget=16),
            build("shap"),
        )  # fmt: skip


def test_texts_without_words_have_a_direction_that_is_told() -> None:
    """The scores of emptied texts are there, and a warning where two of them are nearer than the texts."""
    model = tiny_comparing()
    inputs = model.encode(asked())
    made = runner.explain(model, asked(), build("shap"))
    keep = np.array([[0] * 4 + [1] * 4, [1] * 4 + [0] * 4, [0] * 8], dtype=bool)
    nearer = made.emptied.both > made.output[0]

    assert tuple(made.emptied.model_dump().values()) == pytest.approx(model.outputs(inputs, keep)[:, 0], abs=1e-6)
    assert [warning.code for warning in made.warnings] == (["empty_is_nearer"] if nearer else [])
    assert made.baseline_output == pytest.approx([made.emptied.both])


@pytest.mark.parametrize(("explain", "part"), [("first", "text"), ("second", "text_pair")])
@pytest.mark.parametrize("method", ["shap", "leave-one-out", "integrated-gradients"])
def test_one_text_is_explained_while_the_other_stays(explain: str, part: str, method: str) -> None:
    """Its words are all players there are, and their values add up from the emptied text to the score."""
    model = tiny_comparing()
    question = asked(outputs={"kind": "similarity", "explain": explain})
    made = runner.explain(model, question, build(method))

    assert {span.part for span in made.spans} == {part}
    assert len(made.features) == 4
    if method == "shap":
        whole = runner.explain(model, asked(), build("shap"))
        assert made.baseline_output[0] == pytest.approx(getattr(whole.emptied, explain), abs=1e-6)
        assert made.residual == pytest.approx([0], abs=1e-6)


def test_a_prompt_is_read_and_does_not_play() -> None:
    """The score is that of the prompt and the text as one; offsets are the text's own."""
    model = tiny_comparing()
    question = asked(outputs={"kind": "similarity", "prompt": "query", "prompt_pair": "passage"})
    plain = Question.about("the film: " + FIRST, "a movie: " + SECOND)
    inputs = model.encode(question)
    made = runner.explain(model, question, build("shap"))

    assert model.predict([inputs]) == pytest.approx(model.predict([model.encode(plain)]), abs=1e-7)
    assert [feature.text for feature in made.spans] == [*FIRST.split(), *SECOND.split()]
    assert all((FIRST if s.part == "text" else SECOND)[s.start : s.end] == s.text for s in made.spans)


@pytest.mark.parametrize("pooling", ["cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"])
def test_every_pooling_explains_its_own_score(pooling: str) -> None:
    """The values add up to the difference that the pooling makes."""
    model = tiny_comparing("bert", False, pooling)
    made = runner.explain(model, asked(), build("shap"))

    assert made.output == pytest.approx(model.predict([model.encode(asked())])[0], rel=1e-6)
    assert made.residual == pytest.approx([0], abs=1e-4)
    assert np.abs(made.scores).max() > 1e-3


@pytest.mark.parametrize("method", ["shap", "lime", "leave-one-out", "integrated-gradients", "gradient-x-input"])
def test_methods_explain_both_texts(method: str) -> None:
    """Parts of either text have scores, offsets within their own text, and the value is the score itself."""
    made = runner.explain(tiny_comparing(), asked(), build(method))

    assert {span.part for span in made.spans} == {"text", "text_pair"}
    assert all((FIRST if s.part == "text" else SECOND)[s.start : s.end] == s.text for s in made.spans)
    assert made.value == "output"
    assert np.isfinite(made.scores).all()
    assert [target.label for target in made.targets] == ["similarity"]


@pytest.mark.parametrize(
    ("model", "question", "message"),
    [
        (tiny_comparing, Question.about(FIRST), "give text and text_pair"),
        (tiny_comparing, Question.about(FIRST, SECOND * 60), "longer than the"),
        (tiny_comparing, asked(also=1), "has no classes"),
        (tiny_comparing, asked(focus=(0, 4)), "focus"),
        (tiny_comparing, asked(outputs={"kind": "similarity", "prompt": "q"}), "no prompt 'q'; choose query, passage"),
        (
            lambda: tiny("bert"),
            Question.model_validate({"input": {"text": FIRST}, "outputs": {"kind": "similarity"}}),
            "has no similarity",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(model: Any, question: Question, message: str) -> None:
    """The message names the value and the cure."""
    with pytest.raises(BadInput, match=message):
        model().encode(question)
