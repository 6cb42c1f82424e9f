"""The three functions for notebooks, with a model whose answers are known."""

from __future__ import annotations

from pathlib import Path

import pytest

import explainers
from explainers import BadInput, BadModel, UnknownExplainer, explain, load_model, panel, predict
from explainers.library import class_index
from explainers.testing import LinearModel


@pytest.fixture
def model() -> LinearModel:
    return LinearModel({"good": (0.0, 2.0), "bad": (1.0, 0.0)})


def test_the_text_comes_first_and_the_rest_has_defaults(model: LinearModel) -> None:
    """explain(text, model) is Shapley values: a linear model gives back its weights, 2·good − 1·bad."""
    found = explain("good bad", model)

    assert found.method.name == "shap"
    assert found.scores is not None
    assert found.scores[found.row()].tolist() == pytest.approx([2.0, -1.0])


def test_a_method_may_be_a_name_with_options_or_an_object(model: LinearModel) -> None:
    """Both say the same, and are recorded alike."""
    by_name = explain("good bad", model, method="shap", options={"exact_players": 5})
    by_object = explain("good bad", model, method=explainers.build("shap", {"exact_players": 5}))

    assert by_name.method == by_object.method
    assert by_name.method.options["exact_players"] == 5


def test_fields_of_the_question_are_passed_on(model: LinearModel) -> None:
    """Seed and value function reach the result."""
    found = explain("good bad", model, seed=7, value="probability")

    assert (found.method.seed, found.value) == (7, "probability")


@pytest.mark.parametrize(
    ("fields", "says"),
    [({"colour": 1}, "colour"), ({"seed": -1}, "seed"), ({"players": "letters"}, "players"), ({"budget": 1}, "budget")],
)
def test_a_wrong_field_of_the_question_is_named(model: LinearModel, fields: dict[str, object], says: str) -> None:
    """The library raises its own errors, not those of the validation library."""
    with pytest.raises(BadInput, match=says):
        explain("good bad", model, **fields)


def test_an_unknown_method_is_named(model: LinearModel) -> None:
    """With those that there are."""
    with pytest.raises(UnknownExplainer, match="there are shap"):
        explain("good", model, method="tea-leaves")


@pytest.mark.parametrize(("target", "index"), [("no", 0), ("yes", 1), (1, 1), ("1", 1)])
def test_a_class_is_a_label_or_an_index(model: LinearModel, target: str | int, index: int) -> None:
    """A label wins over an index that is written the same way."""
    assert class_index(model, target) == index


@pytest.mark.parametrize("target", ["maybe", 2, -1, "", "²"])
def test_a_class_that_is_not_there_is_refused_with_those_that_are(model: LinearModel, target: str | int) -> None:
    """Also where Python would have counted from the end, or called a superscript a digit."""
    with pytest.raises(BadInput, match="it has no, yes"):
        explain("good", model, target=target)


def test_a_panel_has_the_methods_that_were_asked_for(model: LinearModel) -> None:
    """By name or as objects, from one shared table."""
    found = panel("good bad", model, methods=["shap", explainers.build("leave-one-out")])

    assert [one.method.name for one in found.explanations] == ["shap", "leave-one-out"]
    assert found.evaluations == 4  # the coalitions of two words


def test_predictions_come_in_the_order_of_the_texts(model: LinearModel) -> None:
    """One text or many; the answer is always a list."""
    assert [p.predicted.label for p in predict(["bad", "good"], model)] == ["no", "yes"]
    assert [p.predicted.label for p in predict("bad", model)] == ["no"]


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    """With the reason, before anything in it is read as code."""
    with pytest.raises(BadModel, match=r"config\.json"):
        load_model(tmp_path)


def test_an_embedded_model_is_loaded_once() -> None:
    """A notebook that explains a hundred texts loads the weights once."""
    assert load_model("toxicity") is load_model("toxicity")
