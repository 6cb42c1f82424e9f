from explainers import Question, build
from explainers.runner import case_of, panel
from explainers.testing import GradientModel

WEIGHTS = {"good": (0.5, 2.0), "bad": (0.0, -1.0)}


class Counting(GradientModel):
    """Remembers what attention was asked of it."""

    def __init__(self) -> None:
        super().__init__(WEIGHTS)
        self.passes: list[str] = []

    def attentions(self, inputs, *, served=None):
        if served is not None:
            self.passes.append("weights")
        return super().attentions(inputs)

    def attention_gradients(self, inputs, *, value, targets, served=None):
        self.passes.append("gradients")
        return super().attention_gradients(inputs, value=value, targets=targets)


def test_a_panel_computes_attention_once():
    """Relevance leaves its weights to rollout and to raw attention."""
    model = Counting()
    panel(model, Question(text="good bad"), [build(name) for name in ("relevance", "rollout", "attention")])

    assert model.passes == ["gradients"]


def test_weights_alone_need_no_gradients():
    """And are computed once, whoever asks."""
    model = Counting()
    panel(model, Question(text="good bad"), [build(name) for name in ("rollout", "attention")])

    assert model.passes == ["weights"]


def test_another_model_gets_attention_of_its_own():
    """A copy of a case starts without the weights of the first."""
    from dataclasses import replace

    case = case_of(Counting(), Question(text="good bad"))
    case.attention.weights()
    other = replace(case, model=Counting())
    other.attention.weights()

    assert case.model.passes == other.model.passes == ["weights"]
