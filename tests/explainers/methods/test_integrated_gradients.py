from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest

from explainers import runner
from explainers.badge import relative_residual
from explainers.contract import Encoded, FloatArray, PathGradients, Question, ValueName
from explainers.errors import BadInput
from explainers.methods.integrated_gradients import IntegratedGradients, refined
from explainers.models import embedded_names, load_model
from explainers.registry import build
from explainers.testing import GradientModel, NeighbourModel
from tests.given import case_for
from tests.tiny import tiny

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.5, -1.0), "so": (0.0, 0.3)}
TEXT = "a gorgeous, witty film that never recovers from its clumsy opening"


class Watched(NeighbourModel):
    """Remembers which points were asked for, in which batches."""

    def __init__(self) -> None:
        super().__init__(WEIGHTS)
        self.batches: list[FloatArray] = []

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        self.batches.append(points)
        return super().path_gradients(inputs, points, value=value, targets=targets)


class Bent(Watched):
    """A slope that no rule can follow: it jumps at every point."""

    def path_gradients(self, inputs: Encoded, points: FloatArray, **asked: Any) -> PathGradients:
        found = super().path_gradients(inputs, points, **asked)
        return PathGradients(found.logits, found.products * 2)


def explained(model: Any, text: str, *, options: dict[str, Any] | None = None, **asked: Any) -> Any:
    return runner.explain(model, Question.about(text=text, **asked), build("integrated-gradients", options))


def test_no_point_is_evaluated_twice() -> None:
    """9 points at first, then the quarter points of the stretches that were missed most."""
    model = Watched()
    case = case_for(model, "good bad so")

    first, second = islice(refined(case, most=100), 2)

    points = np.concatenate(model.batches)
    assert (first.points, second.points) == (9, 13)
    assert len(np.unique(points)) == len(points) == 13
    assert points[:9] == pytest.approx(np.arange(9) / 8)
    worst = np.sort(np.argsort(-np.abs(first.missed).max(axis=1))[:2])
    assert points[9:] == pytest.approx(np.concatenate([[(w + 0.25) / 4, (w + 0.75) / 4] for w in worst]))
    assert not np.allclose(first.integral, second.integral, atol=1e-12)


def test_what_a_stretch_misses_is_what_the_value_moves_beyond_its_scores() -> None:
    """Simpson's rule on every stretch; together they miss what the scores lack of the change of the output."""
    case = case_for(NeighbourModel(WEIGHTS), "good bad so")
    path = next(refined(case, most=9))
    found = case.model.path_gradients(case.inputs, np.arange(9) / 8, value="log-odds", targets=(0, 1))
    weights = np.array([1, 4, 2, 4, 2, 4, 2, 4, 1]) / 24
    moved = case.values(case.table.whole)[0] - case.values(case.table.empty)[0]

    assert path.integral == pytest.approx(np.einsum("p,tpk->tk", weights, found.products))
    assert path.missed.sum(axis=0) == pytest.approx(moved - path.integral.sum(axis=1))


def test_errors_that_cancel_do_not_end_the_refinement() -> None:
    """Scores that add up only because one stretch misses what another has too much are refined further."""

    class Swinging(Watched):
        def path_gradients(self, inputs: Encoded, points: FloatArray, **asked: Any) -> PathGradients:
            found = super().path_gradients(inputs, points, **asked)
            swing = np.where(np.isin(points, [0.125, 0.875]), np.where(points < 0.5, 6.0, -6.0), 0.0)
            return PathGradients(found.logits, found.products * (1 + swing[:, None] / found.products.shape[1]))

    assert explained(Swinging(), "good so").checks["gradient_rows"] > 9


def test_a_linear_model_gives_back_its_weights_after_the_first_points() -> None:
    """The log-odds of class 1 are the sum of w1 − w0; Simpson's rule is exact on a constant slope."""
    found = explained(GradientModel(WEIGHTS), "good bad so")

    assert found.scores[1] == pytest.approx([2.0, -1.5, 0.3])
    assert found.checks["gradient_rows"] == 9


def test_it_stops_when_the_scores_add_up_for_every_class() -> None:
    """Within 1 % of the change of the output, or of .1 log-odds where the output hardly changes."""
    found = explained(NeighbourModel(WEIGHTS), "good bad so good good bad")

    residual = relative_residual(found)
    assert residual is not None
    assert residual <= 0.01
    assert found.checks["converged"] == 1
    assert found.warnings == ()


def test_a_tighter_tolerance_takes_more_points() -> None:
    """The one that is asked for is the one that is held."""
    model = NeighbourModel(WEIGHTS)

    loose, tight = (explained(model, "good bad so", options={"tolerance": t}) for t in (0.5, 1e-4))

    assert loose.checks["gradient_rows"] < tight.checks["gradient_rows"]
    assert np.abs(tight.residual).max() <= 1e-4 * np.abs(tight.output - tight.baseline_output).max()


def test_it_says_when_the_points_run_out() -> None:
    """A warning with the residual, a badge that follows it, and not one point more than allowed."""
    model = Bent()
    found = explained(model, "good bad so", options={"most_points": 30})

    assert found.checks["gradient_rows"] == sum(map(len, model.batches)) == 29
    assert found.checks["converged"] == 0
    assert found.warnings[0].code == "not_converged"
    assert found.warnings[0].values["residual"] == pytest.approx(1, abs=0.05)
    assert found.badge.level == "distrust"


def test_batches_are_bounded_and_progress_is_told_between_them() -> None:
    """Never more than 32 points at once, so that long ways fit into memory."""
    told: list[float] = []
    model = Bent()

    runner.explain(
        model,
        Question.about(text="good bad so"),
        IntegratedGradients(most_points=243),
        progress=lambda done, note="": told.append(done),
    )

    assert max(map(len, model.batches)) <= 32
    assert len(told) >= len(model.batches)
    assert all(0 <= done <= 1 for done in told)


def test_output_and_baseline_output_are_those_of_the_masked_evaluations() -> None:
    """So integrated gradients and Shapley values of one panel explain the same difference."""
    case = case_for(tiny("bert"), TEXT)

    found = IntegratedGradients().explain(case)

    assert found.output == pytest.approx(case.values(case.table.whole)[0], abs=0)
    assert found.baseline_output == pytest.approx(case.values(case.table.empty)[0], abs=0)


@pytest.mark.parametrize("value", ["log-odds", "logit", "probability", "margin"])
@pytest.mark.parametrize("baseline", ["mask", "pad", "zero", "mean"])
def test_scores_add_up_on_a_transformer(value: ValueName, baseline: Any) -> None:
    """Whatever is explained, from whichever baseline: special tokens do not move, so nothing is lost."""
    found = explained(tiny("bert", labels=3), TEXT, value=value, baseline=baseline)

    residual = relative_residual(found)
    assert residual is not None
    assert residual <= 0.01 or not found.checks["converged"]
    assert residual <= 0.05


def assert_held_or_flagged(found: Any, tolerance: float = 0.01) -> None:
    """|residual| <= tolerance · max(|f(x) − f(b)|, .1 log-odds) for every class, or a flag; the rule written out."""
    change = found.output - found.baseline_output
    allowed = tolerance * np.maximum(np.abs(change), 0.1)
    held = bool((np.abs(change - found.scores.sum(axis=1)) <= allowed).all())

    assert found.checks["converged"] == held
    assert [warning.code for warning in found.warnings] == ([] if held else ["not_converged"])


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("most_points", [9, 17, 243])
def test_every_result_holds_the_stop_rule_or_is_flagged(labels: int, most_points: int) -> None:
    """Whether the points suffice or run out, on texts of 1 to 20 words: few points flag some, many hold most."""
    model = tiny("bert", labels=labels)
    rng = np.random.default_rng(most_points)
    texts = [" ".join(rng.choice(TEXT.split(), size)) for size in (1, 2, 3, 5, 8, 11, 14, 17, 20)]
    found = [explained(model, text, options={"most_points": most_points}) for text in texts]

    for one in found:
        assert_held_or_flagged(one)
    converged = sum(one.checks["converged"] for one in found)
    assert (converged < len(found)) if most_points == 9 else (converged > 0)


@pytest.mark.parametrize("name", [name for name in embedded_names() if name != "similarity"])  # compares two texts
def test_every_result_of_an_embedded_model_holds_the_stop_rule_or_is_flagged(name: str) -> None:
    """The networks that come with the product, with the default points."""
    model = load_model(name)
    for text in (TEXT, "dull", "good, but not good enough", "it is what it is: a film about nothing at all"):
        assert_held_or_flagged(explained(model, text))


def test_two_classes_mirror_each_other() -> None:
    """log-odds of one are the log-odds of the other with the sign turned."""
    found = explained(tiny("bert"), TEXT)

    assert found.scores[0] == pytest.approx(-found.scores[1], abs=1e-6)


@pytest.mark.parametrize("options", [{"tolerance": 0}, {"most_points": 8}, {"steps": 50}])
def test_options_out_of_range_are_refused(options: dict[str, Any]) -> None:
    """The message names the option."""
    with pytest.raises(BadInput, match=next(iter(options))):
        build("integrated-gradients", options)
