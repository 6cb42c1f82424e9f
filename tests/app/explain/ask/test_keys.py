"""A key changes with everything that decides the numbers, and with nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

import explainers
from app.engine.schemas import ModelOut
from app.errors import BadRequest
from app.explain.ask.keys import SCHEMA, explanation_key, numbers_of, panel_key
from app.explain.ask.questions import class_of, question_of
from app.explain.ask.schemas import ExplanationRequest
from app.schemas import TextInput

QUESTION = explainers.Question.about(text="a good film", value="log-odds", baseline="mask")
SHAP = explainers.build("shap")
MODEL = ModelOut(id="m", title="m", status="ready", labels=("no", "yes"), baselines=("mask", "pad"), digest="d")
CHANGES: tuple[tuple[str, Any], ...] = (
    ("input", explainers.TextInput(text="a good  film")),
    ("input", explainers.TextInput(text="a good film", text_pair="b")),
    ("outputs", explainers.ClassOutput(also=3)),
    ("outputs", explainers.WordOutput(word=2)),
    ("outputs", explainers.TokenOutput(continuation=" b")),
    ("players", "token"),
    ("value", "logit"),
    ("baseline", "pad"),
    ("baseline_text", "x"),
    ("precision", "fp32"),
    ("accuracy", "draft"),
    ("budget", 64),
    ("seed", 1),
    ("long_text", "cut"),
    ("focus", (0, 3)),
)


def test_another_device_gives_another_key() -> None:
    """Its last digits differ. On the processor the model's digest stands alone."""
    assert numbers_of(MODEL) == MODEL.digest
    assert numbers_of(MODEL.model_copy(update={"device": "cuda"})) != MODEL.digest


def test_the_key_is_the_hash_of_canonical_json() -> None:
    """Anybody can compute it again: sorted names, no white space, UTF-8."""
    parts = {
        "schema": SCHEMA,
        "kind": "explanation",
        "model": "d",
        **QUESTION.model_dump(mode="json"),
        "method": "shap",
        "version": SHAP.version,
        "options": SHAP.model_dump(mode="json"),
    }
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    assert explanation_key("d", QUESTION, SHAP) == hashlib.sha256(canonical).hexdigest()


@pytest.mark.parametrize(("field", "value"), CHANGES)
def test_every_field_of_the_question_is_part_of_the_key(field: str, value: Any) -> None:
    """Of an explanation and of a panel."""
    changed = QUESTION.model_copy(update={field: value})

    assert explanation_key("d", changed, SHAP) != explanation_key("d", QUESTION, SHAP)
    assert panel_key("d", changed, [SHAP]) != panel_key("d", QUESTION, [SHAP])


def test_every_field_of_a_question_was_tried() -> None:
    """A new field must be decided on here."""
    assert {field for field, _ in CHANGES} == set(explainers.Question.model_fields)


def test_model_method_options_and_panel_are_part_of_the_key() -> None:
    """Nothing else could tell the results apart."""
    keys = [
        explanation_key("d", QUESTION, SHAP),
        explanation_key("e", QUESTION, SHAP),
        explanation_key("d", QUESTION, explainers.build("leave-one-out")),
        explanation_key("d", QUESTION, explainers.build("shap", {"exact_players": 4})),
        explanation_key("d", QUESTION, SHAP, panel="p"),
        explanation_key("d", QUESTION, SHAP, measures=["naopc"]),
        explanation_key("d", QUESTION, SHAP, measures=["naopc", "infidelity"]),
        panel_key("d", QUESTION, [SHAP]),
    ]

    assert len(set(keys)) == len(keys)


def test_the_order_of_measures_is_no_part_of_the_key() -> None:
    """Nor that one is named twice; without any the key is that of the plain question."""
    one, other = ["naopc", "infidelity"], ["infidelity", "naopc", "naopc"]

    assert explanation_key("d", QUESTION, SHAP, measures=one) == explanation_key("d", QUESTION, SHAP, measures=other)
    assert explanation_key("d", QUESTION, SHAP, measures=[]) == explanation_key("d", QUESTION, SHAP)


def test_defaults_written_out_are_the_same_question() -> None:
    """The class to show changes nothing either."""
    short = ExplanationRequest(model="m", input=TextInput(text="a"), method="shap")
    long = short.model_copy(update={"value": "log-odds", "baseline": "mask", "target": "yes"})

    assert question_of(short, MODEL) == question_of(long, MODEL)


def test_a_class_is_found_by_label_before_index() -> None:
    """A label may be a number; what is neither is named with the classes there are."""
    assert class_of("1", ("1", "0")) == 0
    assert class_of(1, ("1", "0")) == 1
    assert class_of("1", ("no", "yes")) == 1
    assert class_of(None, ("no", "yes")) is None
    for wrong in ("maybe", 2, -1, "²", ""):
        with pytest.raises(BadRequest, match="0 'no', 1 'yes'"):
            class_of(wrong, ("no", "yes"))
