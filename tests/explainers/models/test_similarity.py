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
    return Question.about(FIRST, SECOND, **game)


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
    assert found[-1] == pytest.approx(model.predict([inputs])[0], abs=1e-6)


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
