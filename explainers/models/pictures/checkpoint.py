"""The checkpoint of EfficientNet-Lite0 for ImageNet, made once into a plain folder: weights and configuration.

imagenet.txt: the 1,000 classes in the order of the outputs, by their first names in WordNet 3.0; where two have
the same name it is told apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ...errors import BadModel

MODEL_TYPE = "efficientnet-lite0"
CLASSES = Path(__file__).parent / "imagenet.txt"
PREPARATION = {  # as TensorFlow's: the middle of 224/256 of the shorter side, (value − 127) / 128
    "do_resize": True,
    "size": {"shortest_edge": 256},
    "resample": 3,
    "do_center_crop": True,
    "crop_size": {"height": 224, "width": 224},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [127 / 255] * 3,
    "image_std": [128 / 255] * 3,
}


def class_names() -> tuple[str, ...]:
    """The names of ImageNet's classes, in the order of the outputs."""
    return tuple(CLASSES.read_text(encoding="utf-8").splitlines())


def write_folder(path: Path, folder: Path) -> None:
    """The plain folder of the checkpoint at `path`, read as tensors and nothing else. Raises BadModel."""
    import torch
    from safetensors.torch import save_file

    try:
        held: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise BadModel(f"{path.name} cannot be read as weights: {' '.join(str(error).split())[:200]}") from error
    weights = {".".join(part.lstrip("_") for part in name.split(".")): held[name].contiguous() for name in held}
    folder.mkdir(parents=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARATION, indent=1), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(_config(), indent=1), encoding="utf-8")  # last: now it is whole


def _config() -> dict[str, Any]:
    return {
        "architectures": ["EfficientNetLite0ForImageClassification"],
        "model_type": MODEL_TYPE,
        "image_size": 224,
        "problem_type": "single_label_classification",
        "id2label": dict(enumerate(class_names())),
    }
