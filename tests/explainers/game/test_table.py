import numpy as np
import pytest

from explainers import Cancelled, Question
from explainers.game.batches import batch_for
from explainers.game.shapley import all_coalitions
from explainers.game.table import CoalitionTable
from explainers.testing import AndModel, LinearModel

WEIGHTS = {"great": (-1.0, 2.0), "plot": (0.5, 0.25), "but": (0.1, -0.4)}


class Counting(LinearModel):
    """Remembers the precision and the size of each batch it was sent."""

    def __init__(self) -> None:
        super().__init__(WEIGHTS)
        self.sent: list[tuple[str, int]] = []

    def outputs(self, inputs, keep, *, precision="fp32"):
        self.sent.append((precision, len(keep)))
        shift = 0.001 if precision == "bf16" else 0.0
        return super().outputs(inputs, keep, precision=precision) + shift


def table_of(text="a great but long plot", **options):
    model = Counting()
    return CoalitionTable(model, model.encode(Question.about(text=text)), **options)


def test_no_coalition_is_evaluated_twice():
    """Whoever asks, and however often: 2^5 coalitions are 32 rows, the served prediction among them."""
    table = table_of()
    keep = all_coalitions(5)
    first = table.logits(np.concatenate([keep, keep[::-1]]))
    table.leave_one_out()
    again = table.logits(keep)

    assert table.evaluations == 32
    assert (first[:32] == again).all()


def test_the_whole_is_the_served_prediction():
    """No second forward pass stands between what is predicted and what is explained."""
    table = table_of()

    assert (table.logits(np.ones((1, 5), dtype=bool)) == table.whole).all()
    assert table.whole[0] == pytest.approx([-0.4, 1.85])


def test_batches_have_few_shapes():
    """Rows are padded to multiples of eight up to the batch size: each new shape costs a kernel."""
    table = table_of("a b c d e f great but plot")
    table.logits(all_coalitions(9))

    assert {rows for _, rows in table.model.sent} == {16, 128, 120}
    assert sum(table.batches) == 2**9 - 1


def test_empty_and_leave_one_out_are_fp32_in_a_bf16_table():
    """They are shown as measurements; rows of the sampled game are not."""
    table = table_of(precision="bf16")
    loose = table.logits(all_coalitions(5))
    exact = table_of().logits(all_coalitions(5))
    sizes = all_coalitions(5).sum(axis=1)

    assert (loose[(sizes == 0) | (sizes >= 4)] == exact[(sizes == 0) | (sizes >= 4)]).all()
    assert (loose[(sizes > 0) & (sizes < 4)] != exact[(sizes > 0) & (sizes < 4)]).all()


def test_a_row_to_be_shown_as_a_prediction_is_fp32():
    """A bf16 row is not good enough to be shown: it is evaluated once more, and then known."""
    table = table_of(precision="bf16")
    row = np.array([[True, False, False, True, True]])
    table.logits(row)
    shown = table.logits(row, precision="fp32")

    assert (shown == table_of().logits(row)).all()
    assert (table.logits(row) == shown).all()


def test_the_first_question_does_not_change_the_bits():
    """Leave-one-out alone and after all coalitions goes through the model in the same batch."""
    alone, after = table_of(), table_of()
    after.logits(all_coalitions(5))
    alone.leave_one_out()

    assert alone.model.sent[0] == after.model.sent[0]
    assert (alone.leave_one_out() == after.leave_one_out()).all()


def test_one_player_has_one_coalition_beside_the_whole():
    """Its leave-one-out is the empty coalition."""
    table = table_of("great")

    assert (table.leave_one_out() == table.empty).all()
    assert table.evaluations == 2


def test_it_stops_between_batches_and_keeps_what_it_has():
    """A caller who is gone costs at most one batch more."""

    def stop_at_the_second_batch(done: float, note: str = "") -> None:
        if done > 0:
            raise Cancelled("stop")

    model = AndModel()
    text = " ".join("abcdefghij")
    table = CoalitionTable(model, model.encode(Question.about(text=text)), progress=stop_at_the_second_batch)
    with pytest.raises(Cancelled):
        table.logits(all_coalitions(10))

    assert table.evaluations == 1 + 11 + batch_for(10)  # whole; empty and leave-one-out; one full batch


@pytest.mark.parametrize(
    ("tokens", "rows"), [(1, 128), (10, 128), (11, 112), (18, 64), (26, 48), (33, 32), (40, 32), (300, 8), (5000, 8)]
)
def test_a_batch_is_as_large_as_the_cache_likes(tokens, rows):
    """At most 1,280 tokens and 128 rows, in eights, by a rule that no measurement moves."""
    assert batch_for(tokens) == rows
