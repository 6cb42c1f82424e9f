"""Folders of models that caption pictures: an encoder with a decoder, BLIP, and GIT."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers import AutoConfig

from explainers import BadInput, BadModel, ImageInput, Question, TokenOutput, build, check_folder, load_model, runner
from explainers.models.pictures.captions import CaptioningNetwork
from tests.tiny import decoder_bytes, wordpiece

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
PREPARED = {"do_resize": True, "size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
SIZES: dict[str, Any] = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
}  # fmt: skip
SEEN: dict[str, Any] = {"image_size": 32, "patch_size": 8, **SIZES}
KINDS = ("vit-gpt2", "swin-bert", "blip", "git")


def network_of(kind: str, words: Any) -> Any:
    """A tiny network with random weights that speaks the words of a tokenizer."""
    spoken = {"vocab_size": len(words), "max_position_embeddings": 40, "pad_token_id": 0, **SIZES}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        if kind == "blip":
            says = {**spoken, "encoder_hidden_size": 32, "bos_token_id": 2, "sep_token_id": 3, "eos_token_id": 3}
            config = AutoConfig.for_model("blip", vision_config=SEEN, text_config=says)
            return transformers.BlipForConditionalGeneration(config).eval()
        if kind == "git":
            config = AutoConfig.for_model("git", vision_config=SEEN, bos_token_id=2, eos_token_id=3, **spoken)
            return transformers.GitForCausalLM(config).eval()
        if kind == "swin-bert":
            sizes = {"embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4, "patch_size": 4}
            sees = AutoConfig.for_model("swin", image_size=32, **sizes)
            says = AutoConfig.for_model("bert", **spoken)
        else:
            sees = AutoConfig.for_model("vit", **SEEN)
            says = AutoConfig.for_model("gpt2", vocab_size=len(words), n_positions=40, n_embd=32, n_layer=2, n_head=4)
        config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(sees, says)
        config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
        return transformers.VisionEncoderDecoderModel(config).eval()


def saved(folder: Path, kind: str) -> Any:
    words = decoder_bytes() if kind == "vit-gpt2" else wordpiece()
    network = network_of(kind, words)
    network.save_pretrained(folder)
    words.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARED))
    return network


def asked(said: TokenOutput | None = None, **game: Any) -> Question:
    return Question(input=ImageInput.of(PIXELS), outputs=said, **{"players": "patch", **game})


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_says_what_its_network_says(kind: str, tmp_path: Path) -> None:
    """Every word's logits in one pass are those of transformers' own forward, and its own words are the greedy ones."""
    network = saved(tmp_path, kind)
    model = load_model(tmp_path)
    inputs = model.encode(asked(TokenOutput(continuation="good film", ids=(9, 11, 12))))
    seen = model._encoder.view  # type: ignore[attr-defined]
    pixels = torch.from_numpy(seen.scaled(seen.seen(PIXELS)[0])[None].astype(np.float32))
    before = torch.tensor([[2, 9, 11]])
    given = {"decoder_input_ids": before} if "-" in kind else {"input_ids": before}
    with torch.inference_mode():
        logits = network(pixel_values=pixels, **given).logits[0, -3:].double().log_softmax(dim=-1)
    wanted = logits[torch.arange(3), torch.tensor([9, 11, 12])].numpy()
    found = model.output_of(inputs).value(model.predict([inputs]), "log-probability", [0, 1, 2])[0]

    assert found == pytest.approx(wanted, abs=1e-5)
    assert (model.task, model.labels, model.head) == ("caption", (), "tokens")
    assert {str(need) for need in model.offers} == {"outputs", "gradients", "answers"}


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_caption_is_the_most_probable_word_each_time(kind: str, tmp_path: Path) -> None:
    saved(tmp_path, kind)
    model = load_model(tmp_path)
    try:
        inputs = model.encode(asked())
    except BadInput as error:
        pytest.fail(str(error))
    network: CaptioningNetwork = model._network  # type: ignore[attr-defined]
    keep = np.ones((1, len(inputs.features)), dtype=bool)
    top = network.most_probable(network.coalitions(inputs, keep))[0]
    said = inputs.held.continuation.continued  # type: ignore[attr-defined]

    assert said.tolist() == top.tolist()
    assert isinstance(inputs.outputs, TokenOutput)
    assert inputs.outputs.continuation


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["shap", "integrated-gradients"])
def test_scores_add_up_for_every_word(kind: str, method: str, tmp_path: Path) -> None:
    """Every word has a row, and its scores are what it owes to the picture: log-probability against the baseline's."""
    saved(tmp_path, kind)
    said = TokenOutput(continuation="good film", whole=True)
    question = asked(said, players="region", baseline="mean", value="log-probability")
    found = runner.explain(load_model(tmp_path), question, build(method))

    assert found.scores is not None
    assert found.residual is not None
    assert len(found.targets) == len(found.scores) >= 3
    size = np.abs(found.scores).sum(axis=1)
    assert np.all(np.abs(found.residual) <= (1e-6 if method == "shap" else 0.06 * size + 3e-4))
    assert found.scores[:-1].sum(axis=0) == pytest.approx(found.scores[-1], abs=1e-4 if method == "shap" else 0.05)


def test_a_contrast_asks_for_another_caption(tmp_path: Path) -> None:
    saved(tmp_path, "blip")
    said = TokenOutput(continuation="good film", contrast="bad film")
    found = runner.explain(load_model(tmp_path), asked(said, value="log-odds"), build("leave-one-out"))

    assert found.targets[-1].label.endswith("/ bad film")
    assert found.prediction.predicted == found.targets[-1]


def rewritten(name: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    def apply(folder: Path) -> None:
        held = json.loads((folder / name).read_text())
        change(held)
        (folder / name).write_text(json.dumps(held))

    return apply


REFUSED = {
    "no preparation": (lambda folder: (folder / "preprocessor_config.json").unlink(), "preprocessor_config.json"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json is missing"),
    "another decoder": (
        rewritten("config.json", lambda held: held["decoder"].update(model_type="xlnet")),
        "the decoder is 'xlnet'; there are bert, gpt2, roberta",
    ),
    "no decoder": (rewritten("config.json", lambda held: held.pop("decoder")), "the decoder is 'None'"),
    "code": (rewritten("config.json", lambda held: held["encoder"].update(auto_map={"A": "b.C"})), "auto_map"),
    "another task": (
        rewritten("config.json", lambda held: held.update(architectures=["VisionEncoderDecoderForAnswers"])),
        "VisionEncoderDecoderForAnswers says no captions",
    ),
}  # fmt: skip


def test_a_folder_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    for number, (break_it, message) in enumerate(REFUSED.values()):
        folder = tmp_path / str(number)
        saved(folder, "vit-gpt2")
        break_it(folder)
        with pytest.raises(BadModel, match=message):
            load_model(folder)


def test_a_preparation_within_a_processor_is_read(tmp_path: Path) -> None:
    """Newer versions of transformers save it in processor_config.json."""
    saved(tmp_path, "blip")
    (tmp_path / "preprocessor_config.json").unlink()
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": PREPARED}))
    report = check_folder(tmp_path)

    assert report.view is not None
    assert (report.view.height, report.task, "processor_config.json" in report.files) == (32, "caption", True)


def test_a_text_is_no_picture(tmp_path: Path) -> None:
    saved(tmp_path, "vit-gpt2")
    with pytest.raises(BadInput, match="this model reads images"):
        load_model(tmp_path).encode(Question.about("a red circle"))
