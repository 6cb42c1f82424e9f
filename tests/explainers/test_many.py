"""Explanations of many texts: each is the one that the text gets alone, in fewer passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explainers import BadInput, Cancelled, Incompatible, Question, build, explain_many, heard_by
from explainers.contract import Attribution
from explainers.game.batches import Pass, pass_for
from explainers.models.networks.masking import keeps_bits
from explainers.models.networks.network import Network
from explainers.runner import explain
from explainers.testing import LinearModel
from tests.tiny import tiny

WORDS = ["film", "movie", "good", "bad", "dull", "funny", "witty", "never", "not", "but", "and", "was", "the", "is"]
MODEL = tiny("bert")


def questions(*players: int, **asked: Any) -> list[Question]:
    draw = np.random.default_rng(0)
    return [Question.about(" ".join(draw.choice(WORDS, count)), **asked) for count in players]


def same(found: Any, alone: Attribution) -> bool:
    assert isinstance(found, Attribution)
    return (
        np.array_equal(found.scores, alone.scores)
        and found.forward_passes == alone.forward_passes
        and found.checks == alone.checks
        and found.badge == alone.badge
    )


@pytest.mark.parametrize("method", ["shap", "lime", "leave-one-out", "integrated-gradients", "rollout"])
def test_every_text_gets_what_it_gets_alone(method: str) -> None:
    """To the bit, in the order in which they were asked, of whatever length they and their neighbours are."""
    asked = questions(13, 4, 13, 1, 13, 9)
    explainer = build(method)
    together = explain_many(MODEL, asked, explainer)
    some = explain_many(MODEL, asked[3:1:-1], explainer)

    assert all(same(found, explain(MODEL, each, explainer)) for found, each in zip(together, asked, strict=True))
    assert all(same(found, alone) for found, alone in zip(some, together[3:1:-1], strict=True))


def passes(work: Any) -> list[int]:
    rows: list[int] = []
    with heard_by(rows.append):
        work()
    return rows


def test_texts_of_one_length_share_passes() -> None:
    """Eight texts of thirteen words take at most six tenths of the passes, and the rows that one of them asks for."""
    asked = questions(*[13] * 8, accuracy="draft")
    alone = passes(lambda: [explain(MODEL, each, build("shap")) for each in asked])
    together = passes(lambda: explain_many(MODEL, asked, build("shap")))

    assert MODEL.shares(MODEL.encode(asked[0]), precision="fp32") is not None
    assert len(together) < 0.6 * len(alone)
    assert sum(together) < sum(alone)


def test_a_model_whose_rows_do_not_keep_their_bits_is_asked_text_by_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sharing is tried on the processor first: a network that looks at how many rows it has fails."""

    class Counting(Network):
        def logits(self, rows: Any) -> Any:
            return super().logits(rows) + 1e-6 * rows.shape[0]

    def read(text: str) -> Any:
        return MODEL.encode(Question.about(text))

    assert keeps_bits(MODEL.network_in("fp32"), read, "fp32")
    assert not keeps_bits(Counting(MODEL._network.module), read, "fp32")
    other = tiny("bert")
    monkeypatch.setattr(other, "_fast_shares", False, raising=False)
    asked = questions(*[9] * 4)
    by_itself = passes(lambda: explain_many(other, asked, build("shap")))
    assert sorted(by_itself) == sorted(passes(lambda: [explain(other, each, build("shap")) for each in asked]))


def test_a_text_that_cannot_be_explained_is_an_error_in_its_place() -> None:
    """The others have their explanations; what no text could have ends it all."""
    asked = [*questions(5), Question.about("good film", value="output"), *questions(6)]
    first, bad, last = explain_many(MODEL, asked, build("shap"))

    assert isinstance(first, Attribution)
    assert isinstance(last, Attribution)
    assert isinstance(bad, BadInput)
    assert explain_many(MODEL, [], build("shap")) == []
    with pytest.raises(Incompatible, match="gradients"):
        explain_many(LinearModel({}), asked, build("integrated-gradients"))


def test_it_stops_between_two_passes() -> None:
    """And says how many texts are done."""
    told: list[str] = []

    def stop(done: float, note: str = "") -> None:
        told.append(note)
        if len(told) == 5:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        explain_many(MODEL, questions(9, 9, 9), build("shap"), progress=stop)

    assert told[-1] == "0 of 3 texts"


@pytest.mark.parametrize("rows", [1, 16, 17, 40, 64, 65, 95, 129, 400])
def test_no_pass_is_smaller_than_the_smallest_that_keeps_bits(rows: int) -> None:
    """Rows are shared out evenly, in eights, and a small rest is filled up."""
    shape = pass_for(19, "bf16")
    parts = list(shape.parts(rows))
    sizes = [len(shape.padded(np.zeros((stop - start, 2), dtype=bool))) for start, stop in parts]

    assert shape == Pass(most=64, least=40)
    assert sum(stop - start for start, stop in parts) == rows
    assert all(40 <= size <= 64 and size % 8 == 0 for size in sizes)
