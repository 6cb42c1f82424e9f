"""A pipeline of transformers is explained as it stands in memory."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from transformers import pipeline

from explainers import BadInput, Incompatible, explain, predict
from explainers.models.live import digest_of
from tests.tiny import network_for, tokenizer_for

TEXT = "a gorgeous film"


def pipe(**options: Any) -> Any:
    tokenizer = tokenizer_for("bert")
    network = copy.deepcopy(network_for("bert", tokenizer)).requires_grad_(True)
    return pipeline("text-classification", model=network, tokenizer=tokenizer, **options)


def test_a_pipeline_is_explained_and_left_as_it_is() -> None:
    """The prediction is the pipeline's own; scores add up to it; its weights go on being trainable."""
    given = pipe(top_k=None)
    before = given.model.state_dict()["classifier.weight"].clone()
    found = explain(TEXT, given, method="shap")
    said = {each["label"]: each["score"] for each in given([TEXT])[0]}

    assert found.model.id == type(given.model).__name__
    shares = predict(TEXT, given)[0].probabilities
    assert shares is not None
    np.testing.assert_allclose(shares, [said[label] for label in given.model.config.id2label.values()], atol=1e-5)
    assert abs(found.residual).max() < 1e-3
    assert torch.equal(given.model.state_dict()["classifier.weight"], before)
    assert all(weight.requires_grad for weight in given.model.parameters())


def test_one_changed_weight_is_another_model() -> None:
    """What is kept by the digest of a model is not mistaken for that of the next epoch."""
    tokenizer = tokenizer_for("bert")
    network = copy.deepcopy(network_for("bert", tokenizer))
    before = digest_of(network, tokenizer)
    with torch.no_grad():
        network.classifier.bias[0] += 1e-3

    assert digest_of(network, tokenizer) != before


def test_what_is_no_model_and_other_numbers_are_refused() -> None:
    """An object without a model in it, another task, and an activation that is not the head's."""
    other = pipe()
    other.task = "fill-mask"

    with pytest.raises(BadInput, match="not list"):
        explain(TEXT, ["sentiment"])
    with pytest.raises(Incompatible, match="the task 'fill-mask'"):
        explain(TEXT, other)
    with pytest.raises(Incompatible, match="applies 'sigmoid'"):
        explain(TEXT, pipe(function_to_apply="sigmoid"))
