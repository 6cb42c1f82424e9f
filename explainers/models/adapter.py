"""LoRA adapters merged into their base by hand.

W + (alpha / r) · B A, in fp32 (Hu et al. 2021, arXiv:2106.09685, equation 3). The same numbers as
`peft.PeftModel.merge_and_unload`, without the three seconds that importing peft takes.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from ..errors import BadModel

PREFIX = "base_model.model."
FIXED: dict[str, tuple[Any, ...]] = {  # what plain LoRA has; any other value is another method
    "peft_type": ("LORA",),
    "task_type": ("SEQ_CLS",),
    "bias": ("none",),
    "use_dora": (False, None),
    "use_bdlora": (False, None),
    "use_qalora": (False, None),
    "lora_bias": (False, None),
    "fan_in_fan_out": (False, None),
    "rank_pattern": ({}, None),
    "alpha_pattern": ({}, None),
    "target_parameters": (None, []),
    "trainable_token_indices": (None, []),
    "layer_replication": (None, []),
    "alora_invocation_tokens": (None, []),
}


def merged_network(base: Path, adapter: Path, labels: tuple[str, ...] | None) -> Any:
    """The classifier in fp32 and evaluation mode. Raises BadModel where the adapter is not plain LoRA on this base."""
    from transformers import BertConfig, BertForSequenceClassification

    from .folder import quiet_construction

    config = read_adapter_config(adapter)
    update = load_file(adapter / "adapter_model.safetensors")
    weights = merge(load_file(base / "model.safetensors"), update, scale=scale_of(config))
    count = int(weights["classifier.weight"].shape[0])
    names = labels or tuple(f"LABEL_{i}" for i in range(count))
    if len(names) != count:
        raise BadModel(f"the adapter's classifier has {count} outputs, but {len(names)} labels are named")
    base_config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    kept = {k: v for k, v in base_config.items() if k not in ("architectures", "_name_or_path")}
    numbered = dict(enumerate(names))
    with quiet_construction():
        network = BertForSequenceClassification(
            BertConfig(**kept, num_labels=count, id2label=numbered, label2id={v: k for k, v in numbered.items()})
        )
    lacking = network.load_state_dict(weights, strict=False).missing_keys
    if lacking:
        raise BadModel(f"adapter_model.safetensors lacks {', '.join(sorted(lacking))}")
    return network.requires_grad_(False).eval()


def read_adapter_config(folder: Path) -> dict[str, Any]:
    """Raises BadModel unless the adapter is plain LoRA for sequence classification on all-MiniLM-L6-v2."""
    config: dict[str, Any] = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    base = str(config.get("base_model_name_or_path", "")).rstrip("/").rpartition("/")[2]
    if base != "all-MiniLM-L6-v2":
        raise BadModel(f"adapter_config.json names the base {base!r}; only adapters on all-MiniLM-L6-v2 can be loaded")
    for field, allowed in FIXED.items():
        if field in config and config[field] not in allowed:
            raise BadModel(f"adapter_config.json: {field} is {config[field]!r}; only plain LoRA can be loaded")
    if not isinstance(config.get("r"), int) or config["r"] < 1 or not isinstance(config.get("lora_alpha"), int | float):
        raise BadModel("adapter_config.json: r and lora_alpha must be numbers")
    return config


def scale_of(config: dict[str, Any]) -> float:
    root = math.sqrt(config["r"]) if config.get("use_rslora") else config["r"]
    return float(config["lora_alpha"] / root)


def merge(base: dict[str, torch.Tensor], update: dict[str, torch.Tensor], *, scale: float) -> dict[str, torch.Tensor]:
    """Weights of BertForSequenceClassification. Raises BadModel for an update of a weight that is not there."""
    merged = {f"bert.{name}": weight.float() for name, weight in base.items()}
    for name, value in update.items():
        plain = name.removeprefix(PREFIX)
        if plain.endswith(".lora_B.weight"):
            continue
        if not plain.endswith(".lora_A.weight"):
            merged[plain] = value.float()
            continue
        target = plain.replace(".lora_A.weight", ".weight")
        down, up = value.float(), update.get(name.replace(".lora_A.", ".lora_B."))
        if target not in merged or up is None or merged[target].shape != (up.shape[0], down.shape[1]):
            raise BadModel(f"adapter_model.safetensors: {name} does not fit all-MiniLM-L6-v2")
        merged[target] = merged[target] + scale * (up.float() @ down)
    if "classifier.weight" not in merged or "classifier.bias" not in merged:
        raise BadModel("adapter_model.safetensors has no classifier: it was not trained for classification")
    return merged
