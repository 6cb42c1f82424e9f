"""Every supported architecture gives the same as its plain Hugging Face call, whole and masked."""

from __future__ import annotations

import copy
import inspect
import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from explainers.contract import Need, Question
from explainers.inputs.text.ids import ids_of
from explainers.models.architectures import NOT_OFFERED
from explainers.models.networks.gradients import value_tensor
from explainers.models.transformer import TransformerModel
from explainers.outputs.value import ALLOWED, value_of
from tests.tiny import ARCHITECTURES, DECODERS, network_for, tiny, tokenizer_for

TEXT = "Don't you, co-worker, pay 3.5? 这部电影很好看 😀👍🏽"
SHORT = "the film is not bad"


@pytest.fixture(params=ARCHITECTURES)
def model(request: pytest.FixtureRequest) -> TransformerModel:
    return tiny(request.param, labels=3)


@pytest.fixture(params=[name for name in ARCHITECTURES if Need.ATTENTIONS not in NOT_OFFERED.get(name, ())])
def attentive(request: pytest.FixtureRequest) -> TransformerModel:
    return tiny(request.param, labels=3)


def whole(inputs: Any, rows: int = 1) -> np.ndarray:
    return np.ones((rows, len(inputs.features)), dtype=bool)


def nothing(inputs: Any) -> np.ndarray:
    return ~whole(inputs)


def network_of(model: TransformerModel) -> Any:
    return model._network.module


def test_prediction_is_that_of_the_plain_call(model: TransformerModel) -> None:
    """The served logits are those of network(**tokenizer(text))."""
    name = model.id.removeprefix("tiny-")
    batch = tokenizer_for(name)(TEXT, return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        wanted = network_of(model)(**batch).logits.numpy()

    found = model.predict([model.encode(Question.about(text=TEXT))])

    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_prediction_of_a_pair_is_that_of_the_plain_call(model: TransformerModel) -> None:
    """Segments of the second text included, where the architecture has them."""
    name = model.id.removeprefix("tiny-")
    takes = "token_type_ids" in inspect.signature(network_of(model).forward).parameters
    segmented = takes and "token_type_ids" in tokenizer_for(name)(SHORT)
    batch = tokenizer_for(name)(SHORT, TEXT, return_tensors="pt", return_token_type_ids=segmented)
    with torch.inference_mode():
        wanted = network_of(model)(**batch).logits.numpy()

    found = model.predict([model.encode(Question.about(text=SHORT, text_pair=TEXT))])

    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_with_everything_kept_the_outputs_are_the_prediction(
    model: TransformerModel, subtests: pytest.Subtests
) -> None:
    """The whole coalition is the served prediction, for id baselines and embedding baselines, alone and in a batch."""
    for baseline, rows in product((None, "zero", "mean"), (1, 8)):
        with subtests.test(baseline=baseline, rows=rows):
            inputs = model.encode(Question.about(text=TEXT, baseline=baseline))

            found = model.outputs(inputs, whole(inputs, rows))

            np.testing.assert_allclose(found, np.repeat(model.predict([inputs]), rows, axis=0), atol=1e-6)


def test_a_masked_row_is_the_plain_call_on_the_masked_ids(model: TransformerModel) -> None:
    """Masking replaces ids in place: length, segments, positions and attention stay those of the whole input."""
    inputs = model.encode(Question.about(text=SHORT))
    keep = whole(inputs)
    keep[0, 1] = False
    ids = np.where(inputs.owner == 1, ids_of(inputs).baseline_ids, ids_of(inputs).ids)

    found = model.outputs(inputs, keep)

    wanted = model._network.logits(model._network.rows(inputs, ids=ids[None]))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_both_ways_of_masking_agree_at_the_baseline(model: TransformerModel) -> None:
    """The path's end at α = 0 is the empty coalition and at α = 1 the prediction, for every baseline it has."""
    for baseline in model.baselines:
        second = "a movie was not good" if baseline == "text" else None
        if second and tokenizer_for(model.id.removeprefix("tiny-")).unk_token != "[UNK]":
            continue  # with other vocabularies the two texts have other numbers of tokens
        inputs = model.encode(Question.about(text=SHORT, baseline=baseline, baseline_text=second))

        path = model.path_gradients(inputs, np.array([0.0, 1.0]), value="log-odds", targets=(0,))

        np.testing.assert_allclose(path.logits[:1], model.outputs(inputs, nothing(inputs)), atol=1e-5)
        np.testing.assert_allclose(path.logits[1:], model.predict([inputs]), atol=1e-5)


def test_path_gradients_are_the_slopes_of_the_value(model: TransformerModel, subtests: pytest.Subtests) -> None:
    """Summed over tokens they are dv/dα, compared with central differences in float64."""
    double = TransformerModel(
        copy.deepcopy(network_of(model)).double(), model._encoder.tokenizer, id="double", digest="double"
    )
    inputs = model.encode(Question.about(text=SHORT))
    places, step = np.array([0.2, 0.9]), 1e-3
    around = np.concatenate([places - step, places + step])

    logits = path_logits(double, inputs, around)
    for value in ALLOWED["single"]:
        with subtests.test(value=value):
            found = model.path_gradients(inputs, places, value=value, targets=(0, 2))

            values = value_of(logits, value, head="single", targets=(0, 2))
            slopes = (values[2:] - values[:2]) / (2 * step)
            scale = max(1.0, np.abs(slopes).max())
            np.testing.assert_allclose(found.products.sum(axis=-1), slopes.T, atol=2e-3 * scale)


def path_logits(double: TransformerModel, inputs: Any, points: np.ndarray) -> np.ndarray:
    ids = ids_of(inputs)
    start, stop = (double._network.embedded(torch.from_numpy(each)) for each in (ids.baseline_ids, ids.ids))
    path = start + torch.from_numpy(points)[:, None, None] * (stop - start)
    return double._network.logits(double._network.rows(inputs, embeddings=path))


def test_two_classes_need_one_backward_pass_and_mirror_each_other() -> None:
    """With two classes the second one's gradient is the first one's with its sign turned, and both are right."""
    model = tiny("bert")
    inputs = model.encode(Question.about(text=SHORT))

    both = model.path_gradients(inputs, np.array([0.5]), value="log-odds", targets=(0, 1))
    second = model.path_gradients(inputs, np.array([0.5]), value="log-odds", targets=(1,))

    np.testing.assert_array_equal(both.products[0], -both.products[1])
    np.testing.assert_allclose(both.products[1], second.products[0], atol=1e-6)


def test_gradients_of_many_points_equal_those_of_one(model: TransformerModel) -> None:
    """Rows of a batch do not mix."""
    inputs = model.encode(Question.about(text=SHORT))
    points = np.linspace(0, 1, 5)

    together = model.path_gradients(inputs, points, value="log-odds", targets=(0, 1, 2))
    alone = [model.path_gradients(inputs, p[None], value="log-odds", targets=(0, 1, 2)) for p in points]

    wanted = np.concatenate([one.products for one in alone], axis=1)
    np.testing.assert_allclose(together.products, wanted, atol=1e-5 * max(1.0, np.abs(wanted).max()))


def test_attention_rows_sum_to_one(attentive: TransformerModel) -> None:
    """(layers, heads, tokens, tokens), each row a distribution over the tokens looked at."""
    inputs = attentive.encode(Question.about(text=TEXT))
    tokens = inputs.size

    weights = attentive.attentions(inputs)

    assert weights.shape == (2, 4, tokens, tokens)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)


def test_attention_gradients_come_with_the_same_attentions(attentive: TransformerModel) -> None:
    """The forward pass with gradients shows the weights that the one without shows."""
    inputs = attentive.encode(Question.about(text=SHORT))

    weights, each = attentive.attention_gradients(inputs, value="log-odds", targets=[0, 1])
    _, slopes = each

    np.testing.assert_allclose(weights, attentive.attentions(inputs), atol=1e-6)
    assert slopes.shape == weights.shape
    assert np.abs(slopes).max() > 0


def test_the_pooled_token_is_the_one_the_logits_depend_on(attentive: TransformerModel) -> None:
    """The last layer's attention matters only in the row of the pooled position."""
    inputs = attentive.encode(Question.about(text=SHORT))
    slopes = next(attentive.attention_gradients(inputs, value="log-odds", targets=[1])[1])

    rows = np.flatnonzero(np.abs(slopes[-1]).max(axis=(0, 2)))

    np.testing.assert_array_equal(rows, [attentive.pooled_token(inputs)])


@pytest.mark.parametrize("name", DECODERS)
def test_a_masked_last_token_is_still_the_pooled_position(name: str) -> None:
    """Where the baseline is the padding token, the head must not slide to an earlier position."""
    model = tiny(name, labels=3)
    inputs = model.encode(Question.about(text=SHORT, baseline="pad"))
    keep = whole(inputs)
    keep[0, -1] = False
    last = inputs.size - 1
    assert ids_of(inputs).baseline_ids is not None
    ids = np.where(inputs.owner == len(inputs.features) - 1, ids_of(inputs).baseline_ids, ids_of(inputs).ids)

    with torch.inference_mode():
        states = network_of(model).base_model(input_ids=torch.from_numpy(ids)[None]).last_hidden_state
        wanted = network_of(model).score(states)[:, last].numpy()

    np.testing.assert_allclose(model.outputs(inputs, keep), wanted, atol=1e-6)
    assert model.pooled_token(inputs) == last


@pytest.mark.parametrize("name", DECODERS)
def test_decoders_without_a_padding_token_take_batches(name: str) -> None:
    """Many folders of decoders name no padding token; masked rows have equal lengths and need none."""
    tokenizer = tokenizer_for(name)
    network = network_for(name, tokenizer)
    network.config.pad_token_id = None
    model = TransformerModel(network, tokenizer, id="unpadded", digest="unpadded")
    inputs = model.encode(Question.about(text=SHORT))

    found = model.outputs(inputs, whole(inputs, 4))

    np.testing.assert_allclose(found, np.repeat(model.predict([inputs]), 4, axis=0), atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "problem", "head", "value"),
    [
        (1, None, "regression", "output"),
        (3, "multi_label_classification", "multi", "logit"),
        (3, "multi_label_classification", "multi", "probability"),
        (3, "single_label_classification", "single", "log-odds"),
        (2, None, "single", "margin"),
    ],
)
def test_heads(labels: int, problem: str | None, head: str, value: Any) -> None:
    """Regression, multi-label and single-label heads: the differentiable value is the declared one."""
    model = tiny("bert", labels=labels, problem=problem)
    logits = model.predict([model.encode(Question.about(text=SHORT))])

    found = value_tensor(torch.from_numpy(logits), value, head=model.head, targets=range(labels))

    assert model.head == head
    np.testing.assert_allclose(
        found.numpy(), value_of(logits, value, head=model.head, targets=range(labels)), atol=1e-12
    )


def test_a_classifier_that_reads_the_mean_has_no_pooled_token() -> None:
    """Rollout and relevance need one position: they are refused with the reason."""
    from explainers.errors import Incompatible

    model = tiny("modernbert", classifier_pooling="mean")

    with pytest.raises(Incompatible, match="mean of all states"):
        model.pooled_token(model.encode(Question.about(text=SHORT)))


def test_bigbird_reads_no_further_than_its_full_attention() -> None:
    """Block-sparse from a length on: a text beyond it is read in windows, so that all texts go through one network."""
    model = tiny("big_bird", labels=3)

    assert model.maximum_length == (5 + 2 * 1) * 16
    assert network_of(model).base_model.attention_type == "original_full"
    assert len(model.encode(Question.about(text=" ".join(["the film is not bad."] * 40))).windows) > 1


def test_gemma_looks_its_embeddings_up_as_it_does_itself() -> None:
    """They are scaled by the root of the width; a mean of plain ones would be another baseline."""
    model = tiny("gemma")
    table = network_of(model).get_input_embeddings()

    np.testing.assert_allclose(
        model._network.mean_embedding().numpy(), table.weight.mean(dim=0).numpy() * 32**0.5, rtol=1e-5
    )


def test_the_documentation_lists_the_architectures() -> None:
    """Each once, beside what it does not offer."""
    page = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    table = page.split("architectures:begin")[1].split("architectures:end")[0]
    rows = re.findall(r"^\| (`.+?) \| *(.*?) *\|$", table, re.MULTILINE)
    listed = {
        name: frozenset(map(Need, lacking.split(", "))) if lacking else frozenset()
        for names, lacking in rows
        for name in re.findall(r"`([\w-]+)`", names)
        if name != "model_type"
    }

    assert listed == {name: NOT_OFFERED.get(name, frozenset()) for name in ARCHITECTURES}
