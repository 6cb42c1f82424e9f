import numpy as np
import pytest

from explainers import BadInput, Incompatible, Question, build
from explainers.bench.run import METHODS, SAMPLED
from explainers.contract import HalfCheck
from explainers.runner import explain, panel, precision_of
from explainers.testing import GradientModel, LinearModel
from tests.tiny import tiny

TEXT = "a b c d e f g h i j great plot"  # 12 players: a sampled game
SENTENCE = "a gorgeous witty film that never recovers from its clumsy opening but good bad"
MODEL = LinearModel({"great": (-1.0, 2.0), "plot": (0.5, 0.25)})


class Checked(LinearModel):
    """A linear model with a self-check of bf16, whose bf16 outputs are off by a hair."""

    def __init__(self, *, ok: bool) -> None:
        super().__init__(MODEL.weights)
        self.ok = ok

    @property
    def half_check(self):
        return HalfCheck(supported=self.ok, rank_agreement=0.99, value_error=0.01)

    def outputs(self, inputs, keep, *, precision="fp32"):
        return super().outputs(inputs, keep) * (1.001 if precision == "bf16" else 1.0)


@pytest.mark.parametrize(
    ("asked", "players", "ok", "used"),
    [
        ("auto", 10, True, "fp32"),
        ("auto", 11, True, "bf16"),
        ("auto", 11, False, "fp32"),
        ("fp32", 11, True, "fp32"),
        ("bf16", 5, True, "bf16"),
    ],
)
def test_bf16_is_for_sampled_games_of_models_that_pass_the_check(asked, players, ok, used):
    """What can be exact is exact; a self-check that fails is not overridden by 'auto'."""
    assert precision_of(Checked(ok=ok), Question.about(text=TEXT, precision=asked), players=players) == used


def test_bf16_is_refused_where_the_check_fails():
    """Asked for by name, it is an error with a cure and not silently something else."""
    with pytest.raises(Incompatible, match="choose fp32"):
        precision_of(Checked(ok=False), Question.about(text=TEXT, precision="bf16"), players=12)


def test_a_result_in_bf16_says_so_and_shows_the_check():
    """Precision and evidence travel with the scores; the output stays the served prediction's."""
    half = explain(Checked(ok=True), Question.about(text=TEXT), build("shap"))
    full = explain(Checked(ok=True), Question.about(text=TEXT, precision="fp32"), build("shap"))

    assert (half.precision, full.precision) == ("bf16", "fp32")
    assert half.checks["bf16_rank_agreement"] == 0.99
    assert "bf16_rank_agreement" not in full.checks
    assert (half.output == full.output).all()
    assert half.scores != pytest.approx(full.scores, abs=1e-9)


def test_every_class_is_explained_up_to_ten_and_the_asked_one_beyond():
    """With twelve classes the ten most probable are rows, and the asked one."""

    class Twelve(LinearModel):
        labels = tuple(f"c{i}" for i in range(12))

    model = Twelve({"great": tuple(float(i) for i in range(12))})
    plain = explain(model, Question.about(text="great plot"), build("leave-one-out"))
    asked = explain(model, Question.about(text="great plot", also=0), build("leave-one-out"))

    assert [t.index for t in plain.targets] == list(range(2, 12))
    assert [t.index for t in asked.targets] == [0, *range(2, 12)]
    with pytest.raises(BadInput, match="class 12"):
        explain(model, Question.about(text="great plot", also=12), build("leave-one-out"))


def test_a_panel_evaluates_no_coalition_twice():
    """SHAP, LIME, leave-one-out and all measures on eight words, exactly: 2^8 rows and not one more."""
    found = panel(
        MODEL,
        Question.about(text="a b c d e f great plot", accuracy="exact"),
        [build(n) for n in ("shap", "lime", "leave-one-out")],
    )

    assert found.evaluations == 2**8
    assert [e.forward_passes for e in found.explanations] == [2**8 - 1, 0, 0]


def test_a_method_that_cannot_run_is_absent_with_the_reason():
    """The panel is still made; the reason names what the model lacks."""
    found = panel(MODEL, Question.about(text="great plot"))

    assert {a.method for a in found.absent} >= {"integrated-gradients", "attention"}
    assert "gradients" in next(a.reason.text for a in found.absent if a.method == "integrated-gradients")
    assert found.baseline_prediction is not None


class Counting(GradientModel):
    """Remembers the distinct rows of every batch; rows repeated within a batch only fill it up."""

    def __init__(self) -> None:
        super().__init__({"great": (-1.0, 2.0), "plot": (0.5, 0.25), "dull": (0.75, -1.0)})
        self.asked: list[bytes] = []

    def outputs(self, inputs, keep, *, precision="fp32"):
        self.asked += sorted({row.tobytes() for row in keep})
        return super().outputs(inputs, keep)


@pytest.mark.parametrize("players", [6, 7, 11, 31, 36, 40, 60])
def test_the_measures_of_the_default_panel_add_few_rows(players):
    """None up to six players, at most 64 beyond, with all eight methods on a transformer."""
    text = " ".join(np.random.default_rng(1).choice(SENTENCE.split(), players))
    found = panel(tiny("bert"), Question.about(text=text))
    by_methods = sum(one.forward_passes for one in found.explanations if one.method.name in SAMPLED)
    added = found.evaluations - 1 - by_methods

    assert not found.absent
    assert added == 0 if players <= 6 else added <= 64


@pytest.mark.parametrize("players", [1, 2, 6, 7, 11, 16, 31, 40])
def test_no_row_of_a_panel_is_asked_twice_and_measures_add_few(players):
    """Whatever the methods and measures share is one evaluation; the measures add none up to six players, at most 64
    beyond."""
    model = Counting()
    words = ["great", "plot", "dull", *(f"w{i}" for i in range(40))]
    rng = np.random.default_rng(players)
    text = " ".join(rng.permutation(words[:players]))
    found = panel(model, Question.about(text=text), [build(name) for name in METHODS])
    by_methods = sum(one.forward_passes for one in found.explanations if one.method.name in SAMPLED)
    added = found.evaluations - 1 - by_methods

    assert len(model.asked) == len(set(model.asked)) == found.evaluations - 1
    assert added == 0 if players <= 6 else added <= 64
