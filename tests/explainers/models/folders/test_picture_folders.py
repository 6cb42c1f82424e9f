"""Folders of image classifiers: read with the same distrust as those of texts, and prepared as they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForImageClassification

from explainers import BadModel, ImageInput, Question, build, check_folder, load_model, runner
from explainers.inputs.image.view import View, view_of
from explainers.models.folders.wheels import WHEELS
from explainers.models.pictures.checkpoint import class_names

PIXELS = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
SQUEEZED = {"do_resize": True, "size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
MIDDLE = {
    "do_resize": True, "size": {"shortest_edge": 32}, "crop_pct": 0.875, "resample": 3,
    "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
}  # fmt: skip
WIDE: dict[str, Any] = {
    "image_size": 32, "patch_size": 8, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48,
}  # fmt: skip
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]]] = {
    "vit": (WIDE, SQUEEZED, {"attentions", "flow", "layers"}),
    "deit": (WIDE, SQUEEZED, {"attentions", "flow", "layers"}),
    "beit": (WIDE, SQUEEZED, set()),
    "swin": (
        {"image_size": 32, "patch_size": 4, "embed_dim": 16, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4},
        SQUEEZED,
        set(),
    ),
    "convnext": ({"hidden_sizes": [8, 16], "depths": [1, 1], "num_stages": 2}, MIDDLE, {"maps"}),
    "resnet": (
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"},
        MIDDLE,
        {"maps"},
    ),
}


def saved(folder: Path, kind: str) -> Any:
    sizes, preparation, _ = KINDS[kind]
    config = AutoConfig.for_model(
        kind, num_labels=3, problem_type="single_label_classification", id2label={0: "cat", 1: "dog", 2: "owl"}, **sizes
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config.architectures = ["DeiTForImageClassification"] if kind == "deit" else None  # of which there are two
        network = AutoModelForImageClassification.from_config(config).eval()
    network.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preparation))
    return network


def prepared(view: View) -> Any:
    """(3, height, width), the picture as the network is given it."""
    return view.scaled(view.seen(PIXELS)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_predicts_as_its_network_does(kind: str, tmp_path: Path) -> None:
    """The same logits for the prepared picture, the methods that its architecture allows, and an explanation."""
    network = saved(tmp_path, kind)
    model = load_model(tmp_path)
    seen = torch.from_numpy(prepared(model._encoder.view)[None].astype(np.float32))  # type: ignore[attr-defined]
    with torch.inference_mode():
        wanted = network(pixel_values=seen).logits.double().numpy()
    question = Question(input=ImageInput.of(PIXELS))
    found = runner.explain(model, question, build("leave-one-out"))

    assert model.predict([model.encode(question)]) == pytest.approx(wanted, abs=1e-5)
    assert (model.task, model.labels, model.head) == ("image", ("cat", "dog", "owl"), "single")
    assert {str(need) for need in model.offers} - {"outputs", "gradients"} == KINDS[kind][2]
    assert 2 <= len(found.features) <= 10
    for need, method in (("maps", "grad-cam"), ("attentions", "rollout"), ("layers", "layers")):
        if need in KINDS[kind][2]:
            assert np.isfinite(runner.explain(model, question, build(method)).scores).all()


def test_the_preparation_is_transformers_own() -> None:
    """A picture of another shape, squeezed and cut out of the middle, as transformers' processors on Pillow do it; from
    384 pixels on ConvNext squeezes too."""
    from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    large = MIDDLE | {"size": {"shortest_edge": 384}}
    convnext = ConvNextImageProcessorPil
    for processor, settings in ((ViTImageProcessorPil, SQUEEZED), (convnext, MIDDLE), (convnext, large)):
        wanted = processor(**settings)(PIXELS, return_tensors="np")["pixel_values"][0]
        assert prepared(view_of(settings)) == pytest.approx(wanted, abs=1e-4)


def _config(**changed: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return change


HARM: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no preparation": (lambda folder: (folder / "preprocessor_config.json").unlink(), "preprocessor_config.json"),
    "code in the preparation": (
        lambda folder: (folder / "preprocessor_config.json").write_text(
            json.dumps(SQUEEZED | {"auto_map": {"a": "b"}})
        ),
        "other code",
    ),
    "weights as pickles": (
        lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
        "pickle",
    ),
    "another task": (_config(architectures=["ViTForMaskedImageModeling"]), "no image classifier"),
    "layers without end": (_config(num_hidden_layers=10**6), "at most 128"),
    "another number of classes": (_config(id2label={"0": "a", "1": "b"}, label2id={"a": 0, "b": 1}), "3 outputs"),
    "four colours": (_config(num_channels=4), "num_channels"),
    "code": (_config(auto_map={"AutoModel": "evil.Model"}), "other code"),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_folder_that_would_do_harm_is_refused(harm: str, tmp_path: Path) -> None:
    """With the file and the reason, before anything of it is run."""
    saved(tmp_path, "vit")
    change, said = HARM[harm]
    change(tmp_path)

    with pytest.raises(BadModel, match=said):
        check_folder(tmp_path)


def test_the_embedded_classifier_knows_its_classes() -> None:
    """A thousand distinct names; where its wheel is not installed the error says how to get it."""
    wheel = WHEELS["imagenet"]

    assert len(set(class_names())) == 1000
    assert class_names()[281] == "tabby"
    assert (wheel.task, wheel.licence) == ("image", "Apache-2.0")


@pytest.mark.skipif(WHEELS["imagenet"].path is None, reason="whence models fetch imagenet")
def test_the_embedded_classifier_sees_a_cat(tmp_path: Path) -> None:
    """From its wheel through a plain folder, on a photo of scikit-image."""
    from skimage.data import chelsea

    model = load_model("imagenet", kept=tmp_path)
    (found,) = runner.predict(model, [Question(input=ImageInput.of(chelsea()))])

    assert found.main.label in ("tabby", "tiger cat", "Egyptian cat")
