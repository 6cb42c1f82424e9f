from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from explainers import Question, build
from explainers.contract import Case, HalfCheck
from explainers.game.chosen import chosen_pairs
from explainers.game.sampling import design_for
from explainers.game.shapley import all_coalitions, estimate, exact
from explainers.game.stopping import TARGETS, budget_of, sampled
from explainers.runner import case_of, explain
from explainers.testing import LinearModel
from tests.explainers.game.test_shapley import random_game

PLAYERS = 12
TEXT = " ".join(f"w{i}" for i in range(PLAYERS))


class Game(LinearModel):
    """A model whose second logit is a given value of every coalition; in bf16 each is off by as much as is said."""

    half_check: HalfCheck | None = None

    def __init__(self, values: np.ndarray, *, rounding: float = 0.0) -> None:
        super().__init__({})
        self.known = values
        self.rounding = rounding

    def outputs(self, inputs, keep, *, precision="fp32"):
        code = keep @ (1 << np.arange(keep.shape[1]))
        found = np.stack([np.zeros(len(keep)), self.known[code]], axis=1)
        if precision == "bf16":
            found[:, 1] += self.rounding * np.sin(code * 12.9898)
        return found

    def predict(self, inputs):
        return self.outputs(inputs[0], np.ones((1, PLAYERS), dtype=bool))


def game(seed: int, *, rough: float = 1.0) -> np.ndarray:
    """A line with effects of all orders, `rough` times as large as they come."""
    line = all_coalitions(PLAYERS) @ np.random.default_rng(seed).normal(size=PLAYERS)
    found = line + rough * random_game(PLAYERS, seed)[:, 0]
    return found - found[-1] + 1  # so that the second class is predicted


def asked(seed: int, *, rough: float = 1.0, **question: object) -> Case:
    return case_of(Game(game(seed, rough=rough)), Question.about(TEXT, value="logit", precision="fp32", **question))


def test_an_easy_game_is_settled_by_few_rows() -> None:
    """What is nearly a line stops at the first batch, a rough game goes on, and the budget ends it."""
    easy, rough = asked(0, rough=0.01), asked(0, rough=8.0)
    bound = asked(0, rough=8.0, budget=80)

    assert len(sampled(easy).design.keep) + 2 == 64
    assert 64 < len(sampled(rough).design.keep) + 2 <= budget_of(rough) == 512
    assert len(sampled(bound).design.keep) + 2 == 80


@pytest.mark.parametrize(("accuracy", "rough"), [("draft", 4.0), ("normal", 2.0), ("normal", 4.0)])
def test_where_sampling_stops_early_the_true_error_is_within_what_was_aimed_at(accuracy: str, rough: float) -> None:
    """In at most three of twenty games it is not; made to be rough, they are harder than texts."""
    past, early = 0, 0
    for seed in range(20):
        case = asked(seed, rough=rough, accuracy=accuracy)
        truth = exact(game(seed, rough=rough)[:, None], all_coalitions(PLAYERS))[:, 0]
        found = sampled(case)
        row = case.targets.index(1)
        if len(found.design.keep) + 2 < budget_of(case):
            early += 1
            past += np.linalg.norm(found.scores[row] - truth) > TARGETS[case.accuracy] * np.linalg.norm(truth)

    assert early >= 5
    assert past <= 3


def test_a_draft_asks_for_less_and_exact_for_everything() -> None:
    """One dial: 4,096 coalitions of twelve players are all there are."""
    rows = {name: explain_with(name).forward_passes for name in ("draft", "normal", "exact")}
    best = explain_with("exact")

    assert rows["draft"] < rows["normal"] < rows["exact"] == 2**PLAYERS - 1
    assert best.checks["exact"] == 1.0
    assert best.badge.reasons[0].code == "exact"
    assert best.accuracy == "exact"


def explain_with(accuracy: str):
    question = Question.about(TEXT, value="logit", precision="fp32", accuracy=accuracy)
    return explain(Game(game(1, rough=6.0)), question, build("shap"))


def test_eight_players_are_exact_where_that_is_asked() -> None:
    """Else a hundred rows are enough, which say that they are sampled; six players have no more than 64 anyway."""
    model = LinearModel({"great": (-1.0, 2.0)})
    text = "a b c d e f great plot"
    usual = explain(model, Question.about(text), build("shap"))
    exactly = explain(model, Question.about(text, accuracy="exact"), build("shap"))
    so_far = explain(model, Question.about(text), build("shap", {"exact_players": 8}))
    six = explain(model, Question.about("a b c d great plot"), build("shap"))

    assert usual.forward_passes <= 100 < exactly.forward_passes == so_far.forward_passes == 255
    assert {reason.code for reason in usual.badge.reasons} >= {"sampling_error"}
    assert all({reason.code for reason in each.badge.reasons} >= {"exact"} for each in (exactly, so_far, six))


def test_lime_reads_the_rows_at_which_shap_stopped() -> None:
    """Alone or after SHAP it gives the same weights, and after it asks for nothing."""
    case = asked(3, rough=8.0)
    build("shap").explain(case)
    before = case.table.evaluations
    after = build("lime").explain(case)
    alone = build("lime").explain(asked(3, rough=8.0))

    assert case.table.evaluations == before
    assert (after.scores == alone.scores).all()


def test_the_same_question_stops_at_the_same_row() -> None:
    """Nothing but the question decides."""
    one, other = sampled(asked(5, rough=3.0)), sampled(asked(5, rough=3.0))

    assert (one.design.keep == other.design.keep).all()
    assert (one.scores == other.scores).all()


def test_what_bf16_rounds_is_in_the_standard_errors() -> None:
    """As much as it moves the scores of a line."""
    values = all_coalitions(PLAYERS) @ np.arange(1.0, PLAYERS + 1)

    def errors(rounding: float) -> np.ndarray:
        case = case_of(Game(values, rounding=rounding), Question.about(TEXT, value="logit", precision="fp32"))
        return sampled(replace(case, precision="bf16", table=_half(case))).errors

    def _half(case: Case):
        case.table.precision = "bf16"
        return case.table

    added = np.sqrt(errors(0.5)[1] ** 2 - errors(0.0)[1] ** 2)

    assert 0.05 < added.mean() < 0.5


def test_rows_are_asked_in_fp32_where_bf16_would_err_more_than_sampling() -> None:
    """Of a line, which few rows tell exactly: unless bf16 is asked for, the answer is that of fp32, and says so."""
    values = all_coalitions(PLAYERS) @ np.arange(1.0, PLAYERS + 1)

    def explained(rounding: float, precision: str):
        model = Game(values, rounding=rounding)
        model.half_check = HalfCheck(supported=True, rank_agreement=1.0, value_error=0.0)
        return explain(model, Question.about(TEXT, value="logit", precision=precision), build("shap"))

    rough, half = explained(0.5, "auto"), explained(0.5, "bf16")
    fine, exactly = explained(1e-6, "auto"), explained(0.5, "fp32")

    assert (rough.precision, half.precision, fine.precision) == ("fp32", "bf16", "bf16")
    assert (rough.scores == exactly.scores).all()
    assert (rough.standard_errors == exactly.standard_errors).all()
    assert half.checks["relative_error"] > 1.5 * rough.checks["relative_error"]


@pytest.mark.parametrize(("players", "budget"), [(11, 512), (16, 256), (31, 512), (80, 512), (200, 512)])
def test_fewer_rows_are_the_first_of_the_same(players: int, budget: int) -> None:
    """What was asked for at one stop is there at the next."""
    whole, part = (
        {row.tobytes() for row in design_for(players, budget, 3, rows=rows).keep} for rows in (None, budget // 2)
    )

    assert part < whole
    assert len(part) == budget // 2 - 2


def test_every_size_is_there_for_whoever_reads_them_all() -> None:
    """LIME and the measures need coalitions of every size; half of those beyond size 1 are of the middle one."""
    sizes = np.bincount(chosen_pairs(16, 74, singles=True).sum(axis=1), minlength=9)

    assert (sizes[1:] >= 3).all()
    assert sizes[1] == 16
    assert sizes[8] == (74 - 16) // 2


def test_chosen_pairs_tell_more_than_drawn_ones() -> None:
    """Under .95 of the error of pairs drawn in equal numbers a size, over ten games at 128 rows."""
    ours, drawn = [], []
    for seed in range(10):
        values = random_game(11, seed)
        truth = exact(values, all_coalitions(11))[:, 0]
        chosen = design_for(11, 128, seed).keep[:63]
        rng = np.random.default_rng(seed)
        rest = [rng.permutation(11) < size for size in np.resize([2, 3, 4, 5], 400)]
        rows = {row.tobytes(): row for row in [*np.eye(11, dtype=bool), *rest]}
        for keep, errors in ((chosen, ours), (np.array(list(rows.values())[:63]), drawn)):
            known = np.concatenate([keep, np.ones((1, 11), dtype=bool)])
            code = known @ (1 << np.arange(11))
            found, _ = estimate(known, (values[code] - values[2**11 - 1 - code]) / 2)
            errors.append(np.linalg.norm(found[:, 0] - truth) / np.linalg.norm(truth))

    assert np.mean(ours) < 0.95 * np.mean(drawn)
