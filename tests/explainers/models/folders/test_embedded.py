"""The models that come with the product."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from explainers.contract import Question
from explainers.errors import BadModel
from explainers.models import check_folder, embedded_names, load_model
from explainers.models.folders import embedded
from explainers.models.folders.adapter import merge, merged_network
from explainers.models.folders.base_weights import base_folder
from explainers.models.folders.lora import read_adapter_config, scale_of
from explainers.models.transformer import TransformerModel

SENTENCES = Path(__file__).parents[5] / "shared" / "data" / "sst2_binary" / "stsa.binary.dev"
TEXT = "a gorgeous, witty film that never recovers from its clumsy opening"


@pytest.fixture(scope="module", params=[name for name in embedded_names() if name != embedded.ENCODER])
def model(request: pytest.FixtureRequest) -> TransformerModel:
    return load_model(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(embedded.FOLDER / "toxicity", tmp_path / "mine"))


def edit(folder: Path, **fields: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_the_first_model_is_the_one_of_the_first_screen() -> None:
    """sentiment comes first once it is there; toxicity always is."""
    names = embedded_names()

    assert "toxicity" in names
    assert names[0] == "sentiment" or "sentiment" not in names


def test_an_embedded_model_is_what_its_card_says(model: TransformerModel) -> None:
    """Name, title, labels and maximum length."""
    assert model.card is not None
    assert model.id == model.card["name"]
    assert model.title == model.card["title"]
    assert list(model.labels) == model.card["labels"]
    assert model.maximum_length == model.card["maximum_length"]
    assert model.head == "single"
    assert len(model.digest) == 64


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft 0.21 still reads the old name
def test_merged_by_hand_is_merged_by_peft(model: TransformerModel) -> None:
    """The same logits as peft's merge_and_unload, which the card's figures were measured with."""
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, BatchEncoding

    network = AutoModelForSequenceClassification.from_pretrained(
        base_folder(), num_labels=len(model.labels), dtype=torch.float32
    )
    peft_merged = PeftModel.from_pretrained(network, embedded.FOLDER / model.id).merge_and_unload().eval()
    batch: BatchEncoding = model._encoder.tokenizer(TEXT, return_tensors="pt")
    with torch.inference_mode():
        wanted = peft_merged(**batch).logits.numpy()

    np.testing.assert_allclose(model.predict([model.encode(Question.about(text=TEXT))]), wanted, atol=1e-5)


def test_long_texts_are_read_to_their_end_or_cut_at_the_maximum_length(model: TransformerModel) -> None:
    """The base's tokenizer.json cuts and pads at 128: both are off. In windows nothing is cut, else all but 512."""
    long = " ".join([TEXT] * 60)
    short, cut, windows = (
        model.encode(question)
        for question in (
            Question.about(text=TEXT),
            Question.about(text=long, long_text="cut"),
            Question.about(text=long),
        )
    )

    assert short.size < 30
    assert cut.size == 512
    assert not cut.windows
    assert windows.windows
    assert windows.size == 60 * (short.size - 2)  # the special tokens stand in every window
    assert windows.features[-1].end == len(long)


def test_unreadable_characters_are_marked(model: TransformerModel) -> None:
    """Of the five players of this text the model knows one, the word with a character that its vocabulary has."""
    inputs = model.encode(Question.about(text="这部电影很好看 😀👍🏽"))

    assert [f.text for f in inputs.features] == ["这部", "电影", "很", "好看", "😀👍🏽"]
    assert sum(not f.known for f in inputs.features) == 4


def test_bf16_keeps_the_order_of_coalitions(model: TransformerModel) -> None:
    """On a processor that has bf16 it may be used for the embedded models."""
    found = model.half_check

    assert found.rank_agreement >= 0.95
    assert found.value_error <= 0.05
    assert found.ok == found.supported


def test_everything_kept_is_the_prediction(model: TransformerModel) -> None:
    """On real sentences, in a batch: within what fp32 sums in another order may differ."""
    inputs = model.encode(Question.about(text=TEXT))
    keep = np.ones((64, len(inputs.features)), dtype=bool)

    np.testing.assert_allclose(model.outputs(inputs, keep[:1]), model.predict([inputs]), atol=1e-6)
    np.testing.assert_allclose(model.outputs(inputs, keep), model.predict([inputs]).repeat(64, axis=0), atol=1e-5)


@pytest.mark.skipif(not SENTENCES.is_file(), reason="the sentences lie beside the checkout, not in it")
def test_everything_kept_is_the_prediction_on_200_sentences(model: TransformerModel) -> None:
    """Film reviews of 2 to 50 words, to 1e-6 in fp32."""
    for line in SENTENCES.read_text(encoding="utf-8").splitlines()[:200]:
        inputs = model.encode(Question.about(text=line[2:]))
        kept = model.outputs(inputs, np.ones((1, len(inputs.features)), dtype=bool))

        np.testing.assert_allclose(kept, model.predict([inputs]), atol=1e-6)


def test_an_adapter_folder_of_a_user_is_loaded(folder: Path) -> None:
    """Its labels come from card.json beside it, else they are numbered."""
    question = Question.about(text=TEXT)
    embedded_model = load_model("toxicity")
    wanted = embedded_model.predict([embedded_model.encode(question)])
    named = load_model(folder)
    (folder / "card.json").unlink()
    numbered = load_model(folder)

    assert (named.id, named.labels, numbered.labels) == ("mine", ("normal", "toxic"), ("LABEL_0", "LABEL_1"))
    assert check_folder(folder).kind == "adapter"
    np.testing.assert_array_equal(numbered.predict([numbered.encode(question)]), wanted)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"base_model_name_or_path": "bert-base-uncased"}, "only adapters on all-MiniLM-L6-v2"),
        ({"peft_type": "IA3"}, "peft_type is 'IA3'"),
        ({"use_dora": True}, "use_dora is True"),
        ({"task_type": "CAUSAL_LM"}, "task_type"),
        ({"rank_pattern": {"query": 4}}, "rank_pattern"),
        ({"r": 0}, "r and lora_alpha must be numbers"),
        ({"r": True}, "r and lora_alpha must be numbers"),
        ({"lora_alpha": "x"}, "r and lora_alpha must be numbers"),
        ({"auto_mapping": {"parent_library": "os"}}, "auto_mapping"),
    ],
)
def test_adapters_that_are_not_plain_lora_are_refused(folder: Path, fields: dict[str, Any], reason: str) -> None:
    """Merging them by the plain rule would give another model."""
    edit(folder, **fields)

    with pytest.raises(BadModel, match=reason):
        load_model(folder)


def changed(folder: Path, name: str, value: torch.Tensor | None) -> None:
    file = folder / "adapter_model.safetensors"
    held = load_file(file)
    full = next(key for key in held if key.endswith(name))
    del held[full]
    save_file(held if value is None else {**held, full: value}, file)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("classifier.weight", None, "no classifier"),
        ("classifier.bias", None, "no classifier"),
        ("layer.0.attention.self.query.lora_B.weight", None, "does not fit"),
        ("layer.0.attention.self.query.lora_A.weight", torch.zeros(16, 5), "does not fit"),
        ("classifier.weight", torch.zeros(3, 384), "3 outputs, but card.json names 2 labels"),
        ("classifier.weight", torch.zeros(2, 5), "does not fit"),
        ("classifier.weight", torch.full((2, 384), float("nan")), "NaN"),
    ],
)
def test_damaged_adapters_are_refused(folder: Path, name: str, value: torch.Tensor | None, reason: str) -> None:
    """Missing halves, wrong shapes and NaN are named."""
    changed(folder, name, value)

    with pytest.raises(BadModel, match=reason):
        load_model(folder)


def test_an_altered_embedded_adapter_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card pins the adapter's SHA-256."""
    changed(folder, "classifier.weight", torch.zeros(2, 384))
    monkeypatch.setattr(embedded, "FOLDER", folder.parent)

    with pytest.raises(BadModel, match="SHA-256"):
        load_model("mine")


def test_merging_by_hand() -> None:
    """W + (α / r) · B A with W = [[1, 2]], B = [[3]], A = [[1, 1]], α = 4, r = 2: [[7, 8]]."""
    base = {"layer.weight": torch.tensor([[1.0, 2.0]])}
    update = {
        "base_model.model.bert.layer.lora_A.weight": torch.tensor([[1.0, 1.0]]),
        "base_model.model.bert.layer.lora_B.weight": torch.tensor([[3.0]]),
        "base_model.model.classifier.weight": torch.tensor([[5.0]]),
        "base_model.model.classifier.bias": torch.tensor([6.0]),
    }

    found = merge(base, update, scale=scale_of({"lora_alpha": 4, "r": 2}))

    assert found["bert.layer.weight"].tolist() == [[7.0, 8.0]]
    assert found["classifier.weight"].tolist() == [[5.0]]


def test_rank_stabilised_scaling() -> None:
    """rsLoRA divides by the root of the rank (Kalajdzievski 2023, arXiv:2312.03732)."""
    assert scale_of({"lora_alpha": 8, "r": 16, "use_rslora": True}) == 2.0


def test_loading_leaves_the_random_state(folder: Path) -> None:
    """No weight is drawn."""
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    merged_network(base_folder(), folder, ("a", "b"))

    assert torch.equal(torch.random.get_rng_state(), before)
    assert read_adapter_config(folder)["r"] == 16
