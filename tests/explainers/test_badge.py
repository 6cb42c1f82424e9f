from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from explainers.badge import badge_of, relative_residual
from explainers.contract import Attribution, Badge, Faithfulness, Gain, Promise, TextSpan
from explainers.testing import LinearModel
from tests.given import Given, case_for

CASE = case_for(LinearModel({"a": (0.0, 1.0)}), "a b c")
SCORES = np.array([[-1.0, 0, 0], [1.0, 0, 0]])


class Complete(Given):
    promises: ClassVar = frozenset({Promise.COMPLETE})


class Fitted(Given):
    promises: ClassVar = frozenset({Promise.LINEAR})


class Slope(Given):
    """Signed, and promises nothing."""


class Mechanism(Given):
    scale: ClassVar = "magnitude"


def attribution(**changed: Any) -> Attribution:
    return CASE.result(Given(scores=None), **({"scores": SCORES} | changed))


def badge(method: type[Given], checks: dict[str, float] | None = None, **changed: Any) -> Badge:
    return badge_of(attribution(checks=checks or {}, **changed), method(scores=None))


def gained(value: float) -> Faithfulness:
    """Both ways alike, give or take a hundredth."""
    gain = Gain(value=value, low=value - 0.01, high=value + 0.01)
    return Faithfulness(comprehensiveness=gain, sufficiency=gain, sets=8)


def codes(found: Badge) -> list[str]:
    return [reason.code for reason in found.reasons]


@pytest.mark.parametrize(("error", "level"), [(0.1, "sound"), (0.11, "rough"), (0.3, "rough"), (0.31, "distrust")])
def test_a_sampled_method_is_judged_by_its_error(error: float, level: str) -> None:
    """Up to a tenth the order of the strongest is settled, above three tenths it is not."""
    found = badge(Complete, {"relative_error": error})

    assert (found.level, codes(found)) == (level, ["sampling_error"])
    assert found.reasons[0].values == {"error": error}


def test_a_method_that_evaluated_everything_is_exact() -> None:
    """No error can be left."""
    found = badge(Complete, {"exact": 1.0, "relative_error": 0.0})

    assert (found.level, codes(found)) == ("sound", ["exact"])


@pytest.mark.parametrize(("r2", "level"), [(0.8, "sound"), (0.79, "rough"), (0.5, "rough"), (0.49, "distrust")])
def test_a_straight_line_is_judged_by_its_fit(r2: float, level: str) -> None:
    """It may leave a fifth unexplained and be sound, half and be rough."""
    found = badge(Fitted, {"r2": r2})

    assert (found.level, codes(found)) == (level, ["fit"])


@pytest.mark.parametrize(
    ("missed", "level", "reasons"),
    [
        (0.25, "sound", ["fit"]),
        (0.26, "rough", ["line_misses_text", "fit"]),
        (0.51, "distrust", ["line_misses_text", "fit"]),
    ],
)
def test_a_line_that_misses_the_text_itself_is_judged_by_how_far(missed: float, level: str, reasons: list[str]) -> None:
    """However well it fits the masked texts around it."""
    found = badge(Fitted, {"r2": 1.0, "local_error": missed})

    assert (found.level, codes(found)) == (level, reasons)


def test_too_few_effective_samples_are_not_trusted() -> None:
    """However well the line fits them."""
    found = badge(Fitted, {"r2": 0.9, "effective_samples": 59, "wanted_samples": 60})

    assert (found.level, codes(found)) == ("distrust", ["few_samples", "fit"])


@pytest.mark.parametrize(
    ("missing", "level"), [(0.0099, "sound"), (0.011, "rough"), (0.099, "rough"), (0.11, "distrust")]
)
def test_a_complete_method_is_judged_by_its_residual(missing: float, level: str) -> None:
    """The output moves by 1; what the scores leave of it is the evidence."""
    found = badge(Complete, baseline_output=np.zeros(2), scores=SCORES * (1 - missing))

    assert (found.level, codes(found)) == (level, ["residual"])


def test_a_residual_is_compared_with_a_tenth_where_nothing_moves() -> None:
    """.001 of log-odds is 1 % of .1, not infinitely much of 0; the worst class counts."""
    even = attribution(baseline_output=np.array([-1.0, 1.0]), scores=np.array([[0, 0, 0.001], [0, 0, 0.0005]]))

    assert relative_residual(even) == pytest.approx(0.01)


def test_a_residual_that_is_no_number_is_not_trusted() -> None:
    """A model that overflows gives no explanation."""
    found = badge(Complete, baseline_output=np.array([np.nan, 0.0]))

    assert (found.level, codes(found)) == ("distrust", ["not_finite"])


def test_measured_scores_are_sound() -> None:
    """Leave-one-out is what it says it is."""
    found = badge(Fitted)

    assert (found.level, codes(found)) == ("sound", ["measured"])


def test_a_slope_is_rough_at_best() -> None:
    """It leaves no residual to judge by."""
    found = badge(Slope, {"leave_one_out_tau": 1.0}, faithfulness=gained(0.8))

    assert (found.level, codes(found)) == ("rough", ["slope_only"])


def test_a_mechanism_is_rough_at_best() -> None:
    """It cannot tell for or against, whatever it finds."""
    found = badge(Mechanism, {"leave_one_out_tau": 1.0}, faithfulness=gained(0.8), unit="share")

    assert (found.level, codes(found)) == ("rough", ["mechanism"])


def test_a_mechanism_that_is_not_above_chance_is_not_trusted() -> None:
    """Neither one whose order has nothing to do with leave-one-out; the reasons come worst first."""
    checks = {"aopc_comprehensiveness": 0.19, "leave_one_out_tau": 0.0}
    found = badge(Mechanism, checks, faithfulness=gained(-0.01), unit="share")

    assert found.level == "distrust"
    assert codes(found) == ["no_better_than_random", "not_the_measured_order", "mechanism"]


def test_raw_attention_is_not_trusted() -> None:
    """Without scores nothing about it can be tried."""
    found = badge(Mechanism, scores=None, unit="share")

    assert (found.level, codes(found)) == ("distrust", ["mechanism"])


def test_a_sound_method_below_chance_is_rough() -> None:
    """Where the whole interval is; what may be chance outweighs no other evidence."""
    below = badge(Fitted, {"aopc_comprehensiveness": 0.18}, faithfulness=gained(-0.02))
    even = badge(Fitted, {"aopc_comprehensiveness": 0.195}, faithfulness=gained(-0.005))

    assert (below.level, codes(below)) == ("rough", ["no_better_than_random", "measured"])
    assert even.level == "sound"


def test_a_text_the_model_cannot_read_is_not_trusted() -> None:
    """Two of three parts are unknown, more than a fifth; it is the reason to show first."""
    spans = [TextSpan(text=c, start=i, end=i + 1, known=i == 0) for i, c in enumerate("abc")]
    found = badge_of(attribution().model_copy(update={"features": tuple(spans)}), Fitted(scores=None))

    assert (found.level, codes(found)) == ("distrust", ["unknown_players", "measured"])
    assert found.reasons[0].text == "The model cannot read 2 of the 3 parts of this text."


def test_a_fifth_of_the_text_may_be_unknown() -> None:
    """One of five is not more than a fifth."""
    spans = [TextSpan(text=c, start=i, end=i + 1, known=i > 0) for i, c in enumerate("abcde")]
    found = badge_of(attribution().model_copy(update={"features": tuple(spans)}), Fitted(scores=None))

    assert found.level == "sound"


def test_a_cut_text_is_rough_at_best() -> None:
    """What the model did not see is not explained."""
    cut = attribution().model_copy(update={"unseen": (TextSpan(text="d", start=6, end=7),)})
    found = badge_of(cut, Fitted(scores=None))

    assert (found.level, codes(found)) == ("rough", ["cut", "measured"])


@pytest.mark.parametrize(("flips", "level", "code"), [(1.0, "sound", "edit_tried"), (0.0, "rough", "no_edit")])
def test_an_edit_is_judged_by_whether_it_flips(flips: float, level: str, code: str) -> None:
    """It was tried on the model, or none was found."""
    found = badge(Fitted, {"flips": flips})

    assert (found.level, codes(found)) == (level, [code])


@pytest.mark.parametrize(("tau", "level"), [(0.5, "sound"), (0.51, "distrust")])
def test_scores_that_need_no_learning_are_not_trusted(tau: float, level: str) -> None:
    """Where the randomisation check was asked for: a model of noise gets the same order."""
    found = badge(Complete, {"exact": 1.0, "randomisation_tau": tau})

    assert found.level == level
    assert ("same_without_learning" in codes(found)) == (level == "distrust")
